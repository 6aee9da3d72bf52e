//! Handles that rest, and when they are let go.

use super::{fixture::*, samples::*};
use crate::domain::{HaltReason, Organization};

pub(super) async fn a_rested_handle_is_released(fixture: Fixture) {
    let holder = Organization {
        handles: vec![
            held("acme_new"),
            resting("acme", later(10)),
            resting("acme_old", later(20)),
        ],
        ..active("acme")
    };
    fixture.insert(&holder).await;
    assert!(
        fixture
            .store
            .release_handle(holder.id, &handle("acme"), later(10))
            .await
            .unwrap()
    );
    let expected = Organization {
        handles: vec![held("acme_new"), resting("acme_old", later(20))],
        ..holder
    };
    assert_eq!(fixture.get(expected.id).await, expected);
    assert!(
        !fixture
            .store
            .release_handle(expected.id, &handle("acme"), later(10))
            .await
            .unwrap()
    );
    fixture.insert(&active("acme")).await;
}

pub(super) async fn a_handle_that_rests_or_is_in_use_is_not_released(fixture: Fixture) {
    let holder = Organization {
        handles: vec![
            held("acme_new"),
            resting("acme", later(10)),
            resting("rested", later(5)),
        ],
        ..active("acme")
    };
    fixture.insert(&holder).await;
    for name in ["acme_new", "acme", "unknown"] {
        let released = fixture
            .store
            .release_handle(holder.id, &handle(name), later(9))
            .await
            .unwrap();
        assert!(!released, "{name}");
    }
    assert_eq!(fixture.get(holder.id).await, holder);
}

pub(super) async fn no_handle_is_released_during_an_operation(fixture: Fixture) {
    let holder = Organization {
        handles: vec![resting("acme", later(10))],
        ..provisioning("acme")
    };
    fixture.insert(&holder).await;
    assert!(
        !fixture
            .store
            .release_handle(holder.id, &handle("acme"), later(11))
            .await
            .unwrap()
    );
    assert_eq!(fixture.get(holder.id).await, holder);

    let waiting = Organization {
        handles: vec![resting("waiting", later(10))],
        ..provisioning("waiting")
    };
    let waiting = fixture.insert(&halted(&waiting, HaltReason::AdminRefused)).await;
    let released = fixture
        .store
        .release_handle(waiting.id, &handle("waiting"), later(11))
        .await;
    assert!(!released.unwrap());
}

pub(super) async fn no_handle_is_released_before_the_recheck_is_ended(fixture: Fixture) {
    let holder = Organization {
        handles: vec![resting("acme", later(10))],
        recheck_until: Some(later(12)),
        ..active("acme")
    };
    fixture.insert(&holder).await;
    let release = async |now| {
        let acme = handle("acme");
        let released = fixture.store.release_handle(holder.id, &acme, now).await;
        released.unwrap()
    };
    // That its time has passed ends no recheck.
    for now in [11, 12, 13, 1_000_000] {
        assert!(!release(later(now)).await, "{now}");
    }
    assert_eq!(fixture.get(holder.id).await, holder);
    let ended = fixture
        .store
        .end_recheck(holder.id, holder.epoch, later(12))
        .await;
    assert!(ended.unwrap());
    assert!(release(later(10)).await);
}

pub(super) async fn records_that_released_their_last_handle_coexist(fixture: Fixture) {
    for name in ["one", "two"] {
        let holder = Organization {
            handles: vec![resting(name, later(10))],
            ..active(name)
        };
        fixture.insert(&holder).await;
        assert!(
            fixture
                .store
                .release_handle(holder.id, &handle(name), later(10))
                .await
                .unwrap()
        );
        assert_eq!(fixture.get(holder.id).await.handles, []);
    }
}
