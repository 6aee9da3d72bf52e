//! What every store must do. Each case is one named test per back end.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, Ids, OrganizationId, SessionId, SystemIds},
    store::error::StoreError,
    testing::{self, EmbeddedTest, ManualClock, MongoTest},
};
use uuid::Uuid;

use super::{EMAIL_INDEX, EmbeddedStore, ID_INDEX, MongoStore, Store};
use crate::{
    domain::{Admin, AdminState, Affiliation, Credentials, GateState, PasswordHash, Role, Session},
    key::SigningKey,
};

const NOW: Timestamp = ManualClock::START;
const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + 1_000);

/// A store, and what goes away with it.
struct Backend {
    store: Arc<dyn Store>,
    /// The same store through a connection of its own, where the back end has such.
    replica: Arc<dyn Store>,
    _embedded: Option<EmbeddedTest>,
    _mongo: Option<MongoTest>,
}

async fn embedded_backend() -> Option<Backend> {
    let place = EmbeddedTest::new();
    let store = Arc::new(EmbeddedStore::new(place.open()).await.unwrap());
    Some(Backend {
        store: store.clone(),
        replica: store,
        _embedded: Some(place),
        _mongo: None,
    })
}

async fn mongo_backend() -> Option<Backend> {
    let test = testing::mongo().await?;
    let store = Arc::new(MongoStore::new(test.database().await).await.unwrap());
    let replica = Arc::new(MongoStore::new(test.database().await).await.unwrap());
    Some(Backend {
        store,
        replica,
        _embedded: None,
        _mongo: Some(test),
    })
}

/// Makes `embedded::case` and `mongo::case` of each case.
macro_rules! conformance {
    ($($case:ident)+) => {
        mod embedded {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::embedded_backend().await.unwrap()).await;
            })+
        }

        mod mongo {
            $(#[tokio::test]
            async fn $case() {
                let Some(backend) = super::mongo_backend().await else { return };
                super::$case(backend).await;
            })+
        }
    };
}

conformance! {
    the_store_answers
    an_admin_reads_back_by_id_and_by_email
    an_operator_reads_back_without_organization
    duplicate_id_is_refused
    duplicate_email_is_refused
    of_twenty_concurrent_inserts_of_one_email_one_wins
    a_refused_insert_writes_nothing
    a_pending_admin_is_activated_once
    an_absent_admin_is_not_activated
    a_cancelled_pending_admin_frees_its_email
    cancelling_an_absent_admin_refuses_a_late_prepare
    two_tombstones_without_email_coexist
    only_the_own_pending_admin_is_cancelled
    of_activate_and_cancel_at_once_one_wins
    purging_takes_every_admin_of_the_organization_and_no_other
    purging_leaves_what_was_cancelled
    a_purged_admin_is_neither_activated_nor_cancelled
    values_are_stored_literally
    a_gate_that_was_never_set_is_absent
    a_gate_moves_by_epoch
    a_stale_epoch_is_refused
    shutting_a_gate_raises_its_generation_even_when_repeated
    opening_an_open_gate_keeps_its_generation
    a_purged_gate_is_final
    of_twenty_concurrent_gate_calls_the_newest_stays
    a_session_reads_back_and_is_deleted
    a_session_is_inserted_once
    the_sessions_of_one_organization_are_deleted_and_no_others
    expired_sessions_may_go_and_live_ones_stay
    two_starters_get_one_signing_key
    unicode_and_extreme_times_survive
}

fn id() -> Uuid {
    SystemIds.uuid_v7(NOW)
}

fn organization() -> OrganizationId {
    OrganizationId::from_uuid(id())
}

fn credentials(email: &str) -> Credentials {
    Credentials {
        email: Email::parse(email).unwrap(),
        password_hash: PasswordHash::from_stored("bcrypt-sha384$2b$10$…".to_owned()),
    }
}

fn pending(organization: OrganizationId, email: &str) -> Admin {
    let state = AdminState::Pending(credentials(email));
    Admin::new(
        AdminId::from_uuid(id()),
        Affiliation::owner_of(organization),
        state,
        NOW,
    )
}

fn session(organization: OrganizationId, expire_time: Timestamp) -> Session {
    Session {
        id: SessionId::from_uuid(id()),
        admin_id: AdminId::from_uuid(id()),
        affiliation: Affiliation::owner_of(organization),
        email: Email::parse("ada@example.com").unwrap(),
        create_time: NOW,
        expire_time,
    }
}

/// Far off for the server's clock too: MongoDB clears expired sessions by its own.
fn far() -> Timestamp {
    Timestamp::from_millis(4_000_000_000_000)
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::AlreadyExists(index) => index.to_string(),
        StoreError::NotFound => "NotFound".to_owned(),
        StoreError::Conflict => "Conflict".to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn the_store_answers(backend: Backend) {
    backend.store.ping().await.unwrap();
}

async fn an_admin_reads_back_by_id_and_by_email(backend: Backend) {
    let admin = pending(organization(), "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let other = pending(organization(), "bob@example.com");
    backend.store.insert_admin(&other).await.unwrap();
    assert_eq!(
        backend.replica.get_admin(admin.id).await.unwrap().as_ref(),
        Some(&admin)
    );
    let found = backend
        .replica
        .find_admin(&credentials("ada@example.com").email)
        .await
        .unwrap();
    assert_eq!(found, Some(admin));
    assert_eq!(
        backend.store.get_admin(AdminId::from_uuid(id())).await.unwrap(),
        None
    );
    assert_eq!(
        backend
            .store
            .find_admin(&credentials("eve@example.com").email)
            .await
            .unwrap(),
        None
    );
}

async fn an_operator_reads_back_without_organization(backend: Backend) {
    let state = AdminState::Active(credentials("root@example.com"));
    let operator = Admin::new(AdminId::from_uuid(id()), Affiliation::OPERATOR, state, NOW);
    backend.store.insert_admin(&operator).await.unwrap();
    assert_eq!(
        backend.store.get_admin(operator.id).await.unwrap(),
        Some(operator)
    );
}

async fn duplicate_id_is_refused(backend: Backend) {
    let admin = pending(organization(), "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let same_id = Admin {
        id: admin.id,
        ..pending(organization(), "bob@example.com")
    };
    assert_eq!(refused(backend.store.insert_admin(&same_id).await), ID_INDEX.0);
    assert_eq!(backend.store.get_admin(admin.id).await.unwrap(), Some(admin));
}

async fn duplicate_email_is_refused(backend: Backend) {
    backend
        .store
        .insert_admin(&pending(organization(), "ada@example.com"))
        .await
        .unwrap();
    let same_email = pending(organization(), "ADA@example.com");
    assert_eq!(
        refused(backend.store.insert_admin(&same_email).await),
        EMAIL_INDEX.0
    );
}

async fn of_twenty_concurrent_inserts_of_one_email_one_wins(backend: Backend) {
    let admins: Vec<Admin> = (0..20)
        .map(|_| pending(organization(), "ada@example.com"))
        .collect();
    let stores = [&backend.store, &backend.replica].into_iter().cycle();
    let outcomes = join_all(
        admins
            .iter()
            .zip(stores)
            .map(|(admin, store)| store.insert_admin(admin)),
    )
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|outcome| refused(outcome) == EMAIL_INDEX.0));
    let stored = join_all(admins.iter().map(|admin| backend.store.get_admin(admin.id))).await;
    assert_eq!(
        stored
            .into_iter()
            .filter(|admin| admin.as_ref().unwrap().is_some())
            .count(),
        1
    );
}

async fn a_refused_insert_writes_nothing(backend: Backend) {
    backend
        .store
        .insert_admin(&pending(organization(), "ada@example.com"))
        .await
        .unwrap();
    let organization = organization();
    let loser = pending(organization, "ada@example.com");
    refused(backend.store.insert_admin(&loser).await);
    assert_eq!(backend.store.get_admin(loser.id).await.unwrap(), None);
    backend.store.purge_admins(organization, LATER).await.unwrap();
    assert!(
        backend
            .store
            .find_admin(&credentials("ada@example.com").email)
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_pending_admin_is_activated_once(backend: Backend) {
    let admin = pending(organization(), "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let active = backend.store.activate_admin(admin.id, LATER).await.unwrap();
    assert_eq!(Some(&active), admin.activated(LATER).as_ref());
    let again = backend.replica.activate_admin(active.id, far()).await.unwrap();
    assert_eq!(again, active);
    assert_eq!(backend.store.get_admin(active.id).await.unwrap(), Some(active));
}

async fn an_absent_admin_is_not_activated(backend: Backend) {
    let id = AdminId::from_uuid(id());
    assert_eq!(refused(backend.store.activate_admin(id, NOW).await), "NotFound");
    assert_eq!(backend.store.get_admin(id).await.unwrap(), None);
}

async fn a_cancelled_pending_admin_frees_its_email(backend: Backend) {
    let organization = organization();
    let admin = pending(organization, "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let cancelled = backend
        .store
        .cancel_admin(admin.id, organization, LATER)
        .await
        .unwrap();
    assert_eq!(Some(&cancelled), admin.clone().cancelled(LATER).as_ref());
    let again = backend
        .store
        .cancel_admin(admin.id, organization, far())
        .await
        .unwrap();
    assert_eq!(again, cancelled);
    assert_eq!(
        refused(backend.store.activate_admin(admin.id, LATER).await),
        "Conflict"
    );
    assert_eq!(
        backend
            .store
            .find_admin(&credentials("ada@example.com").email)
            .await
            .unwrap(),
        None
    );
    backend
        .store
        .insert_admin(&pending(organization, "ada@example.com"))
        .await
        .unwrap();
}

async fn cancelling_an_absent_admin_refuses_a_late_prepare(backend: Backend) {
    let organization = organization();
    let admin = pending(organization, "ada@example.com");
    let tombstone = backend
        .store
        .cancel_admin(admin.id, organization, NOW)
        .await
        .unwrap();
    assert_eq!(
        (&tombstone.state, tombstone.credentials()),
        (&AdminState::Cancelled, None)
    );
    assert_eq!(refused(backend.store.insert_admin(&admin).await), ID_INDEX.0);
    assert_eq!(backend.store.get_admin(admin.id).await.unwrap(), Some(tombstone));
    assert_eq!(
        backend
            .store
            .find_admin(&credentials("ada@example.com").email)
            .await
            .unwrap(),
        None
    );
}

async fn two_tombstones_without_email_coexist(backend: Backend) {
    for _ in 0..2 {
        let id = AdminId::from_uuid(id());
        backend.store.cancel_admin(id, organization(), NOW).await.unwrap();
        let admin = pending(organization(), "ada@example.com");
        backend.store.insert_admin(&admin).await.unwrap();
        let organization = admin.affiliation.organization_id().unwrap();
        backend
            .store
            .cancel_admin(admin.id, organization, NOW)
            .await
            .unwrap();
    }
}

async fn only_the_own_pending_admin_is_cancelled(backend: Backend) {
    let own = organization();
    let admin = pending(own, "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    assert_eq!(
        refused(backend.store.cancel_admin(admin.id, organization(), LATER).await),
        "Conflict"
    );
    assert_eq!(
        backend.store.get_admin(admin.id).await.unwrap().as_ref(),
        Some(&admin)
    );
    let active = backend.store.activate_admin(admin.id, LATER).await.unwrap();
    assert_eq!(
        refused(backend.store.cancel_admin(admin.id, own, LATER).await),
        "Conflict"
    );
    assert_eq!(backend.store.get_admin(admin.id).await.unwrap(), Some(active));
    let viewer = Affiliation::new(Some(own), Role::Viewer).unwrap();
    let viewer = Admin {
        affiliation: viewer,
        ..pending(own, "bob@example.com")
    };
    backend.store.insert_admin(&viewer).await.unwrap();
    assert_eq!(
        refused(backend.store.cancel_admin(viewer.id, own, LATER).await),
        "Conflict"
    );
}

async fn of_activate_and_cancel_at_once_one_wins(backend: Backend) {
    for round in 0..10 {
        let organization = organization();
        let admin = pending(organization, &format!("ada{round}@example.com"));
        backend.store.insert_admin(&admin).await.unwrap();
        let (activated, cancelled) = futures::join!(
            backend.store.activate_admin(admin.id, LATER),
            backend.replica.cancel_admin(admin.id, organization, LATER),
        );
        let stored = backend.store.get_admin(admin.id).await.unwrap().unwrap();
        match (activated, cancelled) {
            (Ok(winner), Err(StoreError::Conflict)) | (Err(StoreError::Conflict), Ok(winner)) => {
                assert_eq!(stored, winner);
            }
            outcome => panic!("{outcome:?}"),
        }
    }
}

async fn purging_takes_every_admin_of_the_organization_and_no_other(backend: Backend) {
    let (gone, kept) = (organization(), organization());
    let mut admins = Vec::new();
    for (organization, email) in [
        (gone, "a@example.com"),
        (gone, "b@example.com"),
        (kept, "c@example.com"),
    ] {
        let admin = pending(organization, email);
        backend.store.insert_admin(&admin).await.unwrap();
        admins.push(admin);
    }
    admins[0] = backend.store.activate_admin(admins[0].id, LATER).await.unwrap();
    for _ in 0..2 {
        backend.store.purge_admins(gone, LATER).await.unwrap();
        for admin in &admins[..2] {
            let stored = backend.replica.get_admin(admin.id).await.unwrap();
            assert_eq!(stored, Some(admin.clone().purged(LATER)));
        }
    }
    assert_eq!(
        backend.store.get_admin(admins[2].id).await.unwrap().as_ref(),
        Some(&admins[2])
    );
    for email in ["a@example.com", "b@example.com"] {
        backend.store.insert_admin(&pending(kept, email)).await.unwrap();
    }
}

async fn purging_leaves_what_was_cancelled(backend: Backend) {
    let organization = organization();
    let id = AdminId::from_uuid(id());
    let tombstone = backend.store.cancel_admin(id, organization, NOW).await.unwrap();
    backend.store.purge_admins(organization, LATER).await.unwrap();
    assert_eq!(backend.store.get_admin(id).await.unwrap(), Some(tombstone));
}

async fn a_purged_admin_is_neither_activated_nor_cancelled(backend: Backend) {
    let organization = organization();
    let admin = pending(organization, "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    backend.store.purge_admins(organization, LATER).await.unwrap();
    assert_eq!(
        refused(backend.store.activate_admin(admin.id, far()).await),
        "Conflict"
    );
    assert_eq!(
        refused(backend.store.cancel_admin(admin.id, organization, far()).await),
        "Conflict"
    );
    assert_eq!(refused(backend.store.insert_admin(&admin).await), ID_INDEX.0);
    assert_eq!(
        backend.store.get_admin(admin.id).await.unwrap(),
        Some(admin.purged(LATER))
    );
}

async fn values_are_stored_literally(backend: Backend) {
    let odd = [
        "$hashed_password",
        "{\"$ne\":1}",
        "$$ROOT",
        "{$where: '1'}",
        "a.b\0c",
        "' OR 1=1 --",
        "",
    ];
    for (number, text) in odd.into_iter().enumerate() {
        let mut admin = pending(organization(), &format!("$ne{number}'{{$gt}}@example.com"));
        let hash = PasswordHash::from_stored(text.to_owned());
        let email = admin.credentials().unwrap().email.clone();
        admin.state = AdminState::Pending(Credentials {
            email: email.clone(),
            password_hash: hash,
        });
        backend.store.insert_admin(&admin).await.unwrap();
        let active = backend.store.activate_admin(admin.id, LATER).await.unwrap();
        assert_eq!(Some(&active), admin.activated(LATER).as_ref());
        assert_eq!(backend.store.find_admin(&email).await.unwrap(), Some(active));
        let session = Session {
            email,
            ..session(organization(), far())
        };
        backend.store.insert_session(&session).await.unwrap();
        assert_eq!(
            backend.store.get_session(session.id).await.unwrap(),
            Some(session)
        );
    }
}

async fn a_gate_that_was_never_set_is_absent(backend: Backend) {
    assert_eq!(backend.store.get_gate(organization()).await.unwrap(), None);
}

async fn a_gate_moves_by_epoch(backend: Backend) {
    let (organization, other) = (organization(), organization());
    for (epoch, state) in [
        (1, GateState::Open),
        (2, GateState::Suspended),
        (7, GateState::Open),
    ] {
        let gate = backend.store.set_gate(organization, state, epoch).await.unwrap();
        assert_eq!(
            (gate.organization_id, gate.state, gate.epoch),
            (organization, state, epoch)
        );
        assert_eq!(backend.replica.get_gate(organization).await.unwrap(), Some(gate));
    }
    assert_eq!(backend.store.get_gate(other).await.unwrap(), None);
}

async fn a_stale_epoch_is_refused(backend: Backend) {
    let organization = organization();
    let gate = backend
        .store
        .set_gate(organization, GateState::Suspended, 5)
        .await
        .unwrap();
    for state in [GateState::Open, GateState::Suspended, GateState::Purged] {
        assert_eq!(
            refused(backend.replica.set_gate(organization, state, 4).await),
            "Conflict"
        );
    }
    assert_eq!(backend.store.get_gate(organization).await.unwrap(), Some(gate));
    backend
        .store
        .set_gate(organization, GateState::Open, 5)
        .await
        .unwrap();
}

async fn shutting_a_gate_raises_its_generation_even_when_repeated(backend: Backend) {
    let organization = organization();
    let mut generations = Vec::new();
    for (state, epoch) in [
        (GateState::Open, 1),
        (GateState::Suspended, 2),
        (GateState::Suspended, 2),
        (GateState::Open, 3),
        (GateState::Purged, 4),
        (GateState::Purged, 4),
    ] {
        generations.push(
            backend
                .store
                .set_gate(organization, state, epoch)
                .await
                .unwrap()
                .generation,
        );
    }
    assert_eq!(generations, [1, 2, 3, 4, 5, 6]);
}

async fn opening_an_open_gate_keeps_its_generation(backend: Backend) {
    let organization = organization();
    for epoch in [1, 1, 2] {
        let gate = backend
            .store
            .set_gate(organization, GateState::Open, epoch)
            .await
            .unwrap();
        assert_eq!((gate.generation, gate.epoch), (1, epoch));
    }
}

async fn a_purged_gate_is_final(backend: Backend) {
    let organization = organization();
    let gate = backend
        .store
        .set_gate(organization, GateState::Purged, 3)
        .await
        .unwrap();
    for state in [GateState::Open, GateState::Suspended] {
        assert_eq!(
            refused(backend.store.set_gate(organization, state, 9).await),
            "Conflict"
        );
    }
    assert_eq!(backend.store.get_gate(organization).await.unwrap(), Some(gate));
}

async fn of_twenty_concurrent_gate_calls_the_newest_stays(backend: Backend) {
    let organization = organization();
    let stores = [&backend.store, &backend.replica].into_iter().cycle();
    let calls = (1..=20).rev().zip(stores).map(|(epoch, store)| {
        let state = if epoch % 2 == 0 {
            GateState::Suspended
        } else {
            GateState::Open
        };
        store.set_gate(organization, state, epoch)
    });
    for outcome in join_all(calls).await {
        assert!(
            matches!(outcome, Ok(_) | Err(StoreError::Conflict)),
            "{outcome:?}"
        );
    }
    let gate = backend.store.get_gate(organization).await.unwrap().unwrap();
    assert_eq!((gate.epoch, gate.state), (20, GateState::Suspended));
}

async fn a_session_reads_back_and_is_deleted(backend: Backend) {
    let session = session(organization(), far());
    backend.store.insert_session(&session).await.unwrap();
    assert_eq!(
        backend.replica.get_session(session.id).await.unwrap().as_ref(),
        Some(&session)
    );
    for _ in 0..2 {
        backend.replica.delete_session(session.id).await.unwrap();
        assert_eq!(backend.store.get_session(session.id).await.unwrap(), None);
    }
}

async fn a_session_is_inserted_once(backend: Backend) {
    let session = session(organization(), far());
    backend.store.insert_session(&session).await.unwrap();
    let other = Session {
        admin_id: AdminId::from_uuid(id()),
        ..session.clone()
    };
    assert_eq!(refused(backend.store.insert_session(&other).await), ID_INDEX.0);
    assert_eq!(
        backend.store.get_session(session.id).await.unwrap(),
        Some(session)
    );
}

async fn the_sessions_of_one_organization_are_deleted_and_no_others(backend: Backend) {
    let (gone, kept) = (organization(), organization());
    let operator = Session {
        affiliation: Affiliation::OPERATOR,
        ..session(gone, far())
    };
    let dead = [session(gone, far()), session(gone, far())];
    let alive = [session(kept, far()), operator];
    for session in dead.iter().chain(&alive) {
        backend.store.insert_session(session).await.unwrap();
    }
    for _ in 0..2 {
        backend.replica.delete_sessions(gone).await.unwrap();
        for session in &dead {
            assert_eq!(backend.store.get_session(session.id).await.unwrap(), None);
        }
        for session in &alive {
            assert_eq!(
                backend.store.get_session(session.id).await.unwrap().as_ref(),
                Some(session)
            );
        }
    }
}

async fn expired_sessions_may_go_and_live_ones_stay(backend: Backend) {
    let organization = organization();
    let live = session(organization, far());
    backend.store.insert_session(&live).await.unwrap();
    for _ in 0..3 {
        backend
            .store
            .insert_session(&session(organization, LATER))
            .await
            .unwrap();
    }
    let after = Timestamp::from_millis(LATER.as_millis() + 1);
    let newer = Session {
        create_time: after,
        ..session(organization, far())
    };
    backend.store.insert_session(&newer).await.unwrap();
    for session in [live, newer] {
        assert_eq!(
            backend.store.get_session(session.id).await.unwrap(),
            Some(session)
        );
    }
    backend.store.delete_sessions(organization).await.unwrap();
}

async fn two_starters_get_one_signing_key(backend: Backend) {
    let candidates: Vec<SigningKey> = (0..8).map(|_| SigningKey::generate(NOW).unwrap()).collect();
    let stores = [&backend.store, &backend.replica].into_iter().cycle();
    let keys = join_all(
        candidates
            .iter()
            .zip(stores)
            .map(|(key, store)| store.signing_key_or_insert(key)),
    )
    .await;
    let first = keys[0].as_ref().unwrap();
    assert!(candidates.contains(first));
    assert!(keys.iter().all(|key| key.as_ref().unwrap() == first));
    let late = SigningKey::generate(LATER).unwrap();
    assert_eq!(&backend.store.signing_key_or_insert(&late).await.unwrap(), first);
}

async fn unicode_and_extreme_times_survive(backend: Backend) {
    let times = [0, 1, -1, 4_102_444_799_999].map(Timestamp::from_millis);
    for (number, time) in times.into_iter().enumerate() {
        let admin = pending(organization(), &format!("józef{number}@bücher.example"));
        let admin = Admin {
            create_time: time,
            update_time: time + Duration::from_millis(1),
            ..admin
        };
        backend.store.insert_admin(&admin).await.unwrap();
        assert_eq!(backend.store.get_admin(admin.id).await.unwrap(), Some(admin));
    }
}
