//! The order of each operation's steps: tokens die before data moves, the gate opens last.

use super::*;
use crate::lifecycle::{gate_of, halt, repair, reservation, resume, suspend, undelete};

fn suspended() -> Organization {
    Organization {
        operation: None,
        ..suspend(&active(), ACCEPTED)
    }
}

fn deleted(before: &Organization) -> Organization {
    Organization {
        operation: None,
        ..delete(before, ACCEPTED)
    }
}

fn undeleting(before: &Organization) -> Organization {
    undelete(&deleted(before), (handle("acme"), false), ACCEPTED)
}

fn trash() -> CollectionName {
    CollectionName::trash(active().id)
}

fn with_gate(observed: &Observed, state: GateState) -> Observed {
    Observed {
        gate: Some(state),
        ..observed.clone()
    }
}

#[test]
fn suspend_and_resume_move_the_gate_and_nothing_else() {
    for (accepted, state) in [
        (suspend(&active(), ACCEPTED), GateState::Suspended),
        (resume(&suspended(), ACCEPTED), GateState::Open),
    ] {
        for observed in [
            Observed::at_acceptance(&accepted),
            Observed::nothing(),
            seeing(vec![]),
        ] {
            assert_eq!(next(&accepted, &observed), Step::SetGate(state));
            assert_eq!(next(&accepted, &with_gate(&observed, state)), Step::Finish);
        }
    }
}

#[test]
fn an_undelete_brings_the_data_home_and_then_sets_the_gate_as_it_was() {
    for (before, gate) in [(active(), GateState::Open), (suspended(), GateState::Suspended)] {
        let accepted = undeleting(&before);
        let mut observed = Observed::at_acceptance(&accepted);
        let home = Step::Move {
            from: trash(),
            to: place("org_acme"),
        };
        assert_eq!(next(&accepted, &observed), home);
        observed.moved(&trash(), &place("org_acme"));
        assert_eq!(next(&accepted, &observed), Step::SetGate(gate));
        assert_eq!(next(&accepted, &with_gate(&observed, gate)), Step::Finish);
    }
}

#[test]
fn nothing_lets_anybody_in_while_the_data_is_elsewhere() {
    let accepted = undeleting(&active());
    for seen in [
        vec![],
        vec![own("stray_1")],
        vec![own(trash().as_str())],
        vec![own("org_acme"), own(trash().as_str())],
        vec![own("org_acme"), at(trash().as_str(), None)],
        vec![twin("org_acme"), own(trash().as_str())],
    ] {
        let step = step(&accepted, seen);
        assert!(!matches!(step, Step::SetGate(_) | Step::Finish), "{step:?}");
    }
    assert_eq!(next(&accepted, &Observed::nothing()), Step::Look);
}

#[test]
fn nothing_is_dropped_but_by_a_purge() {
    let condemned = CollectionName::condemned(active().id, Uuid::from_u128(5));
    for accepted in [
        renaming(),
        suspend(&active(), ACCEPTED),
        delete(&active(), ACCEPTED),
        undeleting(&active()),
        repair(&active(), ACCEPTED),
        repair(&deleted(&active()), ACCEPTED),
    ] {
        for name in [&condemned, &trash()] {
            let step = step(&accepted, vec![own(name.as_str())]);
            assert!(!matches!(step, Step::Drop(_) | Step::Condemn(_)), "{step:?}");
        }
    }
}

#[test]
fn a_repair_always_looks_and_sets_the_gate_as_the_state_wants_it() {
    let purged = Organization {
        operation: None,
        ..purge(&deleted(&active()), ACCEPTED)
    };
    for (before, home, gate) in [
        (active(), Some("org_acme".to_owned()), GateState::Open),
        (suspended(), Some("org_acme".to_owned()), GateState::Suspended),
        (
            deleted(&active()),
            Some(trash().to_string()),
            GateState::Suspended,
        ),
        (purged, None, GateState::Purged),
    ] {
        assert_eq!(gate_of(&before), Some(gate));
        let accepted = repair(&before, ACCEPTED);
        assert_eq!(next(&accepted, &Observed::at_acceptance(&accepted)), Step::Look);
        let observed = seeing(home.iter().map(|home| own(home)).collect());
        assert_eq!(next(&accepted, &observed), Step::SetGate(gate));
        assert_eq!(next(&accepted, &with_gate(&observed, gate)), Step::Finish);
    }
}

#[test]
fn a_reservation_sets_aside_what_stands_there_and_touches_no_gate() {
    let created = created();
    let new = NewOrganization {
        id: created.id,
        admin_id: created.admin_id,
        name: created.name.clone(),
        handle: created.handle.clone(),
        handle_given: false,
        labels: Labels::default(),
        create_request: None,
    };
    let reserved = reservation(new, ACCEPTED);
    assert_eq!(next(&reserved, &Observed::at_acceptance(&reserved)), Step::Look);
    for squatter in [at("org_acme", None), at("org_acme", Some((99, ATTEMPT)))] {
        assert_eq!(
            step(&reserved, vec![squatter]),
            Step::Quarantine(place("org_acme"))
        );
    }
    assert_eq!(step(&reserved, vec![]), Step::Finish);
}

#[test]
fn a_halted_create_that_is_deleted_looks_for_what_it_may_have_made() {
    let halted = halt(&prepared(), HaltReason::CollectionTwice);
    let accepted = delete(&halted, ACCEPTED);
    let observed = Observed::at_acceptance(&accepted);
    assert_eq!(next(&accepted, &observed), Step::SetGate(GateState::Suspended));
    assert_eq!(
        next(&accepted, &with_gate(&observed, GateState::Suspended)),
        Step::Look
    );
    let made = with_gate(&seeing(vec![own("org_acme")]), GateState::Suspended);
    assert_eq!(next(&accepted, &made), Step::RecordStamp(ATTEMPT));
    let recorded = with_stamp(&accepted, ATTEMPT);
    let away = Step::Move {
        from: place("org_acme"),
        to: trash(),
    };
    assert_eq!(next(&recorded, &made), away);
    let nothing = with_gate(&seeing(vec![]), GateState::Suspended);
    assert_eq!(next(&accepted, &nothing), Step::Finish);
    // And in the purge that follows at once.
    let purging = purge(&deleted(&halted), ACCEPTED);
    assert_eq!(next(&purging, &Observed::at_acceptance(&purging)), Step::Look);
    assert_eq!(step(&purging, vec![]), Step::SetGate(GateState::Purged));
}

#[test]
fn a_halted_create_whose_collection_is_gone_can_be_deleted() {
    let halted = halt(&with_stamp(&prepared(), ATTEMPT), HaltReason::CollectionMissing);
    let nothing = with_gate(&seeing(vec![]), GateState::Suspended);
    assert_eq!(next(&delete(&halted, ACCEPTED), &nothing), Step::Finish);
    assert_eq!(
        next(&delete(&active(), ACCEPTED), &nothing),
        Step::Halt(HaltReason::CollectionMissing)
    );
}

#[test]
fn a_refusal_halts_every_operation() {
    let observed = Observed {
        auth_refused: true,
        ..Observed::nothing()
    };
    for accepted in [
        created(),
        suspend(&active(), ACCEPTED),
        resume(&suspended(), ACCEPTED),
        delete(&active(), ACCEPTED),
        undeleting(&active()),
        purge(&deleted(&active()), ACCEPTED),
        repair(&active(), ACCEPTED),
    ] {
        assert_eq!(next(&accepted, &observed), Step::Halt(HaltReason::AdminRefused));
    }
}
