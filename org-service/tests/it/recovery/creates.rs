//! A create that stopped anywhere: what is left behind, and what becomes of it.

use org_service::{
    admins::Admins,
    domain::{CreateRequest, CreateStep, Organization, State},
    lifecycle::{self, GateState},
};
use tenantry_proto::organization::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use super::scene::{Scene, context, foreign, in_use, twin_of};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_intent_whose_admin_is_unknown_is_rolled_back,
    an_intent_whose_admin_is_prepared_goes_on,
    an_intent_whose_email_was_taken_is_rolled_back,
    a_roll_back_that_stopped_half_way_ends,
    a_decided_create_makes_its_collection,
    a_collection_whose_create_was_not_answered_is_adopted,
    a_stranger_where_the_collection_belongs_is_set_aside,
    a_late_twin_of_a_new_collection_is_set_aside,
    an_activated_admin_waits_until_the_organization_is_there,
    a_commit_whose_answer_was_lost_is_answered_to_the_repeat,
}

const EMAIL: &str = "admin@acme.example";

async fn an_intent_whose_admin_is_unknown_is_rolled_back(place: Place) {
    let scene = Scene::new(place).await;
    let record = scene.abandoned_create("Acme").await;
    scene.recover().await;
    let aborted = scene.record(record.id).await;
    assert_eq!(
        (aborted.state, aborted.operation, aborted.handles),
        (State::Aborted, None, vec![])
    );
    assert_eq!(scene.all_collections().await, [""; 0]);
    // A late PrepareAdmin is refused, and handle and e-mail are free at once.
    scene.organization("Acme").await;
    scene.assert_sound().await;
}

async fn an_intent_whose_admin_is_prepared_goes_on(place: Place) {
    let scene = Scene::new(place).await;
    let record = scene.abandoned_create("Acme").await;
    scene.prepares_admin(&record, EMAIL).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(record.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn an_intent_whose_email_was_taken_is_rolled_back(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let record = scene.abandoned_create("Bolt").await;
    let refused = scene
        .admins
        .prepare(record.admin_id, record.id, &Scene::first_admin(EMAIL), &context())
        .await;
    assert!(refused.is_err(), "{refused:?}");
    scene.recover().await;
    assert_eq!(scene.record(record.id).await.state, State::Aborted);
    scene.assert_in_use(acme.id, "acme", EMAIL).await;
    scene.organization("Bolt").await;
    scene.assert_sound().await;
}

async fn a_roll_back_that_stopped_half_way_ends(place: Place) {
    let scene = Scene::new(place).await;
    let record = scene.abandoned_create("Acme").await;
    // Prepared late, after the decision against it.
    let decided = lifecycle::with_create_step(&record, CreateStep::RollingBack);
    scene.wrote(&record, decided).await;
    scene.prepares_admin(&record, EMAIL).await;
    scene.recover().await;
    assert_eq!(scene.record(record.id).await.state, State::Aborted);
    scene.organization("Acme").await;
    scene.assert_sound().await;
}

/// A create without driver whose admin is prepared, and the decision for it recorded.
async fn decided(scene: &Scene) -> Organization {
    let record = scene.abandoned_create("Acme").await;
    scene.prepares_admin(&record, EMAIL).await;
    let decided = lifecycle::with_create_step(&record, CreateStep::AdminPrepared);
    scene.wrote(&record, decided).await
}

async fn a_decided_create_makes_its_collection(place: Place) {
    let scene = Scene::new(place).await;
    let record = decided(&scene).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(record.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn a_collection_whose_create_was_not_answered_is_adopted(place: Place) {
    let scene = Scene::new(place).await;
    let record = decided(&scene).await;
    let stamp = twin_of(&record);
    scene.makes(&record, &in_use("acme"), stamp).await;
    scene.recover_and_rest().await;
    let created = scene.assert_in_use(record.id, "acme", EMAIL).await;
    assert_eq!(created.full_stamp(), Some(stamp), "no second one was made");
    scene.assert_sound().await;
}

async fn a_stranger_where_the_collection_belongs_is_set_aside(place: Place) {
    let scene = Scene::new(place).await;
    let record = decided(&scene).await;
    scene.makes(&record, &in_use("acme"), foreign()).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(record.id, "acme", EMAIL).await;
    let all = scene.all_collections().await;
    assert!(all.len() == 2 && all[1].starts_with("stray_"), "{all:?}");
    scene.assert_sound().await;
}

async fn a_late_twin_of_a_new_collection_is_set_aside(place: Place) {
    let scene = Scene::new(place).await;
    let record = decided(&scene).await;
    scene.makes(&record, &in_use("acme"), twin_of(&record)).await;
    scene.makes(&record, &in_use("late"), twin_of(&record)).await;
    scene.recover_and_rest().await;
    scene.assert_in_use_but_for_strays(record.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn an_activated_admin_waits_until_the_organization_is_there(place: Place) {
    let scene = Scene::new(place).await;
    let record = decided(&scene).await;
    let stamp = twin_of(&record);
    scene.makes(&record, &in_use("acme"), stamp).await;
    let record = scene
        .wrote(&record, lifecycle::with_stamp(&record, stamp.attempt))
        .await;
    scene
        .admins
        .set_gate(record.id, record.epoch, GateState::Open, &context())
        .await
        .unwrap();
    scene.admins.activate(record.admin_id, &context()).await.unwrap();
    let token = scene.platform.login(EMAIL, PASSWORD).await.unwrap();
    let early = scene.platform.get(&token, &record.id.to_string()).await;
    assert_eq!(
        failure(early),
        (Code::Unavailable, "OPERATION_IN_PROGRESS".to_owned())
    );
    scene.recover_and_rest().await;
    let there = scene.platform.get(&token, &record.id.to_string()).await.unwrap();
    assert_eq!(there.collection_name, "org_acme");
    scene.assert_in_use(record.id, "acme", EMAIL).await;
    scene.assert_sound().await;
}

async fn a_commit_whose_answer_was_lost_is_answered_to_the_repeat(place: Place) {
    let scene = Scene::new(place).await;
    let request = pb::CreateOrganizationRequest {
        request_id: Uuid::from_u128(7).to_string(),
        ..create_request("Acme")
    };
    let create = || async {
        let reply = scene
            .platform
            .org
            .clone()
            .create_organization(request.clone())
            .await;
        reply.unwrap().into_inner().organization.unwrap()
    };
    let first = create().await;
    assert_eq!(create().await, first);
    let record = scene.platform.record(&first.id).await;
    assert!(matches!(record.create_request, Some(CreateRequest { key, .. }) if key == Uuid::from_u128(7)));
    assert_eq!(scene.all_collections().await, ["org_acme"]);
    scene.assert_sound().await;
}
