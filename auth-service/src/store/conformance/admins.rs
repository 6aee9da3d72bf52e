//! Admins: what is inserted is read back, and no id and no e-mail is had twice.

use std::time::Duration;

use futures::future::join_all;

use tenantry_common::{clock::Timestamp, id::AdminId};

use super::fixture::*;
use crate::{
    domain::{Admin, AdminState, Affiliation, Credentials, PasswordHash, Session},
    store::{EMAIL_INDEX, ID_INDEX},
};

pub(super) async fn an_admin_reads_back_by_id_and_by_email(backend: Backend) {
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
    // Before, between and after those that there are, and a beginning of one.
    for nobody in [
        "aaa@example.com",
        "add@example.com",
        "eve@example.com",
        "ada@example.co",
    ] {
        let found = backend.store.find_admin(&credentials(nobody).email).await;
        assert_eq!(found.unwrap(), None, "{nobody}");
    }
}

pub(super) async fn an_operator_reads_back_without_organization(backend: Backend) {
    let state = AdminState::Active(credentials("root@example.com"));
    let operator = Admin::new(AdminId::from_uuid(id()), Affiliation::OPERATOR, state, NOW);
    backend.store.insert_admin(&operator).await.unwrap();
    assert_eq!(
        backend.store.get_admin(operator.id).await.unwrap(),
        Some(operator)
    );
}

pub(super) async fn duplicate_id_is_refused(backend: Backend) {
    let admin = pending(organization(), "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let same_id = Admin {
        id: admin.id,
        ..pending(organization(), "bob@example.com")
    };
    assert_eq!(refused(backend.store.insert_admin(&same_id).await), ID_INDEX.0);
    assert_eq!(backend.store.get_admin(admin.id).await.unwrap(), Some(admin));
}

pub(super) async fn duplicate_email_is_refused(backend: Backend) {
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

pub(super) async fn of_twenty_concurrent_inserts_of_one_email_one_wins(backend: Backend) {
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

pub(super) async fn a_refused_insert_writes_nothing(backend: Backend) {
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

pub(super) async fn values_are_stored_literally(backend: Backend) {
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

pub(super) async fn unicode_and_extreme_times_survive(backend: Backend) {
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
