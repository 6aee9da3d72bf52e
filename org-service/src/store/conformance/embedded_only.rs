//! What the embedded store alone promises.

use std::{sync::Arc, time::Duration};

use tenantry_common::{
    id::{Ids, SystemIds},
    testing::{EmbeddedTest, ManualClock},
};

use super::{fixture::*, samples::*};
use crate::store::{Store, embedded::EmbeddedStore};

/// On MongoDB a command cannot carry the fence.
#[tokio::test]
async fn embedded_commands_under_a_stale_fence_conflict() {
    let fixture = embedded_fixture().await.unwrap();
    let ended = Some(term(Duration::ZERO));
    let organization = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    let (stale, name, stamp) = (fence_of(&organization), in_use("acme"), stamp(&organization));
    fixture
        .store
        .create_collection(stale, &name, stamp)
        .await
        .unwrap();
    let taken = fixture.take(organization.id).await;
    let other = in_use("other");
    assert_conflict(fixture.store.create_collection(stale, &other, stamp).await);
    assert_conflict(fixture.store.rename_collection(stale, &name, &other).await);
    assert_conflict(fixture.store.drop_collection(stale, &name).await);
    assert_eq!(
        fixture.look(organization.id, &[&other]).await,
        [seen(&name, Some(stamp))]
    );
    fixture
        .store
        .drop_collection(fence_of(&taken), &name)
        .await
        .unwrap();
    fixture
        .store
        .record(fence_of(&taken), &finished(&taken))
        .await
        .unwrap();
    assert_conflict(
        fixture
            .store
            .create_collection(fence_of(&taken), &name, stamp)
            .await,
    );
}

/// MongoDB cannot know that a driver's process has ended.
#[tokio::test]
async fn embedded_leases_of_an_earlier_start_are_void() {
    let place = EmbeddedTest::new();
    let path = place.path();
    let open = || EmbeddedStore::open(&path, 4 << 20, Arc::new(ManualClock::new()));
    let store = open().await.unwrap();
    let create = with_request(provisioning("acme"), SystemIds.uuid_v4());
    let driven = store.insert(&create, Some(term(LONG))).await.unwrap();
    let fence = fence_of(&driven);
    store
        .create_collection(fence, &in_use("acme"), stamp(&driven))
        .await
        .unwrap();
    assert_eq!(store.take_lease(driven.id, term(LONG)).await.unwrap(), None);
    drop(store);

    let store = open().await.unwrap();
    assert_eq!(store.get(driven.id).await.unwrap(), Some(create.clone()));
    assert_eq!(
        store.find_by_handle(&create.handle).await.unwrap(),
        Some(create.clone())
    );
    assert_conflict(store.renew_lease(fence, LONG).await);
    assert_eq!(store.look(driven.id, &[]).await.unwrap().len(), 1);
    let taken = store.take_lease(driven.id, term(LONG)).await.unwrap().unwrap();
    assert_eq!(taken.fence, driven.fence + 1);
    assert_eq!(store.take_lease(driven.id, term(LONG)).await.unwrap(), None);
}

/// By the clock that was passed in, to the millisecond; MongoDB's own cannot be set.
#[tokio::test]
async fn embedded_leases_end_by_the_clock() {
    let (place, clock) = (EmbeddedTest::new(), Arc::new(ManualClock::new()));
    let store = EmbeddedStore::open(&place.path(), 4 << 20, clock.clone())
        .await
        .unwrap();
    let driven = store
        .insert(&provisioning("acme"), Some(term(LONG)))
        .await
        .unwrap();
    assert_eq!(driven.lease.unwrap().until, later(0) + LONG);
    clock.advance(LONG);
    assert_eq!(store.take_lease(driven.id, term(LONG)).await.unwrap(), None);
    clock.advance(Duration::from_millis(1));
    assert!(store.take_lease(driven.id, term(LONG)).await.unwrap().is_some());
}
