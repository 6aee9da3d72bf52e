//! ChangePassword and UpdateAdmin: what an admin may change after showing the current password once more.

use std::{sync::Arc, time::Instant};

use tenantry_common::{
    clock::Clock, email::Email, password_rules::Password, seeded_bug, store::error::StoreError,
    throttle::RetryAfter,
};

use crate::{
    attempts::Attempts,
    domain::{Admin, AdminChange, Verdict},
    hashing::NotHashed,
    passwords::{HashError, Passwords},
    store::{EMAIL_INDEX, Store},
    validate_token::Principal,
};

/// Why an admin's own data was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OwnChangeError {
    /// The current password is wrong.
    #[error("the current password is wrong")]
    CredentialsInvalid,
    /// The current password was tried too often.
    #[error("the current password was tried too often")]
    TooManyAttempts(#[from] RetryAfter),
    /// The caller is out; the session is going.
    #[error("the admin may not log in any more")]
    Revoked,
    /// Another admin has the e-mail.
    #[error("an admin with this e-mail exists")]
    EmailTaken,
    /// The admin was changed at the same time.
    #[error("the admin was changed at the same time")]
    Changed,
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for OwnChangeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Changed,
            StoreError::NotFound => Self::Revoked,
            StoreError::AlreadyExists(EMAIL_INDEX) => Self::EmailTaken,
            error => Self::Store(error),
        }
    }
}

impl From<NotHashed> for OwnChangeError {
    fn from(error: NotHashed) -> Self {
        Self::Hash(error.into())
    }
}

/// The use cases.
pub struct OwnPassword {
    /// Where admins and sessions are.
    pub store: Arc<dyn Store>,
    /// Verifies and hashes passwords.
    pub passwords: Arc<Passwords>,
    /// Counts tries.
    pub attempts: Arc<Attempts>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl OwnPassword {
    /// Changes the caller's password and ends the caller's other sessions.
    ///
    /// The new password counts as the current one too: the call before may have changed it and stopped short of the
    /// sessions, or its answer may have been lost.
    ///
    /// # Errors
    /// [`OwnChangeError`]; after a store error the call has to be repeated.
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: Option<Password>,
        new: Password,
        deadline: Instant,
    ) -> Result<Admin, OwnChangeError> {
        let admin = self.admin(principal).await?;
        let changed = match self.is_current(&admin, current, deadline).await {
            Ok(()) => {
                let hash = self.passwords.hash(new, deadline).await?;
                let change = AdminChange::Password(hash);
                self.change(&admin, &change).await?
            }
            Err(OwnChangeError::CredentialsInvalid) => {
                self.verified(&admin, Some(new), deadline).await?;
                admin
            }
            Err(error) => return Err(error),
        };
        if !seeded_bug!(ChangePasswordKeepsSessions) {
            self.store
                .delete_sessions_of(changed.id, Some(principal.session_id))
                .await?;
        }
        Ok(changed)
    }

    /// Changes the caller's e-mail, in the sessions too.
    ///
    /// # Errors
    /// [`OwnChangeError`]; after a store error the call has to be repeated.
    pub async fn change_email(
        &self,
        principal: &Principal,
        current: Option<Password>,
        email: Email,
        deadline: Instant,
    ) -> Result<Admin, OwnChangeError> {
        let admin = self.admin(principal).await?;
        self.is_current(&admin, current, deadline).await?;
        let changed = if admin.has_email(&email) {
            admin
        } else {
            self.change(&admin, &AdminChange::Email(email.clone())).await?
        };
        self.store.set_sessions_email(changed.id, &email).await?;
        Ok(changed)
    }

    async fn admin(&self, principal: &Principal) -> Result<Admin, OwnChangeError> {
        let admin = self.store.get_admin(principal.admin_id).await?;
        admin.filter(Admin::is_active).ok_or(OwnChangeError::Revoked)
    }

    /// Counted for the admin alone, apart from logins: strangers who try the e-mail lock nobody out of a live session.
    async fn is_current(
        &self,
        admin: &Admin,
        password: Option<Password>,
        deadline: Instant,
    ) -> Result<(), OwnChangeError> {
        self.attempts.admit_reauthentication(admin.id)?;
        self.verified(admin, password, deadline).await
    }

    async fn verified(
        &self,
        admin: &Admin,
        password: Option<Password>,
        deadline: Instant,
    ) -> Result<(), OwnChangeError> {
        let stored = admin
            .credentials()
            .map(|credentials| credentials.password_hash.clone());
        match self.passwords.verify(password, stored, deadline).await? {
            Verdict::Right | Verdict::RightButStale => Ok(()),
            Verdict::Wrong => Err(OwnChangeError::CredentialsInvalid),
        }
    }

    async fn change(&self, admin: &Admin, change: &AdminChange) -> Result<Admin, StoreError> {
        self.store
            .change_admin(admin.id, admin.generation, change, self.clock.now())
            .await
    }
}
