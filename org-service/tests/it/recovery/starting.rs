//! The reconciler in a server that starts, serves and stops.

use std::time::{Duration, Instant};

use org_service::{domain::State, lifecycle};
use tenantry_common::testing::until_serving;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    what_was_left_under_way_ends_after_a_start,
    a_server_is_ready_and_stops_while_nothing_can_be_ended,
}

/// A rename that was accepted before its server was gone.
async fn left_under_way(prepared: &Prepared, id: &str, lease: Duration) {
    let record = prepared.ground.record(id).await;
    let target = (org_service::domain::Handle::parse("bolt").unwrap(), true);
    let name = record.name.clone();
    let next = lifecycle::rename(
        &record,
        name,
        target,
        Default::default(),
        prepared.ground.accepted(),
    );
    prepared.ground.put_leased(&next, lease).await;
}

/// Only the pass at the start comes early enough for a test.
fn one_pass() -> Wishes {
    Wishes {
        reconcile: "10m",
        ..Wishes::default()
    }
}

async fn what_was_left_under_way_ends_after_a_start(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let prepared = platform.stop().await;
    left_under_way(&prepared, &acme.id, Duration::ZERO).await;
    let platform = prepared.start_with(one_pass()).await;
    eventually("the rename ends", async || {
        platform.record(&acme.id).await.operation.is_none()
    })
    .await;
    assert_eq!(platform.collections_of(&acme.id).await, ["org_bolt"]);
}

/// The lock on the file proves that whoever held the lease is gone.
#[tokio::test]
async fn embedded_leases_of_an_earlier_start_are_void_at_once() {
    let platform = Platform::start(embedded().await.unwrap()).await;
    let acme = platform.create("Acme").await;
    let prepared = platform.stop().await;
    left_under_way(&prepared, &acme.id, Duration::from_secs(3_600)).await;
    let reopened = prepared.start_with(Wishes::default()).await.stop().await;
    let platform = reopened.start_with(one_pass()).await;
    eventually("the rename ends", async || {
        platform.record(&acme.id).await.operation.is_none()
    })
    .await;
    assert_eq!(platform.collections_of(&acme.id).await, ["org_bolt"]);
}

async fn a_server_is_ready_and_stops_while_nothing_can_be_ended(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let record = platform.record(&acme.id).await;
    let next = lifecycle::suspend(&record, platform.ground.accepted());
    platform.ground.put(&next).await;
    // Nobody answers there.
    let nowhere = tenantry_common::testing::bind().await;
    let auth_url = Some(format!("http://{}", nowhere.local_addr().unwrap()));
    drop(nowhere);
    let wishes = Wishes {
        reconcile: "100ms",
        drain: "1s",
        auth_url,
        ..Wishes::default()
    };
    let replica = platform.replica(wishes).await;
    eventually("the operation is taken over", async || {
        platform.record(&acme.id).await.fence > next.fence
    })
    .await;
    until_serving(&connect(&replica.server.url).await, || false).await;
    let record = platform.record(&acme.id).await;
    assert!(record.operation.is_some() && record.state == State::Suspended);

    let began = Instant::now();
    replica.server.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "it waits for what cannot end"
    );
}
