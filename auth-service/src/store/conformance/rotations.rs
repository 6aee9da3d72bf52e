//! Sessions move on: one of those who ask at the same time succeeds, and what is gone stays gone.

use std::time::Duration;

use tenantry_common::{email::Email, id::SessionId};

use super::fixture::*;
use crate::domain::{Rotation, Session};

/// Rounds of two calls that meet.
const ROUNDS: usize = 200;

pub(super) async fn a_session_is_rotated_as_the_domain_says(backend: Backend) {
    let mut session = session(organization(), far());
    backend.store.insert_session(&session).await.unwrap();
    for counter in 1..=3 {
        let rotation = rotation(&session);
        let rotated = backend.store.rotate_session(&rotation).await.unwrap();
        assert_eq!(rotated.counter, counter);
        assert_eq!(Some(&rotated), session.rotated(&rotation).as_ref());
        session = rotated;
        assert_eq!(backend.stored_session(session.id).await.as_ref(), Some(&session));
    }
}

pub(super) async fn a_session_of_another_counter_is_not_rotated(backend: Backend) {
    let session = Session {
        counter: 5,
        ..session(organization(), far())
    };
    backend.store.insert_session(&session).await.unwrap();
    for counter in [4, 6, 0, -5, i64::MIN, i64::MAX] {
        let rotation = Rotation {
            counter,
            ..rotation(&session)
        };
        for store in backend.in_turn(2) {
            assert_eq!(refused(store.rotate_session(&rotation).await), "Conflict");
        }
    }
    assert_eq!(backend.stored_session(session.id).await, Some(session));
}

pub(super) async fn an_absent_session_is_not_rotated(backend: Backend) {
    let there = session(organization(), far());
    backend.store.insert_session(&there).await.unwrap();
    let absent = Rotation {
        id: SessionId::from_uuid(id()),
        ..rotation(&there)
    };
    assert_eq!(refused(backend.store.rotate_session(&absent).await), "NotFound");
    assert_eq!(backend.stored_session(absent.id).await, None);
    assert_eq!(backend.stored_session(there.id).await, Some(there));
}

pub(super) async fn of_sixty_four_rotations_of_one_counter_one_succeeds(backend: Backend) {
    let mut session = session(organization(), far());
    backend.store.insert_session(&session).await.unwrap();
    for counter in 1..=3 {
        let rotations = (0..64).map(|number| {
            let rotation = rotation(&session);
            let rotate_time = rotation.rotate_time + Duration::from_millis(number);
            Rotation {
                rotate_time,
                ..rotation
            }
        });
        let calls = rotations.zip(backend.in_turn(64));
        let outcomes =
            at_once(calls.map(|(rotation, store)| async move { store.rotate_session(&rotation).await }))
                .await;
        let (mut won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        assert!(lost.into_iter().all(|outcome| refused(outcome) == "Conflict"));
        session = won.remove(0).unwrap();
        assert_eq!(session.counter, counter);
        assert_eq!(backend.stored_session(session.id).await.as_ref(), Some(&session));
    }
}

pub(super) async fn a_rotation_never_brings_a_deleted_session_back(backend: Backend) {
    let organization = organization();
    let sample = session(organization, far());
    for round in 0..ROUNDS {
        let session = Session {
            id: SessionId::from_uuid(id()),
            ..sample.clone()
        };
        backend.store.insert_session(&session).await.unwrap();
        let (store, rotation) = (backend.store.clone(), rotation(&session));
        let rotate = async move { store.rotate_session(&rotation).await };
        let (store, admin) = (backend.replica.clone(), session.admin_id);
        let delete = async move {
            match round % 4 / 2 {
                0 => store.delete_session(session.id).await,
                _ => store.delete_sessions_of(admin, None).await,
            }
        };
        let (rotated, deleted) = both_at_once(round % 2 == 1, rotate, delete).await;
        deleted.unwrap();
        match rotated {
            Ok(rotated) => assert_eq!(Some(rotated), session.clone().rotated(&rotation)),
            lost => assert_eq!(refused(lost), "NotFound"),
        }
        assert_eq!(backend.stored_session(session.id).await, None, "round {round}");
        assert_eq!(backend.store.sessions_of(admin).await.unwrap(), []);
        assert_eq!(refused(backend.store.rotate_session(&rotation).await), "NotFound");
    }
}

pub(super) async fn a_rotation_keeps_an_email_that_is_set_at_the_same_time(backend: Backend) {
    let email = Email::parse("grace@example.com").unwrap();
    for round in 0..ROUNDS / 4 {
        let session = session(organization(), far());
        backend.store.insert_session(&session).await.unwrap();
        let (store, rotation) = (backend.store.clone(), rotation(&session));
        let rotate = async move { store.rotate_session(&rotation).await };
        let (store, admin, new) = (backend.replica.clone(), session.admin_id, email.clone());
        let set = async move { store.set_sessions_email(admin, &new).await };
        let (rotated, set) = both_at_once(round % 2 == 1, rotate, set).await;
        set.unwrap();
        assert_eq!(rotated.unwrap().counter, 1);
        let both = Session {
            email: email.clone(),
            ..session.rotated(&rotation).unwrap()
        };
        assert_eq!(backend.stored_session(both.id).await, Some(both), "round {round}");
    }
}

pub(super) async fn a_rotated_session_outlives_its_former_end(backend: Backend) {
    const DAY: Duration = Duration::from_secs(86_400);
    let session = Session {
        idle_expire_time: far(),
        ..session(organization(), far() + 3 * DAY)
    };
    backend.store.insert_session(&session).await.unwrap();
    let rotation = Rotation {
        idle_expire_time: far() + 2 * DAY,
        ..rotation(&session)
    };
    let rotated = backend.store.rotate_session(&rotation).await.unwrap();
    // A new one clears what had expired when it was created.
    let newer = Session {
        id: SessionId::from_uuid(id()),
        create_time: far() + DAY,
        ..session
    };
    backend.store.insert_session(&newer).await.unwrap();
    for session in [rotated, newer] {
        assert_eq!(backend.stored_session(session.id).await, Some(session));
    }
}
