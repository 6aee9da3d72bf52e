//! Every operation comes to its end when its driver is gone right after it was accepted, and half way.

use std::time::Duration;

use org_service::{
    admins::Admins,
    domain::{Organization, State},
    lifecycle::{self, GateState},
};
use tonic::Code;

use super::scene::{Scene, context, in_use, renamed};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_rename_ends_and_the_old_handle_rests_and_goes,
    a_suspension_ends,
    a_resumption_ends,
    a_deletion_ends,
    an_undeletion_ends,
    an_undeletion_that_moved_the_data_opens_the_gate,
    a_suspension_outlasts_deletion_and_undeletion,
    a_purge_comes_when_it_is_due_and_ends,
    a_halted_create_is_deleted_for_good,
    auth_service_away_holds_an_operation_up_and_loses_nothing,
}

const EMAIL: &str = "admin@acme.example";

async fn assert_shut_out(scene: &Scene, token: &str, id: &str) {
    let with_token = scene.platform.get(token, id).await;
    assert_eq!(
        failure(with_token),
        (Code::Unauthenticated, "TOKEN_REVOKED".to_owned())
    );
    let login = scene.platform.login(EMAIL, PASSWORD).await;
    assert_eq!(
        failure(login),
        (Code::Unauthenticated, "CREDENTIALS_INVALID".to_owned())
    );
}

async fn a_rename_ends_and_the_old_handle_rests_and_goes(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.recover().await;
    let record = scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    assert_eq!(record.handles.len(), 2);
    scene.recover_and_rest().await;
    assert_eq!(scene.record(acme.id).await.handles.len(), 1);
    scene.organization("Acme Again").await;
    scene.assert_sound().await;
}

async fn a_suspension_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let token = scene.platform.login(EMAIL, PASSWORD).await.unwrap();
    scene
        .abandoned(&lifecycle::suspend(&acme, scene.accepted()))
        .await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.operation.clone()), (State::Suspended, None));
    assert_shut_out(&scene, &token, &acme.id.to_string()).await;
    scene.assert_sound().await;
}

/// A suspended organization with nothing under way.
async fn suspended(scene: &Scene) -> Organization {
    let acme = scene.organization("Acme").await;
    scene
        .abandoned(&lifecycle::suspend(&acme, scene.accepted()))
        .await;
    scene.recover_and_rest().await;
    scene.record(acme.id).await
}

async fn a_resumption_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = suspended(&scene).await;
    scene.abandoned(&lifecycle::resume(&acme, scene.accepted())).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn a_deletion_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let token = scene.platform.login(EMAIL, PASSWORD).await.unwrap();
    scene.abandoned(&lifecycle::delete(&acme, scene.accepted())).await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.operation.clone()), (State::Deleted, None));
    assert!(record.handles.is_empty() && record.purge_time.is_some());
    assert_eq!(
        scene.collections_of(acme.id).await,
        [format!("trash_{}", acme.id.as_uuid().simple())]
    );
    assert_shut_out(&scene, &token, &acme.id.to_string()).await;
    scene.assert_sound().await;
}

/// A deleted organization, its handle still resting.
async fn deleted(scene: &Scene, organization: &Organization) -> Organization {
    scene
        .abandoned(&lifecycle::delete(organization, scene.accepted()))
        .await;
    scene.recover().await;
    scene.record(organization.id).await
}

fn back(scene: &Scene, organization: &Organization) -> Organization {
    lifecycle::undelete(
        organization,
        (organization.handle.clone(), false),
        scene.accepted(),
    )
}

async fn an_undeletion_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let gone = deleted(&scene, &acme).await;
    scene.abandoned(&back(&scene, &gone)).await;
    scene.recover_and_rest().await;
    let record = scene.assert_in_use(acme.id, "acme", EMAIL).await;
    assert_eq!(
        (record.delete_time, record.purge_time, record.stamp),
        (None, None, acme.stamp)
    );
    scene.assert_sound().await;
}

async fn an_undeletion_that_moved_the_data_opens_the_gate(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let gone = deleted(&scene, &acme).await;
    let under = scene.abandoned(&back(&scene, &gone)).await;
    let trash = org_service::domain::CollectionName::trash(acme.id);
    scene.moves(&under, &trash, &in_use("acme")).await;
    let login = scene.platform.login(EMAIL, PASSWORD).await;
    assert_eq!(failure(login).0, Code::Unauthenticated, "the gate opens last");
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn a_suspension_outlasts_deletion_and_undeletion(place: Place) {
    let scene = Scene::new(place).await;
    let acme = suspended(&scene).await;
    let gone = deleted(&scene, &acme).await;
    scene.abandoned(&back(&scene, &gone)).await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.operation.clone()), (State::Suspended, None));
    assert_eq!(
        failure(scene.platform.login(EMAIL, PASSWORD).await).0,
        Code::Unauthenticated
    );
    scene.assert_sound().await;
}

async fn a_purge_comes_when_it_is_due_and_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let gone = deleted(&scene, &acme).await;
    scene.recover_and_rest().await;
    assert_eq!(
        scene.record(acme.id).await.state,
        State::Deleted,
        "not before its time"
    );
    scene.platform.clock.set(gone.purge_time.unwrap());
    scene.recover().await;
    let record = scene.record(acme.id).await;
    assert_eq!(
        (record.state, record.operation.clone(), record.home),
        (State::Purged, None, None)
    );
    assert_eq!(scene.all_collections().await, [""; 0]);
    // E-mail and name are free, and the id stays used.
    scene.organization("Acme").await;
    scene.assert_sound().await;
}

async fn a_halted_create_is_deleted_for_good(place: Place) {
    let scene = Scene::new(place).await;
    let record = scene.abandoned_create("Acme").await;
    scene.prepares_admin(&record, EMAIL).await;
    let reason = org_service::domain::HaltReason::AdminRefused;
    let halted = scene.wrote(&record, lifecycle::halt(&record, reason)).await;
    scene.recover_and_rest().await;
    assert_eq!(
        scene.record(record.id).await.halted(),
        Some(reason),
        "it waits for an operator"
    );
    scene
        .abandoned(&lifecycle::delete(&halted, scene.accepted()))
        .await;
    scene.recover_and_rest().await;
    let record = scene.record(record.id).await;
    assert_eq!((record.state, record.operation.clone()), (State::Purged, None));
    scene.organization("Acme").await;
    scene.assert_sound().await;
}

async fn auth_service_away_holds_an_operation_up_and_loses_nothing(place: Place) {
    let mut scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    scene
        .abandoned(&lifecycle::suspend(&acme, scene.accepted()))
        .await;
    let epoch = acme.epoch + 1;
    // Somebody else's later word stands: the operation halts rather than force its own.
    let later = scene
        .admins
        .set_gate(acme.id, epoch + 1, GateState::Suspended, &context())
        .await;
    later.unwrap();
    scene.recover().await;
    let record = scene.record(acme.id).await;
    assert!(record.halted().is_some() && record.state == State::Suspended);
    scene.platform.auth_server.take().unwrap().stop().await;
    let globex = record.id;
    scene.platform.clock.advance(Duration::from_secs(1));
    scene.recover().await;
    assert!(
        scene.record(globex).await.halted().is_some(),
        "nothing is tried on what has halted"
    );
}
