#[path = "login_tests/contended.rs"]
mod contended;

use std::{sync::Mutex, time::Duration};

use futures::poll;
use tenantry_common::{
    id::{AdminId, OrganizationId, SystemIds},
    testing::{EmbeddedTest, ManualClock},
    throttle::Allowance,
};
use tokio::sync::oneshot;

use self::contended::{Contended, Interference, When};
use super::*;
use crate::{
    attempts::AttemptLimits,
    domain::{AdminState, Cost, GateState, PasswordScheme, Peppers},
    hashing::HashingPool,
    key,
    store::EmbeddedStore,
};

const PASSWORD: &str = "correct horse battery";

/// A login over a contended store, with one admin in it whose organization is open.
struct Fixture {
    login: Arc<Login>,
    store: Arc<Contended>,
    _place: EmbeddedTest,
}

async fn fixture(plan: Option<(When, Interference)>) -> Fixture {
    let limits = AttemptLimits {
        per_account: Allowance::OFF,
        per_network: Allowance::OFF,
    };
    fixture_with(plan, limits).await
}

async fn fixture_with(plan: Option<(When, Interference)>, limits: AttemptLimits) -> Fixture {
    let place = EmbeddedTest::new();
    let inner = Arc::new(EmbeddedStore::new(place.open()).await.unwrap());
    let organization = OrganizationId::from_uuid(SystemIds.uuid_v4());
    let store = Arc::new(Contended {
        inner,
        organization,
        plan: Mutex::new(plan),
        away: Mutex::default(),
        failing: Mutex::default(),
        sessions: Mutex::default(),
    });
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let clock = Arc::new(ManualClock::new());
    let pool = HashingPool::start(
        std::num::NonZeroUsize::MIN,
        std::num::NonZeroUsize::new(64).unwrap(),
    )
    .unwrap();
    let passwords = Passwords::new(
        PasswordScheme::new(Peppers::default(), Cost::MIN),
        pool,
        ids.clone(),
        later(),
    )
    .await
    .unwrap();
    let now = clock.now();
    let access_tokens = key::access_tokens(&*store, now, "issuer".to_owned(), "audience".to_owned());
    let refresh_tokens = key::refresh_tokens(&*store, now, &*ids);
    let login = Login {
        store: store.clone(),
        passwords: Arc::new(passwords),
        attempts: Arc::new(Attempts::new(limits, &(clock.clone() as _), &*ids)),
        issuer: TokenIssuer {
            access_tokens: Arc::new(access_tokens.await.unwrap()),
            refresh_tokens: Arc::new(refresh_tokens.await.unwrap()),
            ids: ids.clone(),
            lifetime: Duration::from_secs(1_800),
        },
        clock,
        ids,
        lifetimes: SessionLifetimes {
            absolute: Duration::from_secs(86_400),
            idle: Duration::from_secs(3_600),
        },
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

fn attempt<'a>(email: &'a str, password: &'a str) -> Attempt<'a> {
    Attempt {
        email,
        password,
        client: ClientInfo::default(),
        deadline: later(),
    }
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

impl Fixture {
    async fn admin(&self, email: &str, organization: OrganizationId, state: fn(Credentials) -> AdminState) {
        let password = Password::typed(PASSWORD).unwrap();
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
        self.login.log_in(attempt("ada@example.com", PASSWORD)).await
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
    let tokens = &logged_in.tokens;
    assert_eq!(tokens.expire_time.as_millis() % 1_000, 0);
    let shown = format!("{logged_in:?}");
    assert!(!shown.contains(&tokens.access_token) && !shown.contains(&tokens.refresh_token));
}

#[tokio::test]
async fn no_interleaving_leaves_a_session_that_a_revocation_should_have_ended() {
    for when in [When::BeforeSession, When::AfterSession] {
        for interference in [
            Interference::Suspend,
            Interference::SuspendAndReopen,
            Interference::Purge,
            Interference::ChangePassword,
            Interference::ChangeEmail,
            Interference::RevokeAllSessions,
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

/// Each call of the store fails once: whoever got no answer got no token that is good for anything either.
#[tokio::test]
async fn a_store_that_fails_at_any_step_gets_nobody_a_token() {
    let mut failed = 0;
    loop {
        let fixture = fixture(None).await;
        fixture.store.fail_at(failed);
        match fixture.log_in().await {
            Err(LoginError::Store(StoreError::Unavailable(_))) => failed += 1,
            Ok(_) => break,
            Err(other) => panic!("step {failed}: {other:?}"),
        }
    }
    // The admin, its gate, the session, both again, and the sessions beside it.
    assert_eq!(failed, 6);
}

#[tokio::test]
async fn a_rehash_by_another_login_disturbs_nobody() {
    for when in [When::BeforeSession, When::AfterSession] {
        let fixture = fixture(Some((when, Interference::Rehash))).await;
        assert!(fixture.log_in().await.is_ok());
        assert!(fixture.a_session_is_left().await);
    }
}

#[tokio::test]
async fn the_oldest_sessions_go_beyond_a_hundred() {
    let fixture = fixture(None).await;
    let admin = fixture.log_in().await.unwrap().admin;
    let newest = fixture.store.sessions.lock().unwrap()[0].clone();
    let before = |millis| {
        let id = SessionId::from_uuid(SystemIds.uuid_v7(ManualClock::START - Duration::from_millis(millis)));
        Session { id, ..newest.clone() }
    };
    let older: Vec<Session> = (1..=150).map(before).collect();
    for session in &older {
        fixture.store.inner.insert_session(session).await.unwrap();
    }
    fixture.log_in().await.unwrap();
    let left = fixture.store.sessions_of(admin.id).await.unwrap();
    assert_eq!(left.len(), Session::MAX_PER_ADMIN);
    let kept: Vec<SessionId> = older[..98].iter().rev().map(|session| session.id).collect();
    assert_eq!(
        left[..98].iter().map(|session| session.id).collect::<Vec<_>>(),
        kept
    );
}

#[tokio::test]
async fn logins_at_one_time_leave_no_more_than_a_hundred_sessions() {
    let fixture = fixture(None).await;
    let admin = fixture.log_in().await.unwrap().admin;
    let first = fixture.store.sessions.lock().unwrap()[0].clone();
    for number in 1..Session::MAX_PER_ADMIN as u128 {
        let id = SessionId::from_uuid(uuid::Uuid::from_u128(number));
        let older = Session { id, ..first.clone() };
        fixture.store.inner.insert_session(&older).await.unwrap();
    }
    let logins = (0..20).map(|_| fixture.log_in());
    futures::future::try_join_all(logins).await.unwrap();
    let left = fixture.store.sessions_of(admin.id).await.unwrap();
    assert_eq!(left.len(), Session::MAX_PER_ADMIN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_tries_at_once_the_allowed_ones_reach_the_hash() {
    let limits = AttemptLimits {
        per_account: "5/10m".parse().unwrap(),
        per_network: Allowance::OFF,
    };
    let fixture = fixture_with(None, limits).await;
    for email in ["ada@example.com", "nobody@example.com", "no address"] {
        let spellings = [email.to_owned(), email.to_uppercase(), format!(" {email} ")];
        let tries = (0..10_000).map(|number| {
            let email = if email.contains('@') {
                spellings[number % 3].clone()
            } else {
                email.to_owned()
            };
            let login = Arc::clone(&fixture.login);
            tokio::spawn(async move {
                login
                    .log_in(attempt(&email, "wrong horse battery"))
                    .await
                    .map(drop)
            })
        });
        let tries: Vec<_> = tries.collect();
        let mut hashed = 0;
        for outcome in futures::future::join_all(tries).await {
            match outcome.unwrap() {
                Err(LoginError::CredentialsInvalid) => hashed += 1,
                Err(LoginError::TooManyAttempts(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(hashed, 5, "{email}");
    }
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
        let mut refusal = Box::pin(fixture.login.log_in(attempt(email, password)));
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
