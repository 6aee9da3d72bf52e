//! SetAdminPassword and ImportPasswordHash: an operator replaces an admin's password.

use std::{sync::Arc, time::Instant};

use tenantry_common::{
    clock::Clock, email::Email, id::AdminId, password_rules::Password, store::error::StoreError,
};

use crate::{
    domain::{Admin, AdminChange, PasswordHash},
    passwords::{HashError, Passwords},
    store::Store,
};

/// How often the change is tried again when others change the admin at the same time.
const MAX_ATTEMPTS: u32 = 16;

/// Why a password was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplacePasswordError {
    /// Nobody who may log in has this id or e-mail.
    #[error("no admin who may log in has this id or e-mail")]
    NotFound,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed, or the admin changes all the time.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminName {
    /// The admin with this id.
    Id(AdminId),
    /// The admin with this e-mail.
    Email(Email),
}

/// The use cases.
pub struct ReplacePassword {
    /// Where admins and sessions are.
    pub store: Arc<dyn Store>,
    /// Hashes passwords.
    pub passwords: Arc<Passwords>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl ReplacePassword {
    /// The ACTIVE admin of this name.
    ///
    /// # Errors
    /// [`ReplacePasswordError::NotFound`], or the store's error.
    pub async fn find(&self, name: &AdminName) -> Result<Admin, ReplacePasswordError> {
        let admin = match name {
            AdminName::Id(id) => self.store.get_admin(*id).await?,
            AdminName::Email(email) => self.store.find_admin(email).await?,
        };
        admin
            .filter(Admin::is_active)
            .ok_or(ReplacePasswordError::NotFound)
    }

    /// Sets a new password and ends all of the admin's sessions.
    ///
    /// # Errors
    /// [`ReplacePasswordError`]; after a store error the call has to be repeated.
    pub async fn set(
        &self,
        admin: Admin,
        password: Password,
        deadline: Instant,
    ) -> Result<Admin, ReplacePasswordError> {
        let hash = self.passwords.hash(password, deadline).await?;
        self.replace(admin, hash).await
    }

    /// Takes over a password as another system has hashed it, and ends all of the admin's sessions.
    ///
    /// # Errors
    /// [`ReplacePasswordError`]; after a store error the call has to be repeated.
    pub async fn import(&self, admin: Admin, hash: PasswordHash) -> Result<Admin, ReplacePasswordError> {
        self.replace(admin, hash).await
    }

    async fn replace(&self, mut admin: Admin, hash: PasswordHash) -> Result<Admin, ReplacePasswordError> {
        let change = AdminChange::Password(hash);
        for _ in 0..MAX_ATTEMPTS {
            match self
                .store
                .change_admin(admin.id, admin.generation, &change, self.clock.now())
                .await
            {
                Ok(changed) => {
                    self.store.delete_sessions_of(changed.id, None).await?;
                    return Ok(changed);
                }
                // An operator's word stands above what the admin does meanwhile.
                Err(StoreError::Conflict) => admin = self.find(&AdminName::Id(admin.id)).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("the admin changes all the time".to_owned()).into())
    }
}
