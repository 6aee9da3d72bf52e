//! What waits comes to its end by one write, and only as long as it is what was looked at.

use tenantry_common::id::{Ids, SystemIds};

use super::{fixture::*, samples::*};
use crate::domain::{HaltReason, OperationKind, Organization, State};

fn doubtful(text: &str) -> Organization {
    Organization {
        epoch: 3,
        recheck_until: Some(later(10)),
        handles: vec![held(text)],
        ..active(text)
    }
}

pub(super) async fn a_recheck_ends(fixture: Fixture) {
    let before = fixture.insert(&doubtful("acme")).await;
    assert!(fixture.store.end_recheck(before.id, 3, later(10)).await.unwrap());
    let expected = Organization {
        recheck_until: None,
        ..before
    };
    assert_eq!(fixture.get(expected.id).await, expected);
    assert!(
        !fixture
            .store
            .end_recheck(expected.id, 3, later(10))
            .await
            .unwrap()
    );
}

pub(super) async fn a_recheck_of_what_has_changed_does_not_end(fixture: Fixture) {
    let before = fixture.insert(&doubtful("acme")).await;
    for (epoch, until) in [(2, 10), (4, 10), (3, 9), (3, 11)] {
        let ended = fixture.store.end_recheck(before.id, epoch, later(until)).await;
        assert!(!ended.unwrap(), "{epoch} {until}");
    }
    assert_eq!(fixture.get(before.id).await, before);

    let running = Organization {
        operation: Some(operation(OperationKind::Repair)),
        ..doubtful("running")
    };
    let waiting = Organization {
        operation: Some(operation(OperationKind::Repair)),
        ..doubtful("waiting")
    };
    let waiting = halted(&waiting, HaltReason::CollectionTwice);
    for organization in [running, waiting] {
        fixture.insert(&organization).await;
        let ended = fixture.store.end_recheck(organization.id, 3, later(10)).await;
        assert!(!ended.unwrap());
        assert_eq!(fixture.get(organization.id).await, organization);
    }
    let absent = active("absent").id;
    assert!(!fixture.store.end_recheck(absent, 3, later(10)).await.unwrap());
    assert_eq!(fixture.store.get(absent).await.unwrap(), None);
}

fn aborted(text: &str) -> Organization {
    Organization {
        state: State::Aborted,
        handles: Vec::new(),
        home: None,
        stamp: None,
        purge_time: Some(later(10)),
        ..active(text)
    }
}

pub(super) async fn an_aborted_record_is_removed_with_all_that_it_held(fixture: Fixture) {
    let key = SystemIds.uuid_v4();
    let gone = fixture.insert(&with_request(aborted("acme"), key)).await;
    let kept = fixture.insert(&aborted("acme")).await;
    assert!(fixture.store.remove_aborted(gone.id, later(10)).await.unwrap());
    assert_eq!(fixture.store.get(gone.id).await.unwrap(), None);
    assert_eq!(fixture.store.find_by_create_request(key).await.unwrap(), None);
    assert_eq!(fixture.store.records(None, 9).await.unwrap(), [kept]);
    assert!(!fixture.store.remove_aborted(gone.id, later(10)).await.unwrap());
    fixture.insert(&with_request(aborted("acme"), key)).await;
}

pub(super) async fn no_other_record_is_removed(fixture: Fixture) {
    let with = |state| Organization {
        state,
        ..aborted("acme")
    };
    let running = || Organization {
        operation: Some(operation(OperationKind::Repair)),
        ..aborted("acme")
    };
    let holder = Organization {
        handles: vec![held("held")],
        ..aborted("held")
    };
    let resting = Organization {
        handles: vec![resting("rests", later(0))],
        ..aborted("rests")
    };
    let kept = [
        with(State::Provisioning),
        with(State::Active),
        with(State::Suspended),
        with(State::Deleted),
        with(State::Purged),
        halted(&running(), HaltReason::AdminRefused),
        running(),
        holder,
        resting,
        Organization {
            purge_time: None,
            ..aborted("acme")
        },
        Organization {
            purge_time: Some(later(11)),
            ..aborted("acme")
        },
    ];
    for organization in kept {
        fixture.insert(&organization).await;
        let removed = fixture.store.remove_aborted(organization.id, later(10)).await;
        assert!(!removed.unwrap(), "{organization:?}");
        assert_eq!(fixture.get(organization.id).await, organization);
    }
}
