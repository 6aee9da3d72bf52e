//! What a record is when an operation is accepted, and what it is at the operation's end.

use std::time::Duration;

use super::*;
use crate::{
    domain::{CreateRequest, OperationKind},
    lifecycle::{
        Policy, finish, halt, own_names, relabel, repair, reservation, resume, suspend, undelete, unhalted,
    },
};

const POLICY: Policy = Policy {
    retention: Duration::from_secs(70),
    handle_rest: Duration::from_secs(6),
    recheck: Duration::from_secs(5),
};
const LATER: Timestamp = Timestamp::from_millis(1_000);

fn finished(organization: &Organization) -> Organization {
    finish(organization, &Observed::nothing(), &POLICY, LATER)
}

fn suspended() -> Organization {
    finished(&suspend(&active(), ACCEPTED))
}

fn deleted() -> Organization {
    finished(&delete(&active(), ACCEPTED))
}

fn held(organization: &Organization) -> Vec<(&str, Option<Timestamp>)> {
    let held = organization.handles.iter();
    held.map(|held| (held.handle.as_str(), held.rest_until)).collect()
}

fn labels() -> Labels {
    Labels::parse([("plan".to_owned(), "gold".to_owned())]).unwrap()
}

/// A create that waits for an operator, and has a request id.
fn halted_create() -> Organization {
    let request = CreateRequest {
        key: Uuid::from_u128(20),
        fingerprint: "f00d".to_owned(),
    };
    Organization {
        create_request: Some(request),
        ..halt(&prepared(), HaltReason::CollectionTwice)
    }
}

#[test]
fn every_acceptance_counts_and_begins_one_operation() {
    let to = || (handle("beta"), true);
    let accepted = [
        (renaming(), "RENAME"),
        (suspend(&active(), ACCEPTED), "SUSPEND"),
        (resume(&active(), ACCEPTED), "RESUME"),
        (delete(&active(), ACCEPTED), "DELETE"),
        (undelete(&active(), to(), ACCEPTED), "UNDELETE"),
        (purge(&active(), ACCEPTED), "PURGE"),
        (repair(&active(), ACCEPTED), "REPAIR"),
    ];
    for (organization, kind) in accepted {
        assert_eq!((organization.epoch, organization.fence), (2, 2), "{kind}");
        let operation = organization.operation.unwrap();
        assert_eq!((operation.kind.as_str(), operation.first_fence), (kind, 2));
        assert_eq!((operation.id, operation.halted), (ACCEPTED.operation, None));
    }
}

#[test]
fn an_acceptance_is_dated_and_a_repair_no_change() {
    let accepted = Accepted {
        now: LATER,
        ..ACCEPTED
    };
    let deleting = delete(&active(), accepted);
    assert_eq!((deleting.update_time, deleting.delete_time), (LATER, Some(LATER)));
    assert_eq!(suspend(&active(), accepted).update_time, LATER);
    assert_eq!(repair(&active(), accepted).update_time, ACCEPTED.now);
}

#[test]
fn a_relabelling_is_done_with_its_write() {
    let relabelled = relabel(&active(), name("Acme Inc."), true, labels(), LATER);
    let expected = Organization {
        name: name("Acme Inc."),
        handle_given: true,
        labels: labels(),
        epoch: 2,
        update_time: LATER,
        ..active()
    };
    assert_eq!(relabelled, expected);
}

#[test]
fn a_rename_takes_the_new_handle_at_once_and_lets_the_former_one_rest_at_its_end() {
    let to = (handle("beta"), true);
    let renaming = rename(&active(), name("Beta"), to, labels(), ACCEPTED);
    assert_eq!(held(&renaming), [("acme", None), ("beta", None)]);
    let (beta, labelled) = (Some(place("org_beta")), labels());
    assert_eq!((&renaming.home, &renaming.labels), (&beta, &labelled));
    let names = [
        "org_acme",
        "org_beta",
        CollectionName::trash(renaming.id).as_str(),
    ]
    .map(place);
    assert_eq!(own_names(&renaming), names);
    let renamed = finished(&renaming);
    let rests = Some(LATER + POLICY.handle_rest);
    assert_eq!(held(&renamed), [("acme", rests), ("beta", None)]);
    assert_eq!((renamed.handle.as_str(), renamed.handle_given), ("beta", true));
}

#[test]
fn restrictive_states_are_written_at_acceptance_and_permissive_ones_at_the_end() {
    let to = (handle("acme"), false);
    for (accepted, at_once, at_the_end) in [
        (suspend(&active(), ACCEPTED), State::Suspended, State::Suspended),
        (resume(&suspended(), ACCEPTED), State::Suspended, State::Active),
        (delete(&active(), ACCEPTED), State::Deleted, State::Deleted),
        (undelete(&deleted(), to, ACCEPTED), State::Deleted, State::Active),
        (purge(&deleted(), ACCEPTED), State::Purged, State::Purged),
        (prepared(), State::Provisioning, State::Active),
    ] {
        assert_eq!((accepted.state, finished(&accepted).state), (at_once, at_the_end));
    }
}

#[test]
fn a_delete_taken_back_leaves_the_state_as_it_was() {
    for before in [active(), suspended()] {
        let deleted = finished(&delete(&before, ACCEPTED));
        assert_eq!(deleted.state_before_delete, Some(before.state));
        let back = undelete(&deleted, (handle("acme"), false), ACCEPTED);
        assert_eq!(
            (back.purge_time, back.home.clone()),
            (None, Some(place("org_acme")))
        );
        let back = finished(&back);
        let changed = Organization {
            epoch: before.epoch,
            fence: before.fence,
            update_time: before.update_time,
            ..back
        };
        assert_eq!(changed, before);
    }
}

#[test]
fn an_undelete_under_another_handle_takes_it_and_lets_the_former_one_rest_on() {
    let deleted = deleted();
    let rests = Some(LATER + POLICY.handle_rest);
    assert_eq!(held(&deleted), [("acme", rests)]);
    let back = undelete(&deleted, (handle("beta"), true), ACCEPTED);
    assert_eq!(held(&back), [("acme", rests), ("beta", None)]);
    let back = finish(&back, &Observed::nothing(), &POLICY, LATER + POLICY.recheck);
    assert_eq!(held(&back), [("acme", rests), ("beta", None)]);
    assert_eq!((back.handle.as_str(), back.handle_given), ("beta", true));
}

#[test]
fn a_deletion_keeps_the_data_for_the_retention_and_a_purge_lets_go_of_it() {
    let deleted = deleted();
    assert_eq!(deleted.purge_time, Some(LATER + POLICY.retention));
    assert_eq!(deleted.home, Some(CollectionName::trash(deleted.id)));
    let purging = purge(&deleted, ACCEPTED);
    assert_eq!(purging.home, None);
    let purged = finished(&purging);
    assert_eq!((purged.purge_time, purged.stamp), (None, Some(ATTEMPT)));
}

#[test]
fn a_halted_create_that_is_deleted_keeps_nothing() {
    let deleting = delete(&halted_create(), ACCEPTED);
    assert_eq!(deleting.create_request, None);
    assert!(matches!(
        deleting.operation.as_ref().unwrap().kind,
        OperationKind::Delete
    ));
    let deleted = finished(&deleting);
    assert_eq!(deleted.purge_time, Some(LATER));
    assert_eq!(held(&deleted), [("acme", Some(LATER + POLICY.handle_rest))]);
    // Nobody was told of the one; everybody of the other, whose request id goes on answering.
    let told = Organization {
        create_request: halted_create().create_request,
        ..active()
    };
    assert_eq!(delete(&told, ACCEPTED).create_request, told.create_request);
}

#[test]
fn what_replaces_a_halted_operation_inherits_its_doubts() {
    let deleting = delete(&halted_create(), ACCEPTED);
    assert_eq!(
        (deleting.fence, deleting.operation.as_ref().unwrap().first_fence),
        (2, 1)
    );
    assert_eq!(finished(&deleting).recheck_until, Some(LATER + POLICY.recheck));
}

#[test]
fn late_effects_are_reckoned_with_after_any_doubt_and_after_none() {
    let clean = repair(&active(), ACCEPTED);
    assert_eq!(finished(&clean).recheck_until, None);
    let overtaken = Organization {
        fence: 3,
        ..clean.clone()
    };
    assert_eq!(finished(&overtaken).recheck_until, Some(LATER + POLICY.recheck));
    let mut lost = Observed::nothing();
    lost.lost_sight();
    let uncertain = finish(&clean, &lost, &POLICY, LATER);
    assert_eq!(uncertain.recheck_until, Some(LATER + POLICY.recheck));
    let earlier = Some(Timestamp::from_millis(7));
    let doubted = Organization {
        recheck_until: earlier,
        ..clean
    };
    assert_eq!(finished(&doubted).recheck_until, earlier);
}

#[test]
fn a_repair_changes_nothing_that_anybody_sees() {
    for before in [active(), suspended(), deleted()] {
        let repaired = finished(&repair(
            &before,
            Accepted {
                now: LATER,
                ..ACCEPTED
            },
        ));
        let counted = Organization {
            epoch: before.epoch,
            fence: before.fence,
            ..repaired
        };
        assert_eq!(counted, before);
    }
}

#[test]
fn a_reservation_never_becomes_an_organization() {
    let new = NewOrganization {
        id: active().id,
        admin_id: active().admin_id,
        name: name("Acme"),
        handle: handle("acme"),
        handle_given: false,
        labels: Labels::default(),
        create_request: None,
    };
    let reserved = reservation(new, ACCEPTED);
    assert_eq!((reserved.state, &reserved.home), (State::Aborted, &None));
    assert_eq!(held(&reserved), [("acme", None)]);
    let over = finished(&reserved);
    assert_eq!(over.state, State::Aborted);
    assert_eq!(over.purge_time, Some(LATER + Duration::from_secs(7 * 86_400)));
    assert_eq!(held(&over), [("acme", Some(LATER + POLICY.handle_rest))]);
}

#[test]
fn a_create_rolled_back_holds_nothing() {
    let rolling_back = Organization {
        create_request: halted_create().create_request,
        ..with_create_step(&created(), CreateStep::RollingBack)
    };
    let aborted = finished(&rolling_back);
    assert_eq!((aborted.state, held(&aborted)), (State::Aborted, vec![]));
    assert_eq!((aborted.home, aborted.create_request), (None, None));
    assert_eq!(aborted.purge_time, Some(LATER + Duration::from_secs(7 * 86_400)));
}

#[test]
fn without_its_halt_an_operation_goes_on() {
    let halted = halted_create();
    assert_eq!(halted.halted(), Some(HaltReason::CollectionTwice));
    let before_the_halt = Organization {
        create_request: halted.create_request.clone(),
        ..prepared()
    };
    assert_eq!(unhalted(&halted), before_the_halt);
}
