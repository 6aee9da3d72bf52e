//! Login: an e-mail and a password become a session and its access token.

use std::{fmt, sync::Arc, time::Duration, time::Instant};

use tenantry_common::{
    clock::{Clock, Timestamp},
    email::Email,
    id::{Ids, SessionId},
    password_rules::Password,
    store::error::StoreError,
};

use crate::{
    domain::{AccessTokens, Admin, Affiliation, Session},
    hashing::NotHashed,
    passwords::Passwords,
    store::Store,
};

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown e-mail, wrong password, or an admin that may not log in now; which of them is told to nobody.
    #[error("the e-mail or the password is wrong, or the account may not log in")]
    CredentialsInvalid,
    /// The password could not be checked.
    #[error(transparent)]
    NotHashed(#[from] NotHashed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token could not be signed; a bug.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// A login that succeeded.
pub struct LoggedIn {
    /// The signed token, a secret.
    pub access_token: String,
    /// When the token ends.
    pub expire_time: Timestamp,
    /// Who logged in.
    pub admin: Admin,
}

/// Leaves the token out.
impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn")
            .field("expire_time", &self.expire_time)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

/// The use case.
pub struct Login {
    /// Where admins, gates and sessions are.
    pub store: Arc<dyn Store>,
    /// Checks passwords.
    pub passwords: Arc<Passwords>,
    /// Signs tokens.
    pub tokens: Arc<AccessTokens>,
    /// Tells when the session begins.
    pub clock: Arc<dyn Clock>,
    /// Names the session and the token.
    pub ids: Arc<dyn Ids>,
    /// How long session and token live.
    pub lifetime: Duration,
}

/// What an admin's organization has to say about a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// An operator: there is no gate.
    Free,
    Open {
        generation: i64,
    },
    Shut,
}

impl Login {
    /// Logs an admin in.
    ///
    /// Every refusal of credentials costs one hash. The session is written before the admin and the gate are read
    /// again: whoever suspends, purges or changes the admin raises a generation *before* deleting sessions, so either
    /// that deletes this session or this login sees the new generation and deletes it itself.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(
        &self,
        email: &str,
        password: &str,
        deadline: Instant,
    ) -> Result<LoggedIn, LoginError> {
        let admin = self.verified_admin(email, password, deadline).await?;
        let passage = self.passage(admin.affiliation).await?;
        let Some(email) = admin.credentials().map(|credentials| credentials.email.clone()) else {
            return Err(LoginError::CredentialsInvalid);
        };
        if passage == Passage::Shut {
            return Err(LoginError::CredentialsInvalid);
        }
        let session = self.new_session(&admin, email);
        self.store.insert_session(&session).await?;
        if let Err(refused) = self.unchanged(&admin, passage).await {
            self.store.delete_session(session.id).await?;
            return Err(refused);
        }
        let access_token = self.tokens.issue(&session, self.ids.uuid_v4())?;
        Ok(LoggedIn {
            access_token,
            expire_time: session.expire_time,
            admin,
        })
    }

    /// The ACTIVE admin with this e-mail and password, for the price of one hash in any case.
    async fn verified_admin(
        &self,
        email: &str,
        password: &str,
        deadline: Instant,
    ) -> Result<Admin, LoginError> {
        let admin = match Email::parse(email) {
            Ok(email) => self.store.find_admin(&email).await?,
            Err(_) => None,
        };
        let stored = admin
            .as_ref()
            .and_then(Admin::credentials)
            .map(|credentials| credentials.password_hash.clone());
        let verified = self
            .passwords
            .verify(Password::parse(password).ok(), stored, deadline)
            .await?;
        admin
            .filter(|admin| verified && admin.is_active())
            .ok_or(LoginError::CredentialsInvalid)
    }

    async fn passage(&self, affiliation: Affiliation) -> Result<Passage, StoreError> {
        let Some(organization_id) = affiliation.organization_id() else {
            return Ok(Passage::Free);
        };
        Ok(match self.store.get_gate(organization_id).await? {
            Some(gate) if gate.is_open() => Passage::Open {
                generation: gate.generation,
            },
            Some(_) | None => Passage::Shut,
        })
    }

    /// OK while the admin (its hash included) and the gate are still those that the login went by.
    async fn unchanged(&self, admin: &Admin, passage: Passage) -> Result<(), LoginError> {
        let same_admin = self.store.get_admin(admin.id).await?.as_ref() == Some(admin);
        let same_passage = self.passage(admin.affiliation).await? == passage;
        if same_admin && same_passage {
            Ok(())
        } else {
            Err(LoginError::CredentialsInvalid)
        }
    }

    fn new_session(&self, admin: &Admin, email: Email) -> Session {
        let now = self.clock.now();
        // Tokens tell time in seconds, and the session ends when they do.
        let issued = Timestamp::from_millis(now.as_seconds().saturating_mul(1_000));
        Session {
            id: SessionId::from_uuid(self.ids.uuid_v7(now)),
            admin_id: admin.id,
            affiliation: admin.affiliation,
            email,
            create_time: issued,
            expire_time: issued + self.lifetime,
        }
    }
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
