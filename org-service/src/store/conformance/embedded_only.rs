//! What the embedded store alone promises.

use std::{sync::Arc, time::Duration};

use redb::ReadableTable;
use tenantry_common::{
    id::{Ids, OrganizationId, SystemIds},
    testing::{EmbeddedTest, ManualClock},
};

use super::{fixture::*, samples::*};
use crate::{
    domain::{HaltReason, Organization, State},
    store::{Due, Store, embedded::EmbeddedStore},
};

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

/// A lease that was void when the file was opened is not waited for.
#[tokio::test]
async fn embedded_operations_of_an_earlier_start_are_due_at_once() {
    let place = EmbeddedTest::new();
    let path = place.path();
    let open = || EmbeddedStore::open(&path, 4 << 20, Arc::new(ManualClock::new()));
    let store = open().await.unwrap();
    let driven = store
        .insert(&provisioning("driven"), Some(term(LONG)))
        .await
        .unwrap();
    let waiting = halted(&provisioning("halted"), HaltReason::CollectionMissing);
    store.insert(&waiting, Some(term(LONG))).await.unwrap();
    assert_eq!(due(&store, Due::Operation).await, []);
    drop(store);

    for _ in 0..2 {
        let store = open().await.unwrap();
        let void = without_lease(driven.clone());
        assert_eq!(store.find_due(Due::Operation, later(0), 9).await.unwrap(), [void]);
    }
    let store = open().await.unwrap();
    let taken = store.take_lease(driven.id, term(LONG)).await.unwrap().unwrap();
    assert_eq!(due(&store, Due::Operation).await, []);
    store.record(fence_of(&taken), &finished(&taken)).await.unwrap();
    drop(store);
    assert_eq!(due(&open().await.unwrap(), Due::Operation).await, []);
}

/// A file that was written before there was an index of what records wait for.
#[tokio::test]
async fn embedded_records_without_an_index_are_indexed_at_open() {
    let place = EmbeddedTest::new();
    let path = place.path();
    let open = || EmbeddedStore::open(&path, 4 << 20, Arc::new(ManualClock::new()));
    let store = open().await.unwrap();
    let stalled = provisioning("stalled");
    let gone = Organization {
        state: State::Deleted,
        purge_time: Some(later(0)),
        ..active("gone")
    };
    let doubtful = Organization {
        recheck_until: Some(later(9)),
        ..active("doubtful")
    };
    let renamed = Organization {
        handles: vec![held("renamed"), resting("old", later(9))],
        ..active("renamed")
    };
    for organization in [&gone, &doubtful, &renamed, &active("acme")] {
        store.insert(organization, None).await.unwrap();
    }
    store.insert(&stalled, Some(term(LONG))).await.unwrap();
    let forget = |transaction: &redb::WriteTransaction| {
        let index = redb::TableDefinition::<(u8, i64, u128), ()>::new("organizations_due");
        assert!(transaction.delete_table(index)?);
        Ok(())
    };
    store.database().write(forget).await.unwrap();
    drop(store);

    let store = open().await.unwrap();
    let waiting = [
        (Due::Operation, stalled.id),
        (Due::Purge, gone.id),
        (Due::Recheck, doubtful.id),
        (Due::RestingHandle, renamed.id),
    ];
    for (kind, id) in waiting {
        assert_eq!(due(&store, kind).await, [id], "{kind:?}");
    }
}

async fn due(store: &EmbeddedStore, due: Due) -> Vec<OrganizationId> {
    let found = store.find_due(due, later(0), 9).await.unwrap();
    found.iter().map(|organization| organization.id).collect()
}

/// A record that was written before this field was known.
#[tokio::test]
async fn embedded_records_without_a_state_before_delete_are_read() {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::open(&place.path(), 4 << 20, Arc::new(ManualClock::new()))
        .await
        .unwrap();
    let organization = active("acme");
    store.insert(&organization, None).await.unwrap();
    let id = organization.id.as_uuid().as_u128();
    let strip = move |transaction: &redb::WriteTransaction| {
        let records = redb::TableDefinition::<u128, &[u8]>::new("organizations");
        let mut records = transaction.open_table(records)?;
        let before = records.get(id)?.unwrap().value().to_vec();
        let mut stored: serde_json::Value = serde_json::from_slice(&before).unwrap();
        let fields = stored["organization"].as_object_mut().unwrap();
        assert!(fields.remove("state_before_delete").is_some());
        records.insert(id, stored.to_string().as_bytes())?;
        Ok(())
    };
    store.database().write(strip).await.unwrap();
    assert_eq!(store.get(organization.id).await.unwrap(), Some(organization));
}

#[tokio::test]
async fn embedded_records_that_cannot_be_read_keep_nothing_else_waiting() {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::open(&place.path(), 4 << 20, Arc::new(ManualClock::new()))
        .await
        .unwrap();
    let broken = store.insert(&provisioning("broken"), None).await.unwrap();
    let waiting = store.insert(&provisioning("waiting"), None).await.unwrap();
    let id = broken.id.as_uuid().as_u128();
    let spoil = move |transaction: &redb::WriteTransaction| {
        let records = redb::TableDefinition::<u128, &[u8]>::new("organizations");
        transaction
            .open_table(records)?
            .insert(id, b"no record".as_slice())?;
        Ok(())
    };
    store.database().write(spoil).await.unwrap();
    assert_eq!(due(&store, Due::Operation).await, [waiting.id]);
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
    assert_eq!(due(&store, Due::Operation).await, []);
    clock.advance(Duration::from_millis(1));
    assert_eq!(due(&store, Due::Operation).await, [driven.id]);
    assert!(store.take_lease(driven.id, term(LONG)).await.unwrap().is_some());
}
