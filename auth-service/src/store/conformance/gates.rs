//! Gates: they move by epochs.

use futures::future::join_all;

use tenantry_common::store::error::StoreError;

use super::fixture::*;
use crate::domain::GateState;

pub(super) async fn a_gate_that_was_never_set_is_absent(backend: Backend) {
    assert_eq!(backend.store.get_gate(organization()).await.unwrap(), None);
}

pub(super) async fn a_gate_moves_by_epoch(backend: Backend) {
    let (organization, other) = (organization(), organization());
    for (epoch, state) in [
        (1, GateState::Open),
        (2, GateState::Suspended),
        (7, GateState::Open),
    ] {
        let gate = backend.store.set_gate(organization, state, epoch).await.unwrap();
        assert_eq!(
            (gate.organization_id, gate.state, gate.epoch),
            (organization, state, epoch)
        );
        assert_eq!(backend.replica.get_gate(organization).await.unwrap(), Some(gate));
    }
    assert_eq!(backend.store.get_gate(other).await.unwrap(), None);
}

pub(super) async fn a_stale_epoch_is_refused(backend: Backend) {
    let organization = organization();
    let gate = backend
        .store
        .set_gate(organization, GateState::Suspended, 5)
        .await
        .unwrap();
    for state in [GateState::Open, GateState::Suspended, GateState::Purged] {
        assert_eq!(
            refused(backend.replica.set_gate(organization, state, 4).await),
            "Conflict"
        );
    }
    assert_eq!(backend.store.get_gate(organization).await.unwrap(), Some(gate));
    backend
        .store
        .set_gate(organization, GateState::Open, 5)
        .await
        .unwrap();
}

pub(super) async fn shutting_a_gate_raises_its_generation_even_when_repeated(backend: Backend) {
    let organization = organization();
    let mut generations = Vec::new();
    for (state, epoch) in [
        (GateState::Open, 1),
        (GateState::Suspended, 2),
        (GateState::Suspended, 2),
        (GateState::Open, 3),
        (GateState::Purged, 4),
        (GateState::Purged, 4),
    ] {
        generations.push(
            backend
                .store
                .set_gate(organization, state, epoch)
                .await
                .unwrap()
                .generation,
        );
    }
    assert_eq!(generations, [1, 2, 3, 4, 5, 6]);
}

pub(super) async fn opening_an_open_gate_keeps_its_generation(backend: Backend) {
    let organization = organization();
    for epoch in [1, 1, 2] {
        let gate = backend
            .store
            .set_gate(organization, GateState::Open, epoch)
            .await
            .unwrap();
        assert_eq!((gate.generation, gate.epoch), (1, epoch));
    }
}

pub(super) async fn a_purged_gate_is_final(backend: Backend) {
    let organization = organization();
    let gate = backend
        .store
        .set_gate(organization, GateState::Purged, 3)
        .await
        .unwrap();
    for state in [GateState::Open, GateState::Suspended] {
        assert_eq!(
            refused(backend.store.set_gate(organization, state, 9).await),
            "Conflict"
        );
    }
    assert_eq!(backend.store.get_gate(organization).await.unwrap(), Some(gate));
}

pub(super) async fn of_twenty_concurrent_gate_calls_the_newest_stays(backend: Backend) {
    let organization = organization();
    let stores = [&backend.store, &backend.replica].into_iter().cycle();
    let calls = (1..=20).rev().zip(stores).map(|(epoch, store)| {
        let state = if epoch % 2 == 0 {
            GateState::Suspended
        } else {
            GateState::Open
        };
        store.set_gate(organization, state, epoch)
    });
    for outcome in join_all(calls).await {
        assert!(
            matches!(outcome, Ok(_) | Err(StoreError::Conflict)),
            "{outcome:?}"
        );
    }
    let gate = backend.store.get_gate(organization).await.unwrap().unwrap();
    assert_eq!((gate.epoch, gate.state), (20, GateState::Suspended));
}
