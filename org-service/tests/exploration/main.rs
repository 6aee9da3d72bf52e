//! Every order of events that a small world can have, through the functions that decide in the real one.
//!
//! A breadth-first search over two stores, auth-service, clients and drivers. The model has no rule of the lifecycle
//! in it: it runs the real `lifecycle::next`, the real functions that accept, record and finish, and `Observed`. Free
//! are crashes, the ends of leases, lost commands and lost replies; budgets bound the accepted operations, the
//! commands that arrive late, and the writers that come late.
//!
//! In every world: nothing is dropped but a condemned collection of a purged organization, a committed organization has
//! its documents exactly once, no two records hold a handle, no two admins an e-mail, nobody logs in before the create
//! is decided or after the data has moved, no operation halts, a request id that was answered stays with its
//! organization. In every quiet world: admins and gates are as their organizations are, and every collection is at its
//! owner's home. From every world a quiet one can be reached. A late command on a collection, or a late writer, may
//! misplace a collection until a repair: after one, the place alone is not looked at.

mod actions;
mod broken;
mod broken_tests;
mod checks;
mod drivers;
mod fingerprint;
mod next_step;
mod search;
mod shared;
mod stores;
mod told;
mod world;

use self::{
    search::{Explored, explore},
    world::{Backend, Run},
};

const ONE: Run = Run {
    title: "one organization, all operations",
    backend: Backend::MongoDb,
    creates: &[(0, 0)],
    repeated: false,
    handles: &["acme", "bolt"],
    asks: 5,
    late: 0,
    late_writes: 0,
    frozen: false,
    broken: None,
};

const ONE_HANDLE: Run = Run {
    title: "two organizations, one handle",
    creates: &[(0, 0), (0, 1)],
    asks: 4,
    ..ONE
};

const ONE_EMAIL: Run = Run {
    title: "two organizations, one e-mail",
    creates: &[(0, 0), (1, 0)],
    asks: 4,
    ..ONE
};

const REPEATED: Run = Run {
    title: "a repeated create",
    creates: &[(0, 0), (0, 0), (0, 0)],
    repeated: true,
    handles: &["acme"],
    asks: 4,
    ..ONE
};

fn assert_safe(run: &Run) {
    let Explored {
        states,
        transitions,
        violation,
    } = explore(run);
    assert!(violation.is_none(), "{}", violation.unwrap_or_default());
    assert!(
        states > 100 && transitions > states,
        "{states} states are no exploration"
    );
}

#[test]
fn one_organization_is_never_half_there() {
    assert_safe(&Run {
        asks: 3,
        frozen: true,
        ..ONE
    });
}

#[test]
fn one_organization_on_the_embedded_store_is_never_half_there() {
    assert_safe(&Run {
        backend: Backend::Embedded,
        late: 1,
        ..ONE
    });
}

#[test]
fn a_late_command_never_loses_what_an_organization_has() {
    assert_safe(&Run {
        asks: 4,
        late: 1,
        ..ONE
    });
}

#[test]
fn a_late_command_and_a_late_writer_never_lose_what_an_organization_has() {
    assert_safe(&Run {
        asks: 3,
        late: 1,
        late_writes: 1,
        ..ONE
    });
}

#[test]
fn two_organizations_contend_for_one_handle() {
    assert_safe(&ONE_HANDLE);
}

#[test]
fn two_organizations_contend_for_one_handle_and_a_command_comes_late() {
    assert_safe(&Run {
        late: 1,
        ..ONE_HANDLE
    });
}

#[test]
fn two_organizations_contend_for_one_handle_on_the_embedded_store() {
    assert_safe(&Run {
        backend: Backend::Embedded,
        ..ONE_HANDLE
    });
}

#[test]
fn two_organizations_contend_for_one_email() {
    assert_safe(&ONE_EMAIL);
}

#[test]
fn a_repeated_create_is_one_organization() {
    assert_safe(&REPEATED);
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn one_organization_within_large_bounds() {
    assert_safe(&Run {
        asks: 6,
        late: 2,
        late_writes: 1,
        ..ONE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn two_organizations_within_large_bounds() {
    assert_safe(&Run {
        asks: 5,
        late: 1,
        ..ONE_HANDLE
    });
}

#[test]
#[ignore = "minutes, and gigabytes of memory: `cargo xtask explore`"]
fn an_overtaken_driver_within_large_bounds() {
    assert_safe(&Run { frozen: true, ..ONE });
}
