//! What the reconciler finds, and what that costs.

use std::time::Duration;

use futures::{StreamExt, stream};
use mongodb::bson::{Document, doc};
use org_service::domain::{Organization, State};

use super::scene::{Scene, foreign, in_use, renamed};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_pass_with_nothing_to_do_costs_the_same_at_ten_thousand_organizations,
    an_operation_that_is_driven_is_left_alone,
    a_handle_goes_only_when_its_rest_is_over_and_nothing_late_is_reckoned_with,
    a_rolled_back_create_is_forgotten_after_a_week,
    many_stalled_operations_are_all_driven,
}

const TEN_THOUSAND: u32 = 10_000;

async fn calls_of_a_pass(scene: &Scene) -> usize {
    let before = scene.platform.store.calls();
    scene.recover().await;
    scene.platform.store.calls() - before
}

async fn a_pass_with_nothing_to_do_costs_the_same_at_ten_thousand_organizations(place: Place) {
    let scene = Scene::new(place).await;
    scene.organization("Acme").await;
    assert_eq!(calls_of_a_pass(&scene).await, 4);
    copy_at_rest(&scene, TEN_THOUSAND).await;
    let there = scene.store().counts().await.unwrap().organizations;
    assert_eq!(there, u64::from(TEN_THOUSAND) + 1);
    assert_eq!(calls_of_a_pass(&scene).await, 4);
}

/// Plants as many records of organizations in use, without anything that waits.
async fn copy_at_rest(scene: &Scene, many: u32) {
    let ground = &scene.platform.ground;
    let records = (0..many).map(|number| ground.active(&format!("Number {number}")));
    let Some(database) = ground.mongo() else {
        let inserts = stream::iter(records).for_each_concurrent(256, |record| async move {
            let inserted = ground.store.insert(&record, None).await;
            inserted.expect("the record is planted");
        });
        return inserts.await;
    };
    // One by one through the port would take minutes.
    let organizations = database.collection::<Document>("organizations");
    let template = organizations.find_one(doc! {}).await.unwrap().unwrap();
    let copies: Vec<Document> = records
        .map(|record| {
            let mut copy = template.clone();
            copy.insert(
                "_id",
                mongodb::bson::Uuid::from_bytes(*record.id.as_uuid().as_bytes()),
            );
            copy.insert("handles", [doc! { "handle": record.handle.as_str() }]);
            copy.insert("handle", record.handle.as_str());
            copy
        })
        .collect();
    for batch in copies.chunks(500) {
        // A batch whose answer comes late is sent twice; the count tells whether all are there.
        drop(organizations.insert_many(batch).ordered(false).await);
    }
}

async fn an_operation_that_is_driven_is_left_alone(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let next = renamed(&scene, &acme, "bolt");
    let leased = scene
        .store()
        .accept(&next, Some(super::scene::term(Duration::from_secs(3600))))
        .await
        .unwrap();
    scene.recover().await;
    assert_eq!(scene.record(acme.id).await, leased);
}

async fn a_handle_goes_only_when_its_rest_is_over_and_nothing_late_is_reckoned_with(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.recover().await;
    let held = |record: Organization| record.handles.len();
    assert_eq!(held(scene.record(acme.id).await), 2);
    // Something late turns up when the time is over: it is set aside first.
    let record = scene.record(acme.id).await;
    let under = scene.disturbed(&record).await;
    scene.makes(&under, &in_use("acme"), foreign()).await;
    let waiting = scene.ended_unsure(&under).await;
    scene.platform.clock.advance(super::scene::LONGER_THAN_ANY_WAIT);
    scene.recover().await;
    let record = scene.record(acme.id).await;
    assert_eq!(record.epoch, waiting.epoch + 1, "a REPAIR came first");
    assert_eq!(scene.collections(&record).await, ["org_bolt"]);
    scene.recover_and_rest().await;
    assert_eq!(held(scene.record(acme.id).await), 1);
    scene.assert_sound().await;
}

async fn a_rolled_back_create_is_forgotten_after_a_week(place: Place) {
    let scene = Scene::new(place).await;
    let record = scene.abandoned_create("Acme").await;
    scene.recover_and_rest().await;
    assert_eq!(scene.record(record.id).await.state, State::Aborted);
    scene.platform.clock.advance(Duration::from_secs(7 * 86_400));
    scene.recover().await;
    assert_eq!(scene.store().get(record.id).await.unwrap(), None);
    scene.assert_sound().await;
}

async fn many_stalled_operations_are_all_driven(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(scene.abandoned_create(&format!("Number {number}")).await.id);
    }
    scene.recover().await;
    for id in ids {
        assert_eq!(scene.record(id).await.state, State::Aborted);
    }
    scene.assert_in_use(acme.id, "acme", "admin@acme.example").await;
    scene.assert_sound().await;
}
