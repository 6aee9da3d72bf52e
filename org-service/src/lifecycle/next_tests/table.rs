//! "Bring the collection home", row by row, for every operation that does.

use super::*;
use crate::lifecycle::{own_names, repair, suspend, undelete};

/// Each such operation with the gate set already, so that the collection alone is left, and its home.
fn homeward() -> Vec<(&'static str, Organization, CollectionName, Observed)> {
    let idle = |organization| Organization {
        operation: None,
        ..organization
    };
    let deleted = idle(delete(&active(), ACCEPTED));
    let suspended = idle(suspend(&active(), ACCEPTED));
    let acme = || (handle("acme"), false);
    let operations = [
        ("CREATE", with_stamp(&prepared(), ATTEMPT)),
        ("RENAME", renaming()),
        ("DELETE", delete(&active(), ACCEPTED)),
        ("UNDELETE", undelete(&deleted, acme(), ACCEPTED)),
        ("REPAIR of an ACTIVE one", repair(&active(), ACCEPTED)),
        ("REPAIR of a SUSPENDED one", repair(&suspended, ACCEPTED)),
        ("REPAIR of a DELETED one", repair(&deleted, ACCEPTED)),
    ];
    let gated = |kind: &str| Observed {
        gate: (kind == "DELETE").then_some(GateState::Suspended),
        ..Observed::nothing()
    };
    let homeward = operations.into_iter().map(|(kind, organization)| {
        let home = organization.home.clone().unwrap();
        (kind, organization, home, gated(kind))
    });
    homeward.collect()
}

/// What each of them does that sees this; `see` is given the home.
fn each(
    see: impl Fn(&Organization, &CollectionName) -> Vec<Seen>,
) -> Vec<(&'static str, CollectionName, Step)> {
    let steps = homeward()
        .into_iter()
        .map(|(kind, organization, home, mut observed)| {
            observed.found(see(&organization, &home));
            let step = next(&organization, &observed);
            (kind, home, step)
        });
    steps.collect()
}

#[test]
fn without_a_look_there_is_one() {
    for (kind, organization, _, observed) in homeward() {
        assert_eq!(next(&organization, &observed), Step::Look, "{kind}");
    }
}

#[test]
fn ours_at_home_is_left_there() {
    for (kind, _, step) in each(|_, home| vec![own(home.as_str())]) {
        assert!(
            matches!(step, Step::Finish | Step::SetGate(_)),
            "{kind}: {step:?}"
        );
    }
}

#[test]
fn what_is_not_ours_at_home_is_set_aside() {
    for stamp in [None, Some((99, ATTEMPT)), Some((10, OTHER_ATTEMPT))] {
        for ours in [vec![], vec![own("stray_1")]] {
            let see = |_: &Organization, home: &CollectionName| {
                [vec![at(home.as_str(), stamp)], ours.clone()].concat()
            };
            for (kind, home, step) in each(see) {
                assert_eq!(step, Step::Quarantine(home), "{kind} {stamp:?}");
            }
        }
    }
}

#[test]
fn what_is_not_ours_at_our_other_names_is_set_aside_first() {
    for (kind, organization, home, mut observed) in homeward() {
        let condemned = CollectionName::condemned(organization.id, Uuid::from_u128(5));
        let others = own_names(&organization).into_iter().chain([condemned]);
        for name in others.filter(|name| *name != home) {
            observed.found(vec![own(home.as_str()), at(name.as_str(), None)]);
            assert_eq!(next(&organization, &observed), Step::Quarantine(name), "{kind}");
        }
    }
}

#[test]
fn ours_is_moved_home_from_anywhere() {
    let condemned = CollectionName::condemned(active().id, Uuid::from_u128(5));
    for from in ["org_elsewhere", "stray_1", "trash_1", condemned.as_str()] {
        for (kind, to, step) in each(|_, _| vec![own(from)]) {
            let from = place(from);
            assert_eq!(step, Step::Move { from, to }, "{kind}");
        }
    }
}

#[test]
fn a_twin_anywhere_is_set_aside_once() {
    for (kind, _, step) in each(|_, home| vec![own(home.as_str()), twin("org_elsewhere")]) {
        assert_eq!(step, Step::Quarantine(place("org_elsewhere")), "{kind}");
    }
    for (kind, _, step) in each(|_, home| vec![own(home.as_str()), twin("stray_1")]) {
        assert!(
            matches!(step, Step::Finish | Step::SetGate(_)),
            "{kind}: {step:?}"
        );
    }
}

#[test]
fn ours_twice_halts() {
    for other in ["org_elsewhere", "stray_1", "trash_1"] {
        for (kind, _, step) in each(|_, home| vec![own(home.as_str()), own(other)]) {
            assert_eq!(step, Step::Halt(HaltReason::CollectionTwice), "{kind}");
        }
    }
}

#[test]
fn ours_nowhere_halts_and_no_empty_one_takes_its_place() {
    for seen in [vec![], vec![twin("stray_1")]] {
        for (kind, _, step) in each(|_, _| seen.clone()) {
            assert_eq!(step, Step::Halt(HaltReason::CollectionMissing), "{kind}");
        }
    }
    // Without a recorded stamp too, where there must have been one.
    for state in [State::Active, State::Suspended] {
        let unstamped = Organization {
            state,
            stamp: None,
            ..repair(&active(), ACCEPTED)
        };
        assert_eq!(
            step(&unstamped, vec![]),
            Step::Halt(HaltReason::CollectionMissing)
        );
    }
}

#[test]
fn a_purge_drops_what_is_ours_wherever_it_is_and_only_by_way_of_a_condemned_name() {
    let deleted = Organization {
        operation: None,
        ..delete(&active(), ACCEPTED)
    };
    let purging = purge(&deleted, ACCEPTED);
    for name in ["org_acme", "stray_1", CollectionName::trash(purging.id).as_str()] {
        assert_eq!(step(&purging, vec![own(name)]), Step::Condemn(place(name)));
    }
    let another_s = CollectionName::condemned(OrganizationId::from_uuid(Uuid::from_u128(99)), ATTEMPT);
    let theirs = another_s.as_str();
    assert_eq!(
        step(&purging, vec![own(theirs)]),
        Step::Condemn(another_s.clone())
    );
    assert_eq!(
        step(&purging, vec![twin("org_acme")]),
        Step::Quarantine(place("org_acme"))
    );
}
