//! Findings about an operation that is under way, and what it excuses.

use std::time::Duration;

use super::{GRACE, Kind, samples::*};
use crate::{
    domain::{CreateStep, HaltReason, Organization, State},
    lifecycle::{self, AdminSeen, GateState, halt, with_create_step},
};

fn renaming() -> Organization {
    let to = (handle("bolt"), false);
    lifecycle::rename(
        &active("acme"),
        active("bolt").name,
        to,
        Default::default(),
        ACCEPTED,
    )
}

#[test]
fn an_operation_is_stalled_after_its_time() {
    let mut scene = Scene::sound(renaming()).seen(&[]);
    scene.now = START + GRACE;
    assert_eq!(scene.findings(), [], "it is under way: nothing of it counts");
    scene.now = START + GRACE + Duration::from_millis(1);
    let finding = only(&scene);
    assert_eq!((finding.kind, finding.repairable), (Kind::OperationStalled, true));
    scene.holders.insert(handle("bolt"), vec![id(12)]);
    assert!(kinds(&scene.findings()).contains(&(Kind::HandleHeldTwice, false)));
}

#[test]
fn a_halt_is_repairable_once_its_cause_is_gone() {
    let old_home = own(&in_use("acme"));
    let at = |reason, seen: &[_]| only(&Scene::sound(halt(&renaming(), reason)).seen(seen));
    let missing = at(HaltReason::CollectionMissing, &[]);
    assert_eq!((missing.kind, missing.repairable), (Kind::OperationHalted, false));
    assert!(at(HaltReason::CollectionMissing, std::slice::from_ref(&old_home)).repairable);
    let twice = [old_home.clone(), own(&in_use("bolt"))];
    assert!(!at(HaltReason::CollectionTwice, &twice).repairable);

    let suspending = halt(
        &lifecycle::suspend(&active("acme"), ACCEPTED),
        HaltReason::AdminRefused,
    );
    let scene = Scene::sound(suspending);
    assert!(only(&scene.clone().gate(GateState::Open, 2)).repairable);
    assert!(!only(&scene.clone().gate(GateState::Open, 3)).repairable);
    assert!(!only(&scene.gate(GateState::Purged, 1)).repairable);
}

#[test]
fn a_halted_create_goes_on_only_with_its_admin() {
    let intent = Organization {
        state: State::Provisioning,
        stamp: None,
        operation: lifecycle::purge(&active("acme"), ACCEPTED).operation,
        ..active("acme")
    };
    let create = with_create_step(&intent, CreateStep::AdminPrepared);
    let mut scene = Scene::sound(halt(&create, HaltReason::AdminRefused)).seen(&[]);
    assert!(only(&scene).repairable);
    scene.auth.as_mut().unwrap().admins[0].state = AdminSeen::Cancelled;
    assert!(!only(&scene).repairable);
    scene.auth = None;
    assert!(!only(&scene).repairable);
}

#[test]
fn what_still_waits_is_left_to_the_reconciler_for_a_while() {
    let until = START + Duration::from_secs(600);
    let rechecked = Organization {
        recheck_until: Some(until),
        ..active("acme")
    };
    let renamed = ended(&renaming());
    for organization in [rechecked, renamed] {
        let mut scene = Scene::sound(organization).seen(&[]).gate(GateState::Suspended, 1);
        for (now, found) in [(START, 0), (until, 0), (until + GRACE, 2)] {
            scene.now = now;
            assert_eq!(scene.findings().len(), found, "{now:?}");
        }
    }
}
