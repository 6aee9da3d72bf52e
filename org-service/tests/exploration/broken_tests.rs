//! The search finds every rule that is broken on purpose.

use crate::{ONE, ONE_HANDLE, REPEATED, broken::Broken, search::explore, world::Run};

/// Breaks the rule and expects the search to say so, in words that hold `telling`.
fn assert_found(rule: Broken, run: Run, telling: &str) {
    let found = explore(&Run {
        broken: Some(rule),
        ..run
    })
    .violation;
    let found = found.unwrap_or_else(|| "nothing".to_owned());
    assert!(
        found.contains(telling),
        "{rule:?}: expected {telling:?}, found {found}"
    );
}

#[test]
fn adopting_an_unstamped_collection_is_found() {
    assert_found(
        Broken::AdoptsUnstamped,
        Run {
            late_writes: 1,
            ..ONE
        },
        "its documents are lost",
    );
}

#[test]
fn dropping_a_collection_by_its_name_is_found() {
    assert_found(Broken::DropsByName, ONE, "was not condemned");
}

#[test]
fn writes_without_the_fence_are_found() {
    assert_found(Broken::FenceIgnored, Run { frozen: true, ..ONE }, "");
}

#[test]
fn a_collection_before_the_decision_is_found() {
    assert_found(Broken::CollectionBeforeDecision, ONE, "belongs to nobody");
}

#[test]
fn cancelling_before_the_decision_is_found() {
    assert_found(Broken::CancelBeforeDecision, Run { late: 1, ..ONE }, "halted");
}

#[test]
fn a_cancel_that_leaves_no_mark_is_found() {
    assert_found(Broken::NoTombstone, Run { late: 1, ..ONE }, "its admin and gate");
}

#[test]
fn a_gate_that_takes_calls_in_any_order_is_found() {
    assert_found(Broken::GateIgnoresEpoch, Run { late: 1, ..ONE }, "");
}

#[test]
fn a_commit_without_the_collection_is_found() {
    assert_found(Broken::CommitsEarly, ONE, "its documents are lost");
}

#[test]
fn creates_that_share_a_stamp_are_found() {
    assert_found(Broken::OneAttempt, Run { late: 1, ..ONE }, "");
}

#[test]
fn a_rename_that_replaces_its_target_is_found() {
    assert_found(
        Broken::RenameOverwrites,
        Run {
            late: 1,
            ..ONE_HANDLE
        },
        "was dropped",
    );
}

#[test]
fn handles_without_a_unique_index_are_found() {
    assert_found(Broken::NoHandleIndex, ONE_HANDLE, "two records hold the handle");
}

#[test]
fn taking_a_lost_command_for_done_is_found() {
    assert_found(Broken::AssumesSuccess, ONE, "");
}

#[test]
fn moving_data_before_tokens_die_is_found() {
    assert_found(Broken::DataBeforeTokens, ONE, "before its tokens died");
}

#[test]
fn a_request_id_that_is_not_looked_up_is_found() {
    let run = Run {
        creates: &[(0, 0), (1, 1)],
        handles: ONE.handles,
        ..REPEATED
    };
    assert_found(Broken::RequestIdForgotten, run, "the request id");
}
