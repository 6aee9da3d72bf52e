//! The sessions of one admin, and of no other: listed, given another e-mail, deleted.

use std::{slice, time::Duration};

use tenantry_common::{
    email::Email,
    id::{AdminId, Ids, SessionId, SystemIds},
};

use super::fixture::*;
use crate::domain::{Affiliation, ClientInfo, Session};

/// An admin's sessions, begun one after the other and inserted in the opposite order.
async fn begun(backend: &Backend, admin_id: AdminId, affiliation: Affiliation, number: u64) -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in 0..number {
        let create_time = NOW + Duration::from_millis(number);
        let session = Session {
            id: SessionId::from_uuid(SystemIds.uuid_v7(create_time)),
            admin_id,
            affiliation,
            create_time,
            ..session(organization(), far())
        };
        sessions.push(session);
    }
    for session in sessions.iter().rev() {
        backend.store.insert_session(session).await.unwrap();
    }
    sessions
}

/// Two admins of one organization and an operator, each with sessions.
async fn three_admins(backend: &Backend) -> [(AdminId, Vec<Session>); 3] {
    let owner = Affiliation::owner_of(organization());
    let ids = [(); 3].map(|()| AdminId::from_uuid(id()));
    [
        (ids[0], begun(backend, ids[0], owner, 3).await),
        (ids[1], begun(backend, ids[1], owner, 2).await),
        (ids[2], begun(backend, ids[2], Affiliation::OPERATOR, 2).await),
    ]
}

/// Asserts that these are the admin's sessions, each of them there under its id too.
async fn has(backend: &Backend, admin_id: AdminId, sessions: &[Session]) {
    assert_eq!(backend.replica.sessions_of(admin_id).await.unwrap(), sessions);
    for session in sessions {
        assert_eq!(backend.stored_session(session.id).await.as_ref(), Some(session));
    }
}

pub(super) async fn the_sessions_of_an_admin_are_listed_in_the_order_of_their_ids(backend: Backend) {
    let [ada, bob, operator] = three_admins(&backend).await;
    for (admin, sessions) in [&ada, &bob, &operator] {
        has(&backend, *admin, sessions).await;
    }
    has(&backend, AdminId::from_uuid(id()), &[]).await;
    // More than MongoDB sends in a first batch.
    let many = AdminId::from_uuid(id());
    let sessions = begun(&backend, many, Affiliation::OPERATOR, 120).await;
    has(&backend, many, &sessions).await;
    has(&backend, ada.0, &ada.1).await;
}

pub(super) async fn the_email_of_one_admins_sessions_changes_and_no_other(backend: Backend) {
    let [(ada, mut sessions), bob, operator] = three_admins(&backend).await;
    let email = Email::parse("grace@example.com").unwrap();
    for session in &mut sessions {
        session.email = email.clone();
    }
    for store in backend.in_turn(2) {
        store.set_sessions_email(ada, &email).await.unwrap();
        has(&backend, ada, &sessions).await;
        for (admin, sessions) in [&bob, &operator] {
            has(&backend, *admin, sessions).await;
        }
    }
    let nobody = AdminId::from_uuid(id());
    backend.store.set_sessions_email(nobody, &email).await.unwrap();
    has(&backend, nobody, &[]).await;
}

pub(super) async fn the_sessions_of_one_admin_are_deleted_but_the_kept_one(backend: Backend) {
    let [(ada, sessions), bob, operator] = three_admins(&backend).await;
    let kept = &sessions[1..2];
    for (keep, left) in [(Some(kept[0].id), kept), (None, &[])] {
        for store in backend.in_turn(2) {
            store.delete_sessions_of(ada, keep).await.unwrap();
            has(&backend, ada, left).await;
            for (admin, sessions) in [&bob, &operator] {
                has(&backend, *admin, sessions).await;
            }
        }
        for session in sessions.iter().filter(|session| !left.contains(session)) {
            assert_eq!(backend.stored_session(session.id).await, None);
        }
    }
}

pub(super) async fn a_session_is_kept_from_its_own_admins_deletion_alone(backend: Backend) {
    let [(ada, sessions), bob, operator] = three_admins(&backend).await;
    for kept in [bob.1[0].id, SessionId::from_uuid(id())] {
        backend.store.delete_sessions_of(ada, Some(kept)).await.unwrap();
        has(&backend, ada, &[]).await;
        for (admin, sessions) in [&bob, &operator] {
            has(&backend, *admin, sessions).await;
        }
        for session in &sessions {
            assert_eq!(backend.stored_session(session.id).await, None);
            backend.store.insert_session(session).await.unwrap();
        }
        has(&backend, ada, &sessions).await;
    }
}

pub(super) async fn what_clients_say_of_themselves_is_stored_literally(backend: Backend) {
    let agents = [
        "",
        "$where",
        r#"{"$ne":1}"#,
        "$$ROOT",
        "a.b\0c",
        "' OR 1=1 --",
        "café 🦀",
    ];
    let peers = [
        None,
        Some("192.0.2.1"),
        Some("::1"),
        Some("::ffff:192.0.2.1"),
        Some("2001:db8::ff"),
    ];
    for (number, agent) in agents.into_iter().enumerate() {
        let client = ClientInfo {
            peer: peers[number % peers.len()].map(|peer| peer.parse().unwrap()),
            user_agent: agent.to_owned(),
        };
        let session = Session {
            client,
            ..session(organization(), far())
        };
        backend.store.insert_session(&session).await.unwrap();
        has(&backend, session.admin_id, slice::from_ref(&session)).await;
        let rotated = backend.store.rotate_session(&rotation(&session)).await.unwrap();
        assert_eq!(rotated.client, session.client);
        let email = Email::parse(&format!("$where{number}'{{$ne}}@example.com")).unwrap();
        let named = Session {
            email: email.clone(),
            ..rotated
        };
        let set = backend.store.set_sessions_email(named.admin_id, &email);
        set.await.unwrap();
        has(&backend, named.admin_id, slice::from_ref(&named)).await;
    }
}
