//! What `cargo xtask explore` explores.

use crate::{
    run::{Ask, Fault, Run},
    runs::{ONE, ONE_HANDLE, assert_safe},
};

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn one_organization_within_large_bounds() {
    assert_safe(&Run {
        asks: 5,
        late: 1,
        ..ONE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn one_organization_late_commands_and_a_late_writer_within_large_bounds() {
    assert_safe(&Run {
        asks: 3,
        late: 2,
        late_writes: 1,
        long_operations: true,
        ..ONE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn two_organizations_within_large_bounds() {
    assert_safe(&Run {
        asks: 4,
        late: 1,
        ..ONE_HANDLE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn an_overtaken_driver_within_large_bounds() {
    assert_safe(&Run {
        asks: 3,
        late: 1,
        frozen: true,
        ..ONE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn an_operator_within_large_bounds() {
    assert_safe(&Run {
        asked: &Ask::ALL,
        asks: 4,
        late: 1,
        fault: Some(Fault::AdminRefused),
        ..ONE
    });
}
