use std::sync::Mutex;

use async_trait::async_trait;
use futures::poll;
use tenantry_common::{
    id::{AdminId, OrganizationId, SystemIds},
    testing::{EmbeddedTest, ManualClock},
};
use tokio::sync::oneshot;

use super::*;
use crate::{
    domain::{AdminState, Cost, Credentials, Gate, GateState, OrganizationAdmins, PasswordScheme},
    hashing::HashingPool,
    key::{self, SigningKey},
    set_gate::SetGate,
    store::EmbeddedStore,
};

const PASSWORD: &str = "correct horse battery";

/// What somebody else does while a login runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interference {
    Suspend,
    SuspendAndReopen,
    Purge,
    StoreGoesAway,
}

/// When it happens: directly before or directly after the login's session is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    BeforeSession,
    AfterSession,
}

/// The embedded store with somebody else at work in it.
struct Contended {
    inner: Arc<EmbeddedStore>,
    organization: OrganizationId,
    plan: Mutex<Option<(When, Interference)>>,
    away: Mutex<bool>,
    sessions: Mutex<Vec<Session>>,
}

impl Contended {
    async fn interfere(&self, now: When) {
        let planned = *self.plan.lock().unwrap();
        let Some((_, interference)) = planned.filter(|(when, _)| *when == now) else {
            return;
        };
        self.plan.lock().unwrap().take();
        let store: Arc<dyn Store> = self.inner.clone();
        let gate = SetGate {
            store,
            clock: Arc::new(ManualClock::new()),
        };
        match interference {
            Interference::Suspend => {
                gate.set(self.organization, GateState::Suspended, 2)
                    .await
                    .unwrap();
            }
            Interference::SuspendAndReopen => {
                gate.set(self.organization, GateState::Suspended, 2)
                    .await
                    .unwrap();
                gate.set(self.organization, GateState::Open, 3).await.unwrap();
            }
            Interference::Purge => {
                gate.set(self.organization, GateState::Purged, 2).await.unwrap();
            }
            Interference::StoreGoesAway => *self.away.lock().unwrap() = true,
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if *self.away.lock().unwrap() {
            Err(StoreError::Unavailable("gone".to_owned()))
        } else {
            Ok(())
        }
    }
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
    async fn signing_key_or_insert(&self, candidate: &SigningKey) -> Result<SigningKey, StoreError> {
        self.inner.signing_key_or_insert(candidate).await
    }
}

/// A login over a contended store, with one admin in it whose organization is open.
struct Fixture {
    login: Arc<Login>,
    store: Arc<Contended>,
    _place: EmbeddedTest,
}

async fn fixture(plan: Option<(When, Interference)>) -> Fixture {
    let place = EmbeddedTest::new();
    let inner = Arc::new(EmbeddedStore::new(place.open()).await.unwrap());
    let organization = OrganizationId::from_uuid(SystemIds.uuid_v4());
    let store = Arc::new(Contended {
        inner,
        organization,
        plan: Mutex::new(plan),
        away: Mutex::default(),
        sessions: Mutex::default(),
    });
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let clock = Arc::new(ManualClock::new());
    let pool = HashingPool::start(
        std::num::NonZeroUsize::MIN,
        std::num::NonZeroUsize::new(64).unwrap(),
    )
    .unwrap();
    let passwords = Passwords::new(PasswordScheme::new(b"", Cost::MIN), pool, ids.clone(), later())
        .await
        .unwrap();
    let tokens = key::access_tokens(&*store, clock.now(), "issuer".to_owned(), "audience".to_owned())
        .await
        .unwrap();
    let login = Login {
        store: store.clone(),
        passwords: Arc::new(passwords),
        tokens: Arc::new(tokens),
        clock,
        ids,
        lifetime: Duration::from_secs(1_800),
    };
    let fixture = Fixture {
        login: Arc::new(login),
        store,
        _place: place,
    };
    fixture
        .admin("ada@example.com", organization, AdminState::Active)
        .await;
    fixture
        .store
        .set_gate(organization, GateState::Open, 1)
        .await
        .unwrap();
    fixture
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

impl Fixture {
    async fn admin(&self, email: &str, organization: OrganizationId, state: fn(Credentials) -> AdminState) {
        let password = Password::parse(PASSWORD).unwrap();
        let password_hash = self.login.passwords.hash(password, later()).await.unwrap();
        let state = state(Credentials {
            email: Email::parse(email).unwrap(),
            password_hash,
        });
        let id = AdminId::from_uuid(SystemIds.uuid_v4());
        let admin = Admin::new(id, Affiliation::owner_of(organization), state, ManualClock::START);
        self.store.insert_admin(&admin).await.unwrap();
    }

    async fn log_in(&self) -> Result<LoggedIn, LoginError> {
        self.login.log_in("ada@example.com", PASSWORD, later()).await
    }

    /// Whether any session that a login wrote is still there.
    async fn a_session_is_left(&self) -> bool {
        let sessions = self.store.sessions.lock().unwrap().clone();
        assert!(
            !sessions.is_empty(),
            "no session was written, so nothing was tried"
        );
        for session in sessions {
            if self.store.inner.get_session(session.id).await.unwrap().is_some() {
                return true;
            }
        }
        false
    }
}

#[tokio::test]
async fn an_undisturbed_login_keeps_its_session() {
    let fixture = fixture(None).await;
    let logged_in = fixture.log_in().await.unwrap();
    assert!(fixture.a_session_is_left().await);
    assert_eq!(logged_in.expire_time.as_millis() % 1_000, 0);
    assert!(!format!("{logged_in:?}").contains(&logged_in.access_token));
}

#[tokio::test]
async fn no_interleaving_leaves_a_session_that_a_revocation_should_have_ended() {
    for when in [When::BeforeSession, When::AfterSession] {
        for interference in [
            Interference::Suspend,
            Interference::SuspendAndReopen,
            Interference::Purge,
        ] {
            let fixture = fixture(Some((when, interference))).await;
            let outcome = fixture.log_in().await;
            assert!(
                matches!(outcome, Err(LoginError::CredentialsInvalid)),
                "{when:?} {interference:?}: {outcome:?}"
            );
            assert!(!fixture.a_session_is_left().await, "{when:?} {interference:?}");
        }
    }
}

#[tokio::test]
async fn a_store_that_goes_away_half_way_gets_nobody_a_token() {
    let fixture = fixture(Some((When::AfterSession, Interference::StoreGoesAway))).await;
    let outcome = fixture.log_in().await;
    assert!(
        matches!(outcome, Err(LoginError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
    assert!(!fixture.a_session_is_left().await);
}

/// Counts, not times: while the one hashing thread is busy, no refusal may be ready.
#[tokio::test]
async fn every_refusal_costs_a_hash() {
    let fixture = fixture(None).await;
    let shut = OrganizationId::from_uuid(SystemIds.uuid_v4());
    fixture.admin("shut@example.com", shut, AdminState::Active).await;
    fixture
        .admin("pending@example.com", shut, AdminState::Pending)
        .await;
    let (free, blocked) = std::sync::mpsc::channel::<()>();
    let (started, start) = oneshot::channel();
    let login = Arc::clone(&fixture.login);
    tokio::spawn(async move {
        let block = move || {
            let _ = started.send(());
            let _ = blocked.recv();
        };
        login.passwords.pool.run(later(), block).await
    });
    start.await.unwrap();
    let long = "x".repeat(2_000);
    let mut refusals = Vec::new();
    for (email, password) in [
        ("ada@example.com", "correct horse batterx"),
        ("ada@example.com", ""),
        ("ada@example.com", "short"),
        ("ada@example.com", "correct horse battery\0"),
        ("ada@example.com", &long),
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        (&long, PASSWORD),
        ("shut@example.com", PASSWORD),
        ("pending@example.com", PASSWORD),
    ] {
        let mut refusal = Box::pin(fixture.login.log_in(email, password, later()));
        assert!(
            poll!(&mut refusal).is_pending(),
            "{email:?} {password:?} was answered without a hash"
        );
        refusals.push(refusal);
    }
    drop(free);
    for refusal in refusals {
        assert!(matches!(refusal.await, Err(LoginError::CredentialsInvalid)));
    }
}
