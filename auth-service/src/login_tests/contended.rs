//! The embedded store with somebody else at work in it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::error::StoreError,
    testing::ManualClock,
};
use uuid::Uuid;

use crate::{
    domain::{
        Admin, AdminChange, Gate, GateState, OrganizationAdmins, PasswordHash, Rotation, Session, StoredKey,
    },
    key,
    sessions::Sessions,
    set_gate::SetGate,
    store::{EmbeddedStore, KeyName, Store},
    validate_token::Principal,
};

/// What somebody else does while a login runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interference {
    Suspend,
    SuspendAndReopen,
    Purge,
    ChangePassword,
    ChangeEmail,
    RevokeAllSessions,
    Rehash,
    StoreGoesAway,
}

/// When it happens: directly before or directly after the login's session is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    BeforeSession,
    AfterSession,
}

/// The store.
pub struct Contended {
    pub inner: Arc<EmbeddedStore>,
    pub organization: OrganizationId,
    pub plan: Mutex<Option<(When, Interference)>>,
    pub away: Mutex<bool>,
    /// How many calls are still answered before one fails.
    pub failing: Mutex<Option<usize>>,
    pub sessions: Mutex<Vec<Session>>,
}

impl Contended {
    async fn interfere(&self, now: When) {
        let planned = *self.plan.lock().unwrap();
        let Some((_, interference)) = planned.filter(|(when, _)| *when == now) else {
            return;
        };
        self.plan.lock().unwrap().take();
        match interference {
            Interference::Suspend => self.gate(GateState::Suspended, 2).await,
            Interference::SuspendAndReopen => {
                self.gate(GateState::Suspended, 2).await;
                self.gate(GateState::Open, 3).await;
            }
            Interference::Purge => self.gate(GateState::Purged, 2).await,
            Interference::ChangePassword => self.change(AdminChange::Password(hash())).await,
            Interference::ChangeEmail => {
                let email = Email::parse("grace@example.com").unwrap();
                self.change(AdminChange::Email(email)).await;
            }
            Interference::RevokeAllSessions => self.revoke_all().await,
            Interference::Rehash => self.change(AdminChange::Rehash(hash())).await,
            Interference::StoreGoesAway => *self.away.lock().unwrap() = true,
        }
    }

    async fn gate(&self, state: GateState, epoch: i64) {
        let store: Arc<dyn Store> = self.inner.clone();
        let clock = Arc::new(ManualClock::new());
        let gate = SetGate { store, clock };
        gate.set(self.organization, state, epoch).await.unwrap();
    }

    async fn revoke_all(&self) {
        let store: Arc<dyn Store> = self.inner.clone();
        let email = Email::parse("ada@example.com").unwrap();
        let admin = store.find_admin(&email).await.unwrap().unwrap();
        let now = ManualClock::START;
        let tokens = key::access_tokens(&*store, now, "issuer".to_owned(), "audience".to_owned());
        let sessions = Sessions {
            tokens: Arc::new(tokens.await.unwrap()),
            clock: Arc::new(ManualClock::new()),
            store,
        };
        let principal = Principal {
            admin_id: admin.id,
            affiliation: admin.affiliation,
            email,
            session_id: SessionId::from_uuid(Uuid::from_u128(1)),
            issue_time: now,
            expire_time: now,
        };
        sessions.revoke_all(&principal, None).await.unwrap();
    }

    /// What the use cases do: the admin first, then the sessions.
    async fn change(&self, change: AdminChange) {
        let email = Email::parse("ada@example.com").unwrap();
        let admin = self.inner.find_admin(&email).await.unwrap().unwrap();
        let now = ManualClock::START;
        let changed = self.inner.change_admin(admin.id, admin.generation, &change, now);
        changed.await.unwrap();
        if !matches!(change, AdminChange::Rehash(_)) {
            self.inner.delete_sessions_of(admin.id, None).await.unwrap();
        }
    }

    /// Has the call after `answered` more fail, once.
    pub fn fail_at(&self, answered: usize) {
        *self.failing.lock().unwrap() = Some(answered);
    }

    fn check(&self) -> Result<(), StoreError> {
        let mut failing = self.failing.lock().unwrap();
        let fails_now = *failing == Some(0);
        *failing = failing.and_then(|answered| answered.checked_sub(1));
        if fails_now || *self.away.lock().unwrap() {
            Err(StoreError::Unavailable("gone".to_owned()))
        } else {
            Ok(())
        }
    }
}

fn hash() -> PasswordHash {
    PasswordHash::from_stored("another".to_owned())
}

#[async_trait]
impl Store for Contended {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
    async fn insert_admin(&self, admin: &Admin) -> Result<(), StoreError> {
        self.inner.insert_admin(admin).await
    }
    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.check()?;
        self.inner.get_admin(id).await
    }
    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError> {
        self.check()?;
        self.inner.find_admin(email).await
    }
    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        self.inner.activate_admin(id, now).await
    }
    async fn cancel_admin(
        &self,
        id: AdminId,
        of: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        self.inner.cancel_admin(id, of, now).await
    }
    async fn purge_admins(&self, of: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        self.inner.purge_admins(of, now).await
    }
    async fn get_gate(&self, of: OrganizationId) -> Result<Option<Gate>, StoreError> {
        self.check()?;
        self.inner.get_gate(of).await
    }
    async fn set_gate(&self, of: OrganizationId, state: GateState, epoch: i64) -> Result<Gate, StoreError> {
        self.inner.set_gate(of, state, epoch).await
    }
    async fn organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError> {
        self.inner.organizations(after, until, limit).await
    }
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        self.interfere(When::BeforeSession).await;
        self.check()?;
        self.sessions.lock().unwrap().push(session.clone());
        self.inner.insert_session(session).await?;
        self.interfere(When::AfterSession).await;
        Ok(())
    }
    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.inner.get_session(id).await
    }
    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.inner.delete_session(id).await
    }
    async fn delete_sessions(&self, of: OrganizationId) -> Result<(), StoreError> {
        self.inner.delete_sessions(of).await
    }
    async fn change_admin(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        self.inner.change_admin(id, generation, change, now).await
    }
    async fn sessions_of(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError> {
        self.check()?;
        self.inner.sessions_of(admin_id).await
    }
    async fn rotate_session(&self, rotation: &Rotation) -> Result<Session, StoreError> {
        self.inner.rotate_session(rotation).await
    }
    async fn set_sessions_email(&self, admin_id: AdminId, email: &Email) -> Result<(), StoreError> {
        self.inner.set_sessions_email(admin_id, email).await
    }
    async fn delete_sessions_of(&self, id: AdminId, kept: Option<SessionId>) -> Result<(), StoreError> {
        self.inner.delete_sessions_of(id, kept).await
    }
    async fn key_or_insert(&self, name: KeyName, candidate: &StoredKey) -> Result<StoredKey, StoreError> {
        self.inner.key_or_insert(name, candidate).await
    }
}
