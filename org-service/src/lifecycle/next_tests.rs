//! Each row of the table behind [`next`](super::next): what is seen, what is done.

mod accepting;
mod observing;
mod operations;
mod table;

use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, OrganizationId},
};
use uuid::Uuid;

use super::{
    Accepted, AdminSeen, GateState, NewOrganization, Observed, Step, create, delete, in_place, next, purge,
    rename, with_create_step, with_stamp,
};
use crate::domain::{
    CollectionName, CreateStep, HaltReason, Handle, HeldHandle, Labels, Organization, OrganizationName, Seen,
    Stamp, State,
};

const ACCEPTED: Accepted = Accepted {
    operation: Uuid::from_u128(1),
    now: Timestamp::from_millis(0),
};
const ATTEMPT: Uuid = Uuid::from_u128(2);
const OTHER_ATTEMPT: Uuid = Uuid::from_u128(3);

fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

fn name(text: &str) -> OrganizationName {
    OrganizationName::parse(text).unwrap()
}

fn created() -> Organization {
    let new = NewOrganization {
        id: OrganizationId::from_uuid(Uuid::from_u128(10)),
        admin_id: AdminId::from_uuid(Uuid::from_u128(11)),
        name: name("Acme"),
        handle: handle("acme"),
        handle_given: false,
        labels: Labels::default(),
        create_request: None,
    };
    create(new, ACCEPTED)
}

fn prepared() -> Organization {
    with_create_step(&created(), CreateStep::AdminPrepared)
}

fn active() -> Organization {
    Organization {
        operation: None,
        state: State::Active,
        ..with_stamp(&prepared(), ATTEMPT)
    }
}

fn renaming() -> Organization {
    rename(
        &active(),
        name("Beta"),
        (handle("beta"), false),
        Labels::default(),
        ACCEPTED,
    )
}

fn at(place: &str, stamp: Option<(u128, Uuid)>) -> Seen {
    let stamp = stamp.map(|(id, attempt)| Stamp {
        organization: OrganizationId::from_uuid(Uuid::from_u128(id)),
        attempt,
    });
    Seen {
        name: place.parse().unwrap(),
        stamp,
    }
}

fn own(place: &str) -> Seen {
    at(place, Some((10, ATTEMPT)))
}

fn twin(place: &str) -> Seen {
    at(place, Some((10, OTHER_ATTEMPT)))
}

fn seeing(seen: Vec<Seen>) -> Observed {
    let mut observed = Observed::nothing();
    observed.found(seen);
    observed
}

fn step(organization: &Organization, seen: Vec<Seen>) -> Step {
    next(organization, &seeing(seen))
}

fn place(text: &str) -> CollectionName {
    text.parse().unwrap()
}

#[test]
fn ours_at_home_and_nothing_else_is_the_end() {
    assert_eq!(step(&renaming(), vec![own("org_beta")]), Step::Finish);
}

#[test]
fn ours_elsewhere_is_moved_home() {
    for from in ["org_acme", "stray_1", "drop_1_2", "trash_1"] {
        let expected = Step::Move {
            from: place(from),
            to: place("org_beta"),
        };
        assert_eq!(step(&renaming(), vec![own(from)]), expected);
    }
}

#[test]
fn what_is_not_ours_at_our_names_is_set_aside_first() {
    for squatter in [
        at("org_beta", None),
        at("org_beta", Some((99, ATTEMPT))),
        at("org_acme", None),
    ] {
        let expected = Step::Quarantine(squatter.name.clone());
        assert_eq!(step(&renaming(), vec![own("stray_1"), squatter]), expected);
    }
}

#[test]
fn a_twin_is_set_aside_once_and_never_adopted() {
    assert_eq!(
        step(&renaming(), vec![own("org_beta"), twin("org_acme")]),
        Step::Quarantine(place("org_acme"))
    );
    assert_eq!(
        step(&renaming(), vec![own("org_beta"), twin("stray_1")]),
        Step::Finish
    );
}

#[test]
fn ours_twice_or_nowhere_halts() {
    let twice = vec![own("org_beta"), own("org_acme")];
    assert_eq!(step(&renaming(), twice), Step::Halt(HaltReason::CollectionTwice));
    assert_eq!(
        step(&renaming(), vec![]),
        Step::Halt(HaltReason::CollectionMissing)
    );
    assert_eq!(
        step(&renaming(), vec![twin("stray_1")]),
        Step::Halt(HaltReason::CollectionMissing)
    );
}

#[test]
fn before_the_stamp_is_recorded_ours_is_adopted_and_none_is_created() {
    assert_eq!(
        step(&prepared(), vec![own("org_acme")]),
        Step::RecordStamp(ATTEMPT)
    );
    assert_eq!(
        step(&prepared(), vec![]),
        Step::CreateCollection(place("org_acme"))
    );
    assert_eq!(
        step(&prepared(), vec![at("org_acme", None)]),
        Step::Quarantine(place("org_acme"))
    );
}

#[test]
fn no_collection_is_made_and_no_admin_activated_before_the_decision_is_written() {
    let mut observed = seeing(vec![]);
    for (admin, expected) in [
        (AdminSeen::Unknown, Step::AskForAdmin),
        (AdminSeen::Pending, Step::RecordStep(CreateStep::AdminPrepared)),
        (AdminSeen::Active, Step::RecordStep(CreateStep::AdminPrepared)),
        (AdminSeen::Absent, Step::RecordStep(CreateStep::RollingBack)),
        (AdminSeen::Cancelled, Step::RecordStep(CreateStep::RollingBack)),
    ] {
        observed.admin = admin;
        assert_eq!(next(&created(), &observed), expected);
    }
    let rolling_back = with_create_step(&created(), CreateStep::RollingBack);
    observed.admin = AdminSeen::Absent;
    assert_eq!(next(&rolling_back, &observed), Step::CancelAdmin);
    observed.admin = AdminSeen::Cancelled;
    assert_eq!(next(&rolling_back, &observed), Step::Finish);
}

#[test]
fn the_password_is_sent_by_the_driver_that_has_it_alone() {
    assert_eq!(
        next(&created(), &Observed::at_acceptance(&created())),
        Step::PrepareAdmin
    );
    assert_eq!(next(&created(), &Observed::nothing()), Step::AskForAdmin);
}

#[test]
fn the_gate_opens_last_but_for_the_admin() {
    let organization = with_stamp(&prepared(), ATTEMPT);
    let mut observed = seeing(vec![own("org_acme")]);
    assert_eq!(next(&organization, &observed), Step::SetGate(GateState::Open));
    observed.gate = Some(GateState::Open);
    assert_eq!(next(&organization, &observed), Step::ActivateAdmin);
    observed.admin = AdminSeen::Active;
    assert_eq!(next(&organization, &observed), Step::Finish);
}

#[test]
fn tokens_die_before_data_moves() {
    let deleting = delete(&active(), ACCEPTED);
    let mut observed = Observed::at_acceptance(&deleting);
    assert_eq!(next(&deleting, &observed), Step::SetGate(GateState::Suspended));
    observed.gate = Some(GateState::Suspended);
    let expected = Step::Move {
        from: place("org_acme"),
        to: CollectionName::trash(deleting.id),
    };
    assert_eq!(next(&deleting, &observed), expected);
}

#[test]
fn only_what_a_look_found_under_a_condemned_name_is_dropped() {
    let deleted = Organization {
        operation: None,
        ..delete(&active(), ACCEPTED)
    };
    let purging = purge(&deleted, ACCEPTED);
    let trash = CollectionName::trash(purging.id);
    assert_eq!(
        next(&purging, &Observed::at_acceptance(&purging)),
        Step::Condemn(trash)
    );
    let condemned = CollectionName::condemned(purging.id, Uuid::from_u128(5));
    assert_eq!(
        step(&purging, vec![own(condemned.as_str())]),
        Step::Drop(condemned.clone())
    );
    assert_eq!(
        step(&purging, vec![at(condemned.as_str(), None)]),
        Step::Quarantine(condemned)
    );
    assert_eq!(step(&purging, vec![]), Step::SetGate(GateState::Purged));
}

#[test]
fn a_driver_that_took_over_looks_first() {
    assert_eq!(next(&renaming(), &Observed::nothing()), Step::Look);
    let late_commands_may_come = Organization {
        recheck_until: Some(ACCEPTED.now),
        ..renaming()
    };
    assert_eq!(
        next(
            &late_commands_may_come,
            &Observed::at_acceptance(&late_commands_may_come)
        ),
        Step::Look
    );
}

#[test]
fn a_purged_organization_is_in_place_with_nothing_but_strays() {
    let rested = |organization: Organization| Organization {
        operation: None,
        handles: vec![HeldHandle {
            handle: handle("acme"),
            rest_until: Some(ACCEPTED.now),
        }],
        ..organization
    };
    let deleted = Organization {
        operation: None,
        ..delete(&active(), ACCEPTED)
    };
    let purging = purge(&deleted, ACCEPTED);
    let policy = super::Policy {
        retention: Default::default(),
        handle_rest: Default::default(),
        recheck: Default::default(),
    };
    let purged = rested(super::finish(
        &purging,
        &Observed::nothing(),
        &policy,
        ACCEPTED.now,
    ));
    assert!(in_place(&purged, vec![]));
    assert!(in_place(&purged, vec![twin("stray_1")]));
    assert!(!in_place(&purged, vec![at("org_acme", None)]));
    assert!(in_place(&active(), vec![own("org_acme")]));
    assert!(!in_place(&active(), vec![own("stray_1")]));
}
