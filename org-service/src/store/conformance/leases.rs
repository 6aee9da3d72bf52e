//! Who drives an operation, and that nobody else writes it.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tenantry_common::id::{Ids, SystemIds};

use super::{fixture::*, samples::*};
use crate::{
    domain::{CreateStep, HaltReason, Lease, OperationKind, Organization},
    store::{Fence, HANDLE_INDEX},
};

pub(super) async fn a_first_lease_is_held(fixture: Fixture) {
    let create = provisioning("acme");
    let wanted = term(LONG);
    let inserted = fixture.store.insert(&create, Some(wanted)).await.unwrap();
    assert_eq!(inserted.lease.as_ref().unwrap().owner, wanted.owner);
    assert_eq!(
        fixture.store.take_lease(create.id, term(LONG)).await.unwrap(),
        None
    );

    let idle = fixture.insert(&active("other")).await;
    let accepted = fixture
        .store
        .accept(&deleting(&idle), Some(wanted))
        .await
        .unwrap();
    assert_eq!(accepted.lease.as_ref().unwrap().owner, wanted.owner);
    assert_eq!(fixture.store.take_lease(idle.id, term(LONG)).await.unwrap(), None);
    assert_eq!(fixture.get(create.id).await, inserted);
    assert_eq!(fixture.get(idle.id).await, accepted);
}

pub(super) async fn a_lease_without_an_operation_is_not_given(fixture: Fixture) {
    let idle = fixture.insert(&active("acme")).await;
    assert_eq!(fixture.store.take_lease(idle.id, term(LONG)).await.unwrap(), None);
    assert_eq!(fixture.get(idle.id).await, idle);
}

pub(super) async fn an_operation_that_nobody_drives_is_taken(fixture: Fixture) {
    let stalled = fixture.insert(&provisioning("acme")).await;
    let wanted = term(LONG);
    let taken = fixture
        .store
        .take_lease(stalled.id, wanted)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.lease.as_ref().unwrap().owner, wanted.owner);
    assert_eq!(taken.fence, stalled.fence + 1);
    let expected = Organization {
        fence: taken.fence,
        ..stalled
    };
    assert_eq!(without_lease(taken.clone()), expected);
    assert_eq!(fixture.get(taken.id).await, taken);
}

pub(super) async fn an_expired_lease_is_taken_once(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let stalled = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    let mut winners = Vec::new();
    while winners.is_empty() {
        let takers = (0..20).map(|_| {
            let (store, id) = (Arc::clone(&fixture.store), stalled.id);
            async move { store.take_lease(id, term(LONG)).await.unwrap() }
        });
        winners = join_all(takers).await.into_iter().flatten().collect();
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(winners[0].fence, stalled.fence + 1);
    assert_eq!(fixture.get(stalled.id).await, winners[0]);
}

pub(super) async fn a_fence_is_never_used_again(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let first = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    let second = fixture.take(first.id).await;
    let third = fixture.take(first.id).await;
    assert_eq!((second.fence, third.fence), (first.fence + 1, first.fence + 2));
    let done = fixture
        .store
        .record(fence_of(&third), &finished(&third))
        .await
        .unwrap();
    assert_eq!(done.fence, third.fence);
}

pub(super) async fn renewing_moves_the_end_of_the_lease(fixture: Fixture) {
    let (before, fence) = fixture.driven("acme").await;
    fixture.store.renew_lease(fence, 2 * LONG).await.unwrap();
    let after = fixture.get(before.id).await;
    let (old, new) = (before.lease.as_ref().unwrap(), after.lease.as_ref().unwrap());
    assert_eq!(new.owner, old.owner);
    assert!(new.until.since(old.until) >= LONG, "{old:?} {new:?}");
    fixture.store.renew_lease(fence, Duration::ZERO).await.unwrap();
    assert_eq!(fixture.take(before.id).await.fence, before.fence + 1);
}

pub(super) async fn a_stale_fence_renews_nothing(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let first = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    let taken = fixture.take(first.id).await;
    assert_conflict(fixture.store.renew_lease(fence_of(&first), LONG).await);
    let other = Fence {
        operation: SystemIds.uuid_v4(),
        ..fence_of(&taken)
    };
    assert_conflict(fixture.store.renew_lease(other, LONG).await);
    assert_eq!(fixture.get(first.id).await, taken);
    assert_conflict(
        fixture
            .store
            .renew_lease(fence_of(&provisioning("absent")), LONG)
            .await,
    );
}

pub(super) async fn a_stale_fence_records_nothing(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let first = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    let taken = fixture.take(first.id).await;
    assert_conflict(fixture.store.record(fence_of(&first), &finished(&first)).await);
    assert_eq!(fixture.get(first.id).await, taken);
    let absent = provisioning("absent");
    assert_conflict(fixture.store.record(fence_of(&absent), &absent).await);
    assert_eq!(fixture.store.get(absent.id).await.unwrap(), None);
}

pub(super) async fn another_operation_records_nothing(fixture: Fixture) {
    let (before, fence) = fixture.driven("acme").await;
    let other = Fence {
        operation: SystemIds.uuid_v4(),
        ..fence
    };
    assert_conflict(fixture.store.record(other, &finished(&before)).await);
    assert_eq!(fixture.get(before.id).await, before);
    fixture.store.record(fence, &finished(&before)).await.unwrap();
    // The operation is over: its fence is worth nothing any more.
    assert_conflict(fixture.store.record(fence, &before).await);
}

pub(super) async fn recording_keeps_the_stored_lease(fixture: Fixture) {
    let (before, fence) = fixture.driven("acme").await;
    let step = CreateStep::AdminPrepared;
    let mut next = before.clone();
    next.operation.as_mut().unwrap().kind = OperationKind::Create { step };
    next.lease = Some(Lease {
        owner: SystemIds.uuid_v4(),
        until: later(0),
    });
    let expected = Organization {
        lease: before.lease.clone(),
        ..next.clone()
    };
    assert_eq!(fixture.store.record(fence, &next).await.unwrap(), expected);
    assert_eq!(
        fixture.store.record(fence, &without_lease(next)).await.unwrap(),
        expected
    );
    assert_eq!(fixture.get(before.id).await, expected);
}

pub(super) async fn finishing_takes_the_lease_away(fixture: Fixture) {
    let (before, fence) = fixture.driven("acme").await;
    let next = finished(&before);
    let recorded = fixture.store.record(fence, &next).await.unwrap();
    assert_eq!(recorded, without_lease(next));
    assert_eq!(fixture.get(before.id).await, recorded);
    fixture
        .store
        .accept(&deleting(&recorded), Some(term(LONG)))
        .await
        .unwrap();
}

pub(super) async fn a_taken_handle_is_refused_on_record(fixture: Fixture) {
    fixture.insert(&active("taken")).await;
    let (before, fence) = fixture.driven("acme").await;
    let next = Organization {
        handles: vec![held("taken")],
        ..before.clone()
    };
    assert_refused(fixture.store.record(fence, &next).await, &[HANDLE_INDEX]);
    assert_eq!(fixture.get(before.id).await, before);
}

pub(super) async fn an_operation_that_halts_has_no_lease_any_more(fixture: Fixture) {
    let (acme, fence) = fixture.driven("acme").await;
    let halted = halted(&acme, HaltReason::AdminRefused);
    let stored = fixture.store.record(fence, &halted).await.unwrap();
    assert_eq!(
        (stored.lease.clone(), stored.halted()),
        (None, Some(HaltReason::AdminRefused))
    );
    // Whoever is to look again need not wait.
    let taken = fixture
        .store
        .take_lease(acme.id, term(LONG))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.fence, acme.fence + 1);
}
