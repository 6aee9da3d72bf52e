//! The search finds every rule that is broken on purpose. The rules have their numbers from §4 of the lifecycle's
//! design.

use crate::{
    broken::Broken,
    run::{Ask, Run},
    runs::{ONE, ONE_HANDLE, REPEATED},
    search::explore,
};

/// One way to leave out a rule, the world in which that shows, and words that what is found holds.
struct Row(u8, Broken, Run, &'static str);

/// What is no rule of its own: one document decides (§2), and what the operations promise (§5).
const OTHERS: u8 = 0;

const ONE_LATE: Run = Run { late: 1, ..ONE };
const TWO_LATE: Run = Run {
    late: 1,
    ..ONE_HANDLE
};

const TABLE: [Row; 25] = [
    Row(1, Broken::OneAttempt, ONE_LATE, "there twice"),
    Row(2, Broken::DropsByName, ONE, "was not condemned"),
    Row(2, Broken::RenameOverwrites, TWO_LATE, "was dropped"),
    Row(3, Broken::AssumesSuccess, ONE, "halted"),
    Row(3, Broken::NoRecheck, ONE_LATE, "belongs to nobody, or elsewhere"),
    Row(
        3,
        Broken::NeverSweeps,
        ONE_LATE,
        "belongs to nobody, or elsewhere",
    ),
    Row(3, Broken::LooksAtHomeOnly, ONE, "halted"),
    Row(4, Broken::AdoptsUnstamped, ONE_WRITE, "halted"),
    Row(4, Broken::QuarantineDrops, ONE_WRITE, "was dropped"),
    Row(5, Broken::HandlesDoNotRest, TWO_RENAMES, "not at home"),
    Row(5, Broken::ReleaseIgnoresRecheck, TWO_RENAMES, "not at home"),
    Row(
        5,
        Broken::ReleaseIgnoresOperation,
        TWO_WRITES,
        "belongs to nobody",
    ),
    Row(5, Broken::ReleaseByTheClock, RENAMES, "belongs to nobody"),
    Row(6, Broken::CollectionBeforeDecision, ONE, "belongs to nobody"),
    Row(6, Broken::CancelBeforeDecision, ONE_LATE, "halted"),
    Row(7, Broken::NoTombstone, ONE_LATE, "its admin and gate"),
    Row(7, Broken::GateIgnoresEpoch, ONE_LATE, "after its gate was shut"),
    Row(8, Broken::DataBeforeTokens, ONE, "before its tokens died"),
    Row(8, Broken::SuspendLeavesTokens, ONE, "its admins are let in"),
    Row(
        8,
        Broken::GateOpensFirst,
        ONE,
        "let in while its data is elsewhere",
    ),
    Row(
        OTHERS,
        Broken::FenceIgnored,
        FROZEN,
        "before the create was decided",
    ),
    Row(
        OTHERS,
        Broken::NoHandleIndex,
        ONE_HANDLE,
        "two records hold the handle",
    ),
    Row(
        OTHERS,
        Broken::RequestIdForgotten,
        TWO_OF_ONE_REQUEST,
        "the request id",
    ),
    Row(OTHERS, Broken::CommitsEarly, ONE, "its documents are lost"),
    Row(
        OTHERS,
        Broken::SuspensionForgotten,
        ONE,
        "forgotten whether it is suspended",
    ),
];

const ONE_WRITE: Run = Run {
    late_writes: 1,
    ..ONE
};
const FROZEN: Run = Run { frozen: true, ..ONE };
const TWO_RENAMES: Run = Run {
    asked: &[Ask::Rename],
    losses: false,
    ..TWO_LATE
};
const TWO_WRITES: Run = Run {
    asked: &[Ask::Rename],
    asks: 3,
    late_writes: 1,
    losses: false,
    long_operations: true,
    ..TWO_LATE
};
const RENAMES: Run = Run {
    asked: &[Ask::Rename],
    late_writes: 1,
    losses: false,
    ..ONE
};
const TWO_OF_ONE_REQUEST: Run = Run {
    creates: &[(0, 0), (1, 1)],
    handles: ONE.handles,
    ..REPEATED
};

/// Breaks a rule in each way that the table has, and expects the search to say so.
fn assert_found(rule: u8) {
    for Row(_, broken, run, telling) in TABLE.into_iter().filter(|row| row.0 == rule) {
        let run = Run {
            broken: Some(broken),
            ..run
        };
        let found = explore(&run).violation.unwrap_or_else(|| "nothing".to_owned());
        assert!(
            found.contains(telling) && found != "nothing",
            "{broken:?}: expected {telling:?}, found {found}"
        );
    }
}

#[test]
fn every_rule_is_broken_and_every_way_to_break_one_is_tried() {
    for rule in 1..=8 {
        assert!(
            TABLE.iter().any(|row| row.0 == rule),
            "nothing breaks rule {rule}"
        );
    }
    for broken in Broken::ALL {
        let rows = TABLE.iter().filter(|row| row.1 == broken).count();
        assert_eq!(rows, 1, "{broken:?}");
    }
    assert_eq!(TABLE.len(), Broken::ALL.len());
}

#[test]
fn collections_without_stamps_of_their_own_are_found() {
    assert_found(1);
}

#[test]
fn drops_of_names_that_others_may_have_are_found() {
    assert_found(2);
}

#[test]
fn trust_in_commands_that_may_come_late_is_found() {
    assert_found(3);
}

#[test]
fn trust_in_collections_that_an_insert_has_made_is_found() {
    assert_found(4);
}

#[test]
fn handles_that_do_not_rest_are_found() {
    assert_found(5);
}

#[test]
fn acting_before_deciding_is_found() {
    assert_found(6);
}

#[test]
fn an_auth_service_without_order_is_found() {
    assert_found(7);
}

#[test]
fn tokens_that_outlive_the_move_of_the_data_are_found() {
    assert_found(8);
}

#[test]
fn a_record_that_does_not_decide_alone_is_found() {
    assert_found(OTHERS);
}
