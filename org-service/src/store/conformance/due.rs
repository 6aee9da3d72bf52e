//! What records wait for, and that nothing else is found.

use std::time::Duration;

use tenantry_common::id::OrganizationId;

use super::{fixture::*, samples::*};
use crate::{
    domain::{CreateStep, HaltReason, OperationKind, Organization, State},
    store::Due,
};

const EVER: u64 = 1_000_000;

pub(super) async fn an_operation_that_nobody_drives_is_due(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let first = fixture.store.insert(&provisioning("first"), ended).await.unwrap();
    fixture.until_due(&[first.id]).await;
    let second = fixture
        .store
        .insert(&provisioning("second"), ended)
        .await
        .unwrap();
    fixture.until_due(&[first.id, second.id]).await;
    let unleased = fixture.insert(&provisioning("unleased")).await;
    fixture.driven("driven").await;
    fixture.insert(&active("idle")).await;

    // Those first that waited longest: by the ends of their leases, and one that never had any before all.
    let ids = [unleased.id, first.id, second.id];
    for limit in 0..=4 {
        let found = fixture.due(Due::Operation, EVER, limit).await;
        assert_eq!(found, ids[..limit.min(3)], "{limit}");
    }
    let found = fixture.store.find_due(Due::Operation, later(0), 2).await.unwrap();
    assert_eq!(found, [unleased, first]);
}

pub(super) async fn an_operation_that_is_driven_or_over_is_not_due(fixture: Fixture) {
    let ended = Some(term(Duration::ZERO));
    let stored = fixture.store.insert(&provisioning("acme"), ended).await.unwrap();
    fixture.until_due(&[stored.id]).await;
    let taken = fixture
        .store
        .take_lease(stored.id, term(LONG))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);

    let fence = fence_of(&taken);
    fixture.store.renew_lease(fence, Duration::ZERO).await.unwrap();
    fixture.until_due(&[stored.id]).await;
    fixture.store.renew_lease(fence, LONG).await.unwrap();
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);

    fixture.store.renew_lease(fence, Duration::ZERO).await.unwrap();
    let mut further = taken.clone();
    further.operation.as_mut().unwrap().kind = OperationKind::Create {
        step: CreateStep::AdminPrepared,
    };
    fixture.store.record(fence, &further).await.unwrap();
    fixture.until_due(&[stored.id]).await;
    fixture.store.record(fence, &finished(&further)).await.unwrap();
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);
}

pub(super) async fn a_halted_operation_is_not_due_until_it_goes_on(fixture: Fixture) {
    let reason = HaltReason::CollectionMissing;
    let stalled = provisioning("acme");
    fixture.insert(&halted(&stalled, reason)).await;
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);
    let taken = fixture.take(stalled.id).await;
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);
    let mut unhalted = taken.clone();
    unhalted.operation.as_mut().unwrap().halted = None;
    fixture.store.record(fence_of(&taken), &unhalted).await.unwrap();
    fixture.until_due(&[stalled.id]).await;
    fixture
        .store
        .record(fence_of(&taken), &halted(&unhalted, reason))
        .await
        .unwrap();
    assert_eq!(fixture.due(Due::Operation, EVER, 9).await, []);
}

pub(super) async fn a_purge_is_due_once_its_time_has_come(fixture: Fixture) {
    let mut ids = Vec::new();
    for (state, time) in [
        (State::Deleted, 30),
        (State::Aborted, 20),
        (State::Deleted, 10),
        (State::Aborted, 40),
    ] {
        ids.push((time, fixture.insert(&going(state, time)).await.id));
    }
    ids.sort_unstable();
    let ids: Vec<_> = ids.into_iter().map(|(_, id)| id).collect();
    for (now, count) in [(9, 0), (10, 1), (19, 1), (20, 2), (39, 3), (EVER, 4)] {
        assert_eq!(fixture.due(Due::Purge, now, 9).await, ids[..count], "{now}");
    }
    for limit in 0..=4 {
        assert_eq!(
            fixture.due(Due::Purge, EVER, limit).await,
            ids[..limit],
            "{limit}"
        );
    }
}

pub(super) async fn what_does_not_go_is_not_due_for_a_purge(fixture: Fixture) {
    for state in [
        State::Provisioning,
        State::Active,
        State::Suspended,
        State::Purged,
    ] {
        fixture.insert(&going(state, 0)).await;
    }
    let kept = Organization {
        purge_time: None,
        ..going(State::Deleted, 0)
    };
    fixture.insert(&kept).await;
    let changing = Organization {
        operation: Some(operation(OperationKind::Undelete)),
        ..going(State::Deleted, 0)
    };
    fixture.insert(&changing).await;
    fixture
        .insert(&halted(&changing_too(), HaltReason::CollectionMissing))
        .await;
    assert_eq!(fixture.due(Due::Purge, EVER, 9).await, []);
}

pub(super) async fn a_purge_or_a_restored_record_is_not_due_for_a_purge(fixture: Fixture) {
    let [purged, restored] = [going(State::Deleted, 0), going(State::Deleted, 1)];
    for organization in [&purged, &restored] {
        fixture.insert(organization).await;
    }
    assert_eq!(fixture.due(Due::Purge, EVER, 9).await, [purged.id, restored.id]);
    let purge = Organization {
        state: State::Purged,
        ..accepted(&purged, OperationKind::Purge)
    };
    fixture.store.accept(&purge, Some(term(LONG))).await.unwrap();
    assert_eq!(fixture.due(Due::Purge, EVER, 9).await, [restored.id]);
    fixture
        .store
        .record(fence_of(&purge), &finished(&purge))
        .await
        .unwrap();
    let undelete = Organization {
        purge_time: None,
        ..accepted(&restored, OperationKind::Undelete)
    };
    fixture.store.accept(&undelete, Some(term(LONG))).await.unwrap();
    fixture
        .store
        .record(fence_of(&undelete), &finished(&undelete))
        .await
        .unwrap();
    assert_eq!(fixture.due(Due::Purge, EVER, 9).await, []);
}

pub(super) async fn every_recheck_is_due_whenever_it_ends(fixture: Fixture) {
    let mut ids = Vec::new();
    for (state, until) in [
        (State::Active, 30),
        (State::Purged, 10),
        (State::Aborted, 40),
        (State::Deleted, 20),
    ] {
        let organization = Organization {
            state,
            recheck_until: Some(later(until)),
            ..numbered(until)
        };
        ids.push((until, fixture.insert(&organization).await.id));
    }
    ids.sort_unstable();
    let ids: Vec<_> = ids.into_iter().map(|(_, id)| id).collect();
    fixture.insert(&active("acme")).await;
    let running = Organization {
        recheck_until: Some(later(0)),
        ..provisioning("running")
    };
    fixture.insert(&running).await;
    for limit in 0..=5 {
        let found = fixture.due(Due::Recheck, 0, limit).await;
        assert_eq!(found, ids[..limit.min(4)], "{limit}");
    }
    assert!(fixture.store.end_recheck(ids[0], 1, later(10)).await.unwrap());
    let repair = accepted(&fixture.get(ids[1]).await, OperationKind::Repair);
    fixture.store.accept(&repair, Some(term(LONG))).await.unwrap();
    assert_eq!(fixture.due(Due::Recheck, 0, 9).await, ids[2..]);
    let repaired = finished(&repair);
    fixture.store.record(fence_of(&repair), &repaired).await.unwrap();
    assert_eq!(fixture.due(Due::Recheck, 0, 9).await, ids[1..]);
}

pub(super) async fn every_resting_handle_is_due_however_long_it_rests(fixture: Fixture) {
    let renamed = Organization {
        handles: vec![
            held("new"),
            resting("old", later(30)),
            resting("older", later(15)),
        ],
        ..active("new")
    };
    let deleted = Organization {
        handles: vec![resting("gone", later(20))],
        state: State::Deleted,
        ..active("gone")
    };
    let first = Organization {
        handles: vec![held("first_new"), resting("first", later(10))],
        ..active("first")
    };
    let running = Organization {
        handles: vec![resting("running", later(0))],
        ..provisioning("running")
    };
    for organization in [&renamed, &deleted, &first, &running, &active("acme")] {
        fixture.insert(organization).await;
    }
    let ids = [first.id, renamed.id, deleted.id];
    for limit in 0..=4 {
        let found = fixture.due(Due::RestingHandle, 0, limit).await;
        assert_eq!(found, ids[..limit.min(3)], "{limit}");
    }

    fixture.release(renamed.id, "older").await;
    let ids = [first.id, deleted.id, renamed.id];
    assert_eq!(fixture.due(Due::RestingHandle, 0, 9).await, ids);
    fixture.release(renamed.id, "old").await;
    fixture.release(deleted.id, "gone").await;
    assert_eq!(fixture.due(Due::RestingHandle, 0, 9).await, [first.id]);
    let revived = Organization {
        handles: vec![held("first_new"), held("first")],
        ..accepted(&first, OperationKind::Repair)
    };
    fixture.store.accept(&revived, Some(term(LONG))).await.unwrap();
    assert_eq!(fixture.due(Due::RestingHandle, 0, 9).await, []);
    fixture
        .store
        .record(fence_of(&revived), &finished(&revived))
        .await
        .unwrap();
    assert_eq!(fixture.due(Due::RestingHandle, 0, 9).await, []);
}

/// An idle record in this state, with a time at which it would go.
fn going(state: State, time: u64) -> Organization {
    let handles = Vec::new();
    Organization {
        state,
        handles,
        purge_time: Some(later(time)),
        ..numbered(time)
    }
}

fn changing_too() -> Organization {
    Organization {
        operation: Some(operation(OperationKind::Delete)),
        ..going(State::Deleted, 0)
    }
}

fn numbered(number: u64) -> Organization {
    active(&format!("org{number}"))
}

impl Fixture {
    async fn due(&self, due: Due, now: u64, limit: usize) -> Vec<OrganizationId> {
        let found = self.store.find_due(due, later(now), limit).await.unwrap();
        found.iter().map(|organization| organization.id).collect()
    }

    /// Waits until the store's clock has passed the ends of these operations' leases.
    async fn until_due(&self, ids: &[OrganizationId]) {
        for _ in 0..100_000 {
            let found = self.due(Due::Operation, 0, 9).await;
            if found.len() == ids.len() {
                return assert_eq!(found, ids);
            }
        }
        panic!("{ids:?} are not found")
    }

    async fn release(&self, id: OrganizationId, text: &str) {
        let released = self.store.release_handle(id, &handle(text), later(30)).await;
        assert!(released.unwrap(), "{text}");
    }
}
