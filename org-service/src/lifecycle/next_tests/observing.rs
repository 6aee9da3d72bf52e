//! What a driver knows after what it did.

use super::*;

#[test]
fn what_was_made_moved_or_dropped_is_known_without_a_look() {
    let mut observed = Observed::nothing();
    observed.created(own("org_acme"));
    assert_eq!(
        (observed.collections.clone(), observed.looked),
        (Some(vec![own("org_acme")]), false)
    );
    observed.found(vec![own("org_acme"), twin("stray_1")]);
    observed.moved(&place("org_acme"), &place("org_beta"));
    assert_eq!(
        (observed.collections.clone(), observed.looked),
        (Some(vec![own("org_beta"), twin("stray_1")]), true)
    );
    observed.dropped(&place("org_beta"));
    assert_eq!(observed.collections, Some(vec![twin("stray_1")]));
}

#[test]
fn a_stamp_that_a_look_found_is_looked_for_once_more() {
    let mut found = seeing(vec![own("org_acme")]);
    found.stamp_recorded();
    assert_eq!((found.collections, found.looked), (None, false));
    let mut made = Observed::nothing();
    made.created(own("org_acme"));
    made.stamp_recorded();
    assert_eq!(made.collections, Some(vec![own("org_acme")]));
}

#[test]
fn a_surprise_wants_a_look_and_a_lost_answer_leaves_a_doubt() {
    let mut surprised = seeing(vec![own("org_acme")]);
    surprised.look_again();
    assert_eq!(surprised, Observed::nothing());
    let mut lost = seeing(vec![own("org_acme")]);
    lost.lost_sight();
    assert_eq!(
        (lost.collections, lost.looked, lost.uncertain),
        (None, false, true)
    );
}
