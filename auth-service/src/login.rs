//! Login: an e-mail and a password become a session and its tokens.

use std::{sync::Arc, time::Instant};

use tenantry_common::{
    clock::{Clock, Timestamp},
    email::Email,
    id::{Ids, SessionId},
    password_rules::Password,
    store::error::StoreError,
    throttle::RetryAfter,
};

use crate::{
    attempts::Attempts,
    domain::{Admin, AdminChange, Affiliation, ClientInfo, Credentials, Session, SessionLifetimes, Verdict},
    hashing::NotHashed,
    passwords::Passwords,
    store::Store,
    token_pair::{TokenIssuer, TokenPair},
};

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown e-mail, wrong password, or an admin that may not log in now; which of them is told to nobody.
    #[error("the e-mail or the password is wrong, or the account may not log in")]
    CredentialsInvalid,
    /// This e-mail, known or not, or the caller's network was tried too often.
    #[error("too many attempts")]
    TooManyAttempts(#[from] RetryAfter),
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
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The session's first tokens.
    pub tokens: TokenPair,
    /// Who logged in.
    pub admin: Admin,
}

/// Who wants to log in, as they say, and from where.
#[derive(Clone)]
pub struct Attempt<'a> {
    /// The e-mail as it was typed.
    pub email: &'a str,
    /// The password as it was typed.
    pub password: &'a str,
    /// The client.
    pub client: ClientInfo,
    /// When the call must be answered.
    pub deadline: Instant,
}

/// The use case.
pub struct Login {
    /// Where admins, gates and sessions are.
    pub store: Arc<dyn Store>,
    /// Checks passwords.
    pub passwords: Arc<Passwords>,
    /// Counts attempts.
    pub attempts: Arc<Attempts>,
    /// Makes tokens.
    pub issuer: TokenIssuer,
    /// Tells when the session begins.
    pub clock: Arc<dyn Clock>,
    /// Names the session.
    pub ids: Arc<dyn Ids>,
    /// How long sessions live.
    pub lifetimes: SessionLifetimes,
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
    /// Every attempt is counted before it is looked at, and every refusal of credentials costs one hash. The session is
    /// written before the admin and the gate are read again: whoever suspends, purges or changes the admin raises a
    /// generation *before* deleting sessions, so either that deletes this session or this login sees the new generation
    /// and deletes it itself.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(&self, attempt: Attempt<'_>) -> Result<LoggedIn, LoginError> {
        let Attempt {
            email,
            password,
            client,
            deadline,
        } = attempt;
        // Neither counted nor looked up: such a try learns nothing, and its refusal shall cost next to nothing.
        self.passwords.has_room(deadline)?;
        let (typed, email) = (email, Email::parse(email).ok());
        let counted = email.as_ref().map_or(typed, Email::as_str);
        self.attempts.admit_login(counted, client.peer)?;
        let password = Password::typed(password).ok();
        let (admin, verdict) = self.verified_admin(email, password.clone(), deadline).await?;
        let passage = self.passage(admin.affiliation).await?;
        let Some(credentials) = admin.credentials().filter(|_| passage != Passage::Shut) else {
            return Err(LoginError::CredentialsInvalid);
        };
        let now = self.clock.now();
        let session = self.new_session(&admin, credentials, client, now);
        self.store.insert_session(&session).await?;
        if let Err(refused) = self.unchanged(&admin, passage).await {
            self.store.delete_session(session.id).await?;
            return Err(refused);
        }
        self.end_surplus_sessions(&session).await?;
        if let (Verdict::RightButStale, Some(password)) = (verdict, password) {
            self.rehash(&admin, password, deadline).await;
        }
        let tokens = self.issuer.issue(&session, now)?;
        Ok(LoggedIn { tokens, admin })
    }

    /// The ACTIVE admin with this e-mail and password, for the price of one hash in any case.
    async fn verified_admin(
        &self,
        email: Option<Email>,
        password: Option<Password>,
        deadline: Instant,
    ) -> Result<(Admin, Verdict), LoginError> {
        let admin = match email {
            Some(email) => self.store.find_admin(&email).await?,
            None => None,
        };
        let stored = admin
            .as_ref()
            .and_then(Admin::credentials)
            .map(|credentials| credentials.password_hash.clone());
        let verdict = self.passwords.verify(password, stored, deadline).await?;
        match admin {
            Some(admin) if verdict != Verdict::Wrong && admin.is_active() => Ok((admin, verdict)),
            Some(_) | None => Err(LoginError::CredentialsInvalid),
        }
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

    /// OK while the admin and the gate are still of the generations that the login went by.
    async fn unchanged(&self, admin: &Admin, passage: Passage) -> Result<(), LoginError> {
        let now = self.store.get_admin(admin.id).await?;
        let same_admin = now.is_some_and(|now| now.is_active() && now.generation == admin.generation);
        let same_passage = self.passage(admin.affiliation).await? == passage;
        if same_admin && same_passage {
            Ok(())
        } else {
            Err(LoginError::CredentialsInvalid)
        }
    }

    fn new_session(
        &self,
        admin: &Admin,
        credentials: &Credentials,
        client: ClientInfo,
        now: Timestamp,
    ) -> Session {
        let (expire_time, idle_expire_time) = self.lifetimes.of_new(now);
        Session {
            id: SessionId::from_uuid(self.ids.uuid_v7(now)),
            admin_id: admin.id,
            affiliation: admin.affiliation,
            email: credentials.email.clone(),
            create_time: now,
            expire_time,
            idle_expire_time,
            counter: 0,
            rotate_time: now,
            client,
        }
    }

    /// Ends the admin's oldest sessions beyond [`Session::MAX_PER_ADMIN`], never the one that has just begun.
    ///
    /// Of logins at one time the last to look sees the sessions of all.
    async fn end_surplus_sessions(&self, newest: &Session) -> Result<(), StoreError> {
        let mut others = self.store.sessions_of(newest.admin_id).await?;
        others.retain(|session| session.id != newest.id && !session.is_expired(newest.create_time));
        let surplus = (others.len() + 1).saturating_sub(Session::MAX_PER_ADMIN);
        for session in others.iter().take(surplus) {
            self.store.delete_session(session.id).await?;
        }
        Ok(())
    }

    /// Stores the password as new ones are stored. A login does not fail for it: the next one tries again.
    async fn rehash(&self, admin: &Admin, password: Password, deadline: Instant) {
        let hash = match self.passwords.hash(password, deadline).await {
            Ok(hash) => hash,
            Err(error) => {
                return tracing::info!(%error, admin_id = %admin.id, "a password could not be hashed anew");
            }
        };
        let change = AdminChange::Rehash(hash);
        let changed = self
            .store
            .change_admin(admin.id, admin.generation, &change, self.clock.now());
        match changed.await {
            Ok(_) => tracing::info!(admin_id = %admin.id, "hashed a password anew"),
            Err(error) => tracing::info!(%error, admin_id = %admin.id, "a new hash was not stored"),
        }
    }
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
