//! Admins change their states in one direction.

use tenantry_common::{id::AdminId, store::error::StoreError};

use super::fixture::*;
use crate::{
    domain::{Admin, AdminState, Affiliation, Role},
    store::ID_INDEX,
};

pub(super) async fn a_pending_admin_is_activated_once(backend: Backend) {
    let admin = pending(organization(), "ada@example.com");
    backend.store.insert_admin(&admin).await.unwrap();
    let active = backend.store.activate_admin(admin.id, LATER).await.unwrap();
    assert_eq!(Some(&active), admin.activated(LATER).as_ref());
    let again = backend.replica.activate_admin(active.id, far()).await.unwrap();
    assert_eq!(again, active);
    assert_eq!(backend.store.get_admin(active.id).await.unwrap(), Some(active));
}

pub(super) async fn an_absent_admin_is_not_activated(backend: Backend) {
    let id = AdminId::from_uuid(id());
    assert_eq!(refused(backend.store.activate_admin(id, NOW).await), "NotFound");
    assert_eq!(backend.store.get_admin(id).await.unwrap(), None);
}

pub(super) async fn a_cancelled_pending_admin_frees_its_email(backend: Backend) {
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

pub(super) async fn cancelling_an_absent_admin_refuses_a_late_prepare(backend: Backend) {
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

pub(super) async fn two_tombstones_without_email_coexist(backend: Backend) {
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

pub(super) async fn only_the_own_pending_admin_is_cancelled(backend: Backend) {
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

pub(super) async fn of_activate_and_cancel_at_once_one_wins(backend: Backend) {
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

pub(super) async fn purging_takes_every_admin_of_the_organization_and_no_other(backend: Backend) {
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

pub(super) async fn purging_leaves_what_was_cancelled(backend: Backend) {
    let organization = organization();
    let id = AdminId::from_uuid(id());
    let tombstone = backend.store.cancel_admin(id, organization, NOW).await.unwrap();
    backend.store.purge_admins(organization, LATER).await.unwrap();
    assert_eq!(backend.store.get_admin(id).await.unwrap(), Some(tombstone));
}

pub(super) async fn a_purged_admin_is_neither_activated_nor_cancelled(backend: Backend) {
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
