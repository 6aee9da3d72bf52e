//! An idle record is replaced by one write, and by one alone.

use std::sync::Arc;

use futures::future::join_all;
use tenantry_common::{
    id::{Ids, SystemIds},
    store::error::StoreError,
};

use super::{fixture::*, samples::*};
use crate::{
    domain::{HaltReason, Lease, Organization, State},
    store::HANDLE_INDEX,
};

pub(super) async fn a_taken_handle_is_refused_on_accept(fixture: Fixture) {
    fixture.insert(&active("taken")).await;
    let before = fixture.insert(&active("acme")).await;
    let next = Organization {
        handles: vec![held("acme"), held("taken")],
        ..deleting(&before)
    };
    assert_refused(
        fixture.store.accept(&next, Some(term(LONG))).await,
        &[HANDLE_INDEX],
    );
    assert_eq!(fixture.get(before.id).await, before);
}

pub(super) async fn a_stale_epoch_is_not_accepted(fixture: Fixture) {
    let before = fixture.insert(&active("acme")).await;
    for epoch in [before.epoch - 1, before.epoch, before.epoch + 2] {
        let next = Organization {
            epoch,
            ..deleting(&before)
        };
        assert_conflict(fixture.store.accept(&next, Some(term(LONG))).await);
        assert_conflict(fixture.store.accept(&next, None).await);
    }
    assert_eq!(fixture.get(before.id).await, before);
}

pub(super) async fn nothing_is_accepted_while_an_operation_runs(fixture: Fixture) {
    let (before, _) = fixture.driven("acme").await;
    assert_conflict(fixture.store.accept(&deleting(&before), Some(term(LONG))).await);
    assert_eq!(fixture.get(before.id).await, before);
}

pub(super) async fn a_halted_operation_is_replaced(fixture: Fixture) {
    let before = provisioning("acme");
    let stored = fixture.store.insert(&before, Some(term(LONG))).await.unwrap();
    let stalled = halted(&stored, HaltReason::CollectionMissing);
    let stale = fence_of(&stalled);
    let stalled = fixture.store.record(stale, &stalled).await.unwrap();
    for epoch in [stalled.epoch, stalled.epoch + 2] {
        let next = Organization {
            epoch,
            ..deleting(&stalled)
        };
        assert_conflict(fixture.store.accept(&next, Some(term(LONG))).await);
    }
    assert_eq!(fixture.get(before.id).await, stalled);

    let (next, wanted) = (deleting(&stalled), term(LONG));
    let accepted = fixture.store.accept(&next, Some(wanted)).await.unwrap();
    assert_eq!(without_lease(accepted.clone()), without_lease(next));
    assert_eq!(accepted.lease.as_ref().unwrap().owner, wanted.owner);
    assert_eq!(fixture.get(before.id).await, accepted);
    assert_conflict(fixture.store.record(stale, &finished(&stalled)).await);
    assert_conflict(fixture.store.renew_lease(stale, LONG).await);
    // It has an operation again, and that one is not halted.
    assert_conflict(fixture.store.accept(&deleting(&accepted), Some(term(LONG))).await);
}

pub(super) async fn a_halted_operation_that_was_taken_up_meanwhile_is_not_replaced(fixture: Fixture) {
    let stalled = halted(&provisioning("acme"), HaltReason::AdminRefused);
    let read = fixture.insert(&stalled).await;
    let taken = fixture
        .store
        .take_lease(read.id, term(LONG))
        .await
        .unwrap()
        .unwrap();
    assert_conflict(fixture.store.accept(&deleting(&read), Some(term(LONG))).await);
    assert_eq!(fixture.get(read.id).await, taken);
    fixture
        .store
        .accept(&deleting(&taken), Some(term(LONG)))
        .await
        .unwrap();
}

pub(super) async fn a_missing_record_accepts_nothing(fixture: Fixture) {
    let absent = active("acme");
    assert_not_found(fixture.store.accept(&deleting(&absent), Some(term(LONG))).await);
    assert_eq!(fixture.store.get(absent.id).await.unwrap(), None);
}

pub(super) async fn of_twenty_accepts_one_wins(fixture: Fixture) {
    let before = fixture.insert(&active("acme")).await;
    let accepts = (0..20).map(|_| {
        let (store, next) = (Arc::clone(&fixture.store), deleting(&before));
        async move { store.accept(&next, Some(term(LONG))).await }
    });
    let outcomes = join_all(accepts).await;
    assert_one_wins(&outcomes, |error| matches!(error, StoreError::Conflict));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(fixture.get(before.id).await, winner);
}

pub(super) async fn handles_given_up_are_free_and_those_taken_are_held(fixture: Fixture) {
    let before = fixture.insert(&active("acme")).await;
    let next = Organization {
        handle: handle("acme_new"),
        handles: vec![held("acme_new")],
        epoch: 2,
        ..before.clone()
    };
    fixture.store.accept(&next, None).await.unwrap();
    assert_eq!(fixture.store.find_by_handle(&handle("acme")).await.unwrap(), None);
    fixture.insert(&active("acme")).await;
    assert_refused(
        fixture.store.insert(&active("acme_new"), None).await,
        &[HANDLE_INDEX],
    );
}

pub(super) async fn an_own_resting_handle_is_revived(fixture: Fixture) {
    let before = Organization {
        handles: vec![resting("acme", later(0))],
        ..active("acme")
    };
    fixture.insert(&before).await;
    let next = Organization {
        handles: vec![held("acme")],
        ..deleting(&before)
    };
    let accepted = fixture.store.accept(&next, Some(term(LONG))).await.unwrap();
    assert_eq!(accepted.handles, [held("acme")]);
    assert_refused(fixture.store.insert(&active("acme"), None).await, &[HANDLE_INDEX]);
}

pub(super) async fn giving_up_the_request_id_frees_it(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    let create = with_request(provisioning("acme"), key);
    let stored = fixture.store.insert(&create, Some(term(LONG))).await.unwrap();
    let aborted = Organization {
        state: State::Aborted,
        handles: Vec::new(),
        home: None,
        create_request: None,
        ..finished(&stored)
    };
    fixture.store.record(fence_of(&stored), &aborted).await.unwrap();
    assert_eq!(fixture.store.find_by_create_request(key).await.unwrap(), None);
    let again = with_request(provisioning("acme"), key);
    fixture.store.insert(&again, Some(term(LONG))).await.unwrap();
}

pub(super) async fn accepting_without_a_lease_leaves_none(fixture: Fixture) {
    let before = fixture.insert(&active("acme")).await;
    let next = Organization {
        epoch: 2,
        lease: Some(Lease {
            owner: SystemIds.uuid_v4(),
            until: later(0),
        }),
        ..before
    };
    let accepted = fixture.store.accept(&next, None).await.unwrap();
    assert_eq!(accepted, without_lease(next));
    assert_eq!(fixture.get(accepted.id).await, accepted);
}
