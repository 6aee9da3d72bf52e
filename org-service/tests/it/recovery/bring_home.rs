//! Bringing the collection home, row by row of the rule: by a driver that takes over, and by the reconciler's sweep
//! after an operation that was not sure of something.

use org_service::{
    domain::{CollectionName, HaltReason, Organization, State},
    lifecycle,
};
use tenantry_common::id::{Ids, SystemIds};
use tenantry_proto::organization::v1::FindingKind;

use super::scene::{Scene, foreign, in_use, renamed, twin_of};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_collection_at_home_is_left_alone,
    a_stranger_at_home_is_set_aside,
    an_unstamped_collection_at_home_is_set_aside_with_its_documents,
    anothers_collection_at_home_is_set_aside_and_found_by_its_owner,
    a_collection_is_moved_home_from_wherever_it_is,
    a_sweep_moves_a_displaced_collection_home,
    a_twin_at_home_is_set_aside_and_never_adopted,
    a_twin_elsewhere_is_set_aside_by_the_sweep,
    a_stranger_at_a_resting_handles_name_is_set_aside_by_the_sweep,
    a_stranger_in_the_trash_is_set_aside,
    two_collections_of_the_very_stamp_halt,
    a_collection_that_is_nowhere_halts_and_none_is_made,
    a_purge_drops_the_collection_wherever_it_is,
    a_purge_whose_collection_is_gone_ends,
}

const EMAIL: &str = "admin@acme.example";

fn trash(organization: &Organization) -> CollectionName {
    CollectionName::trash(organization.id)
}

async fn a_collection_at_home_is_left_alone(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.moves(&under, &in_use("acme"), &in_use("bolt")).await;
    scene.recover_and_rest().await;
    let after = scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    assert_eq!(after.stamp, acme.stamp);
    scene.assert_sound().await;
}

async fn a_stranger_at_home_is_set_aside(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.makes(&under, &in_use("bolt"), foreign()).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    let all = scene.all_collections().await;
    assert!(all.len() == 2 && all[1].starts_with("stray_"), "{all:?}");
    scene.assert_sound().await;
}

async fn an_unstamped_collection_at_home_is_set_aside_with_its_documents(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let ground = &scene.platform.ground;
    ground.write("org_acme", &["acknowledged"]).await;
    scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    ground.write("org_bolt", &["stray"]).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    let all = scene.all_collections().await;
    assert!(all.len() == 2 && all[1].starts_with("stray_"), "{all:?}");
    assert_eq!(ground.documents("org_bolt").await.unwrap(), ["acknowledged"]);
    assert_eq!(ground.documents(&all[1]).await.unwrap(), ["stray"]);
    scene.assert_sound().await;
}

async fn anothers_collection_at_home_is_set_aside_and_found_by_its_owner(place: Place) {
    let scene = Scene::new(place).await;
    let (acme, globex) = (
        scene.organization("Acme").await,
        scene.organization("Globex").await,
    );
    let late = scene.disturbed(&globex).await;
    scene.moves(&late, &in_use("globex"), &in_use("bolt")).await;
    scene.ended_unsure(&late).await;
    scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.recover_and_rest().await;
    scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    scene
        .assert_in_use(globex.id, "globex", "admin@globex.example")
        .await;
    assert_eq!(scene.all_collections().await, ["org_bolt", "org_globex"]);
    scene.assert_sound().await;
}

/// Everywhere that an organization's collection can stand but at home.
fn elsewhere(organization: &Organization) -> [CollectionName; 4] {
    [
        in_use("elsewhere"),
        trash(organization),
        CollectionName::stray(SystemIds.uuid_v4()),
        CollectionName::condemned(organization.id, SystemIds.uuid_v4()),
    ]
}

async fn a_collection_is_moved_home_from_wherever_it_is(place: Place) {
    let scene = Scene::new(place).await;
    let mut acme = scene.organization("Acme").await;
    for away in elsewhere(&acme) {
        let under = scene.disturbed(&acme).await;
        scene.moves(&under, &in_use("acme"), &away).await;
        scene.recover().await;
        acme = scene.assert_in_use(acme.id, "acme", EMAIL).await;
        assert!(acme.recheck_until.is_some(), "another lease was needed: {away}");
    }
    scene.recover_and_rest().await;
    assert_eq!(scene.record(acme.id).await.recheck_until, None);
    scene.assert_sound().await;
}

async fn a_sweep_moves_a_displaced_collection_home(place: Place) {
    let scene = Scene::new(place).await;
    let mut acme = scene.organization("Acme").await;
    for away in elsewhere(&acme) {
        let under = scene.disturbed(&acme).await;
        scene.moves(&under, &in_use("acme"), &away).await;
        let idle = scene.ended_unsure(&under).await;
        scene.recover().await;
        acme = scene.assert_in_use(acme.id, "acme", EMAIL).await;
        assert_eq!(acme.epoch, idle.epoch + 1, "one REPAIR: {away}");
    }
    scene.recover_and_rest().await;
    scene.assert_sound().await;
}

async fn a_twin_at_home_is_set_aside_and_never_adopted(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.disturbed(&acme).await;
    scene.moves(&under, &in_use("acme"), &trash(&acme)).await;
    scene.makes(&under, &in_use("acme"), twin_of(&acme)).await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.stamp), (State::Active, acme.stamp));
    let seen = scene.store().look(acme.id, &[]).await.unwrap();
    let home = seen.iter().find(|seen| seen.name == in_use("acme")).unwrap();
    assert_eq!(home.stamp, acme.full_stamp());
    assert!(seen.len() == 2 && seen[1].name.is_stray(), "{seen:?}");
    scene.assert_sound().await;
}

async fn a_twin_elsewhere_is_set_aside_by_the_sweep(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.disturbed(&acme).await;
    scene.makes(&under, &in_use("elsewhere"), twin_of(&acme)).await;
    scene.ended_unsure(&under).await;
    scene.recover_and_rest().await;
    let all = scene.all_collections().await;
    assert!(
        all.len() == 2 && all[0] == "org_acme" && all[1].starts_with("stray_"),
        "{all:?}"
    );
    scene.assert_sound().await;
}

async fn a_stranger_at_a_resting_handles_name_is_set_aside_by_the_sweep(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    scene.abandoned(&renamed(&scene, &acme, "bolt")).await;
    scene.recover().await;
    let renamed = scene.record(acme.id).await;
    let under = scene.disturbed(&renamed).await;
    scene.makes(&under, &in_use("acme"), foreign()).await;
    let ended = Organization {
        operation: None,
        recheck_until: None,
        ..under.clone()
    };
    scene.wrote(&under, ended).await;
    scene.recover_and_rest().await;
    let record = scene.assert_in_use(acme.id, "bolt", EMAIL).await;
    assert_eq!(record.handles.len(), 1, "the old handle is free");
    let all = scene.all_collections().await;
    assert!(all.len() == 2 && all[1].starts_with("stray_"), "{all:?}");
    scene.assert_sound().await;
}

async fn a_stranger_in_the_trash_is_set_aside(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.abandoned(&lifecycle::delete(&acme, scene.accepted())).await;
    scene.makes(&under, &trash(&acme), foreign()).await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.operation.clone()), (State::Deleted, None));
    assert_eq!(scene.collections_of(acme.id).await, [trash(&acme).to_string()]);
    scene.assert_sound().await;
}

async fn two_collections_of_the_very_stamp_halt(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.disturbed(&acme).await;
    scene
        .makes(&under, &trash(&acme), acme.full_stamp().unwrap())
        .await;
    let before = scene.all_collections().await;
    scene.recover_and_rest().await;
    assert_eq!(
        scene.record(acme.id).await.halted(),
        Some(HaltReason::CollectionTwice)
    );
    assert_eq!(scene.all_collections().await, before, "everything is kept");
    let kinds: Vec<_> = scene.damage().await.iter().map(|found| found.kind()).collect();
    assert!(kinds.contains(&FindingKind::OperationHalted), "{kinds:?}");
}

async fn a_collection_that_is_nowhere_halts_and_none_is_made(place: Place) {
    let scene = Scene::new(place).await;
    let acme = scene.organization("Acme").await;
    let under = scene.disturbed(&acme).await;
    let fence = super::scene::fence(&under);
    scene
        .store()
        .drop_collection(fence, &in_use("acme"))
        .await
        .unwrap();
    scene.ended_unsure(&under).await;
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!(record.halted(), Some(HaltReason::CollectionMissing));
    assert_eq!(scene.all_collections().await, [""; 0]);
    let kinds: Vec<_> = scene.damage().await.iter().map(|found| found.kind()).collect();
    assert!(kinds.contains(&FindingKind::OperationHalted), "{kinds:?}");
}

/// A deleted organization whose retention is over.
async fn deleted(scene: &Scene) -> Organization {
    let acme = scene.organization("Acme").await;
    scene.abandoned(&lifecycle::delete(&acme, scene.accepted())).await;
    scene.recover_and_rest().await;
    scene.record(acme.id).await
}

async fn a_purge_drops_the_collection_wherever_it_is(place: Place) {
    let scene = Scene::new(place).await;
    let acme = deleted(&scene).await;
    let under = scene.abandoned(&lifecycle::purge(&acme, scene.accepted())).await;
    let condemned = CollectionName::condemned(acme.id, SystemIds.uuid_v4());
    scene.moves(&under, &trash(&acme), &condemned).await;
    scene.recover_and_rest().await;
    assert_eq!(scene.record(acme.id).await.state, State::Purged);
    assert_eq!(scene.all_collections().await, [""; 0]);
    scene.assert_sound().await;
}

async fn a_purge_whose_collection_is_gone_ends(place: Place) {
    let scene = Scene::new(place).await;
    let acme = deleted(&scene).await;
    let under = scene.abandoned(&lifecycle::purge(&acme, scene.accepted())).await;
    let fence = super::scene::fence(&under);
    scene.store().drop_collection(fence, &trash(&acme)).await.unwrap();
    scene.recover_and_rest().await;
    let record = scene.record(acme.id).await;
    assert_eq!((record.state, record.operation), (State::Purged, None));
    // Its e-mail and its name are free.
    scene.organization("Acme").await;
    scene.assert_sound().await;
}
