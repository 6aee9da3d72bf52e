//! Two at a time: who wins, and what is left of the other.

use std::time::Duration;

use org_service::{
    admins::Admins,
    domain::{Organization, State},
    lifecycle::{self, GateState},
    store::Fence,
};
use tenantry_common::store::error::StoreError;
use tonic::Code;

use super::scene::{Scene, context, fence, in_use, term};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_rename_to_a_handle_being_created_is_refused_until_the_create_is_rolled_back,
    two_writes_of_one_organization_come_one_after_the_other,
    two_organizations_cannot_swap_their_handles,
    a_driver_that_froze_changes_nothing_any_more,
    a_purge_and_an_undelete_exclude_each_other,
    a_create_after_a_delete_waits_for_the_handle_and_shares_nothing,
}

const EMAIL: &str = "admin@acme.example";

async fn a_rename_to_a_handle_being_created_is_refused_until_the_create_is_rolled_back(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let operator = scene.platform.operator().await;
    let id = acme.id.to_string();
    let rename = || scene.platform.rename(&operator, &id, "Bolt");
    scene.abandoned_create("Bolt").await;
    assert_eq!(
        failure(rename().await),
        (Code::AlreadyExists, "HANDLE_TAKEN".to_owned())
    );
    scene.recover().await;
    assert_eq!(rename().await.unwrap().collection_name, "org_bolt");
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    scene.assert_sound().await;
}

async fn two_writes_of_one_organization_come_one_after_the_other(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let operator = scene.platform.operator().await;
    let id = acme.id.to_string();
    let rename = |name: &'static str| scene.platform.rename(&operator, &id, name);
    let (one, other) = tokio::join!(rename("One"), rename("Other"));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!(record.epoch, acme.epoch + 2);
    assert_eq!(
        scene.collections_of(acme.id).await,
        [format!("org_{}", record.handle)]
    );
    scene.assert_sound().await;
}

async fn two_organizations_cannot_swap_their_handles(place: Place) {
    let scene = Scene::new(place).await;
    let (acme, bolt) = (scene.organization("Acme").await, scene.organization("Bolt").await);
    let operator = scene.platform.operator().await;
    let (acme_id, bolt_id) = (acme.id.to_string(), bolt.id.to_string());
    let (one, other) = tokio::join!(
        scene.platform.rename(&operator, &acme_id, "Bolt"),
        scene.platform.rename(&operator, &bolt_id, "Acme"),
    );
    for refused in [one, other] {
        assert_eq!(failure(refused), (Code::AlreadyExists, "HANDLE_TAKEN".to_owned()));
    }
    assert_eq!(
        (scene.record(acme.id).await, scene.record(bolt.id).await),
        (acme, bolt)
    );
    scene.assert_sound().await;
}

async fn a_driver_that_froze_changes_nothing_any_more(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let frozen = scene.abandoned(&lifecycle::delete(&acme, scene.accepted())).await;
    scene.recover().await;
    let deleted = scene.record(acme.id).await;
    let back = lifecycle::undelete(&deleted, (deleted.handle.clone(), false), scene.accepted());
    scene.abandoned(&back).await;
    scene.recover().await;
    let taken_over = scene.record(acme.id).await;

    // It wakes up and goes on where it was: every write and every call of it comes too late.
    let stale = fence(&frozen);
    let renewed = scene.store().renew_lease(stale, Duration::from_secs(5)).await;
    assert!(matches!(renewed, Err(StoreError::Conflict)), "{renewed:?}");
    let ended = Organization {
        operation: None,
        ..frozen.clone()
    };
    let written = scene.store().record(stale, &ended).await;
    assert!(matches!(written, Err(StoreError::Conflict)), "{written:?}");
    let shut = scene
        .admins
        .set_gate(acme.id, frozen.epoch, GateState::Suspended, &context())
        .await;
    assert!(shut.is_err(), "{shut:?}");
    assert_eq!(scene.record(acme.id).await, taken_over);

    // A command on collections cannot carry the fence where the store has no transactions: what it moves is found.
    late_command(&scene, stale, &acme).await;
    scene.recover_and_rest().await;
    let record = scene.assert_in_use(acme.id, "acme", EMAIL).await;
    assert_eq!(record.recheck_until, None);
    scene.assert_sound().await;
}

async fn late_command(scene: &Scene, stale: Fence, organization: &Organization) {
    let trash = org_service::domain::CollectionName::trash(organization.id);
    let moved = scene
        .store()
        .rename_collection(stale, &in_use("acme"), &trash)
        .await;
    let now_in = scene.collections_of(organization.id).await;
    match moved {
        Ok(()) => assert_eq!(now_in, [trash.to_string()]),
        Err(StoreError::Conflict) => assert_eq!(now_in, ["org_acme"]),
        Err(other) => panic!("{other}"),
    }
}

async fn a_purge_and_an_undelete_exclude_each_other(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    scene.abandoned(&lifecycle::delete(&acme, scene.accepted())).await;
    scene.recover().await;
    let deleted = scene.record(acme.id).await;
    scene.platform.clock.set(deleted.purge_time.unwrap());
    let purge = lifecycle::purge(&deleted, scene.accepted());
    let back = lifecycle::undelete(&deleted, (deleted.handle.clone(), false), scene.accepted());
    let lease = Some(term(Duration::ZERO));
    let (purged, undeleted) = tokio::join!(
        scene.store().accept(&purge, lease),
        scene.store().accept(&back, lease)
    );
    assert!(purged.is_ok() != undeleted.is_ok(), "{purged:?} {undeleted:?}");
    scene.platform.clock.advance(Duration::from_millis(1));
    scene.recover_and_rest().await;
    let (state, collections) = match purged {
        Ok(_) => (State::Purged, vec![]),
        Err(_) => (State::Active, vec!["org_acme".to_owned()]),
    };
    assert_eq!(scene.record(acme.id).await.state, state);
    assert_eq!(scene.collections_of(acme.id).await, collections);
    scene.assert_sound().await;
}

async fn a_create_after_a_delete_waits_for_the_handle_and_shares_nothing(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.platform.create("Acme").await;
    let token = scene.platform.token_of(&acme).await;
    scene.platform.delete(&token, &acme.id).await.unwrap();
    let mut again = create_request("Acme");
    again.admin.as_mut().unwrap().email = "another@acme.example".to_owned();
    let create = || async {
        scene
            .platform
            .org
            .clone()
            .create_organization(again.clone())
            .await
    };
    assert_eq!(
        failure(create().await),
        (Code::AlreadyExists, "HANDLE_RESTING".to_owned())
    );
    scene.recover_and_rest().await;
    let fresh = create().await.unwrap().into_inner().organization.unwrap();
    assert_ne!(fresh.id, acme.id);
    let old = scene.platform.record(&acme.id).await;
    let new = scene.platform.record(&fresh.id).await;
    assert_eq!(scene.collections_of(new.id).await, ["org_acme"]);
    assert_ne!(old.stamp, new.stamp);
    let with_old_token = scene.platform.get(&token, &fresh.id).await;
    assert_eq!(failure(with_old_token).0, Code::Unauthenticated);
    scene.assert_sound().await;
}
