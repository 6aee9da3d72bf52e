//! Sessions: inserted once, deleted one by one or by organization.

use tenantry_common::{clock::Timestamp, id::AdminId};

use super::fixture::*;
use crate::{
    domain::{Affiliation, Session},
    store::ID_INDEX,
};

pub(super) async fn a_session_reads_back_and_is_deleted(backend: Backend) {
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

pub(super) async fn a_session_is_inserted_once(backend: Backend) {
    let session = session(organization(), far());
    backend.store.insert_session(&session).await.unwrap();
    // As a driver does whose first answer was lost.
    backend.replica.insert_session(&session).await.unwrap();
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

pub(super) async fn the_sessions_of_one_organization_are_deleted_and_no_others(backend: Backend) {
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

pub(super) async fn expired_sessions_may_go_and_live_ones_stay(backend: Backend) {
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
