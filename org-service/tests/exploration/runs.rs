//! The small worlds that the tests start from.

use crate::{
    run::{Ask, Backend, Run},
    search::{Explored, explore},
};

pub(crate) const ONE: Run = Run {
    title: "one organization",
    backend: Backend::MongoDb,
    creates: &[(0, 0)],
    repeated: false,
    handles: &["acme", "bolt"],
    asked: &Ask::CLIENTS,
    asks: 5,
    late: 0,
    late_writes: 0,
    fault: None,
    losses: true,
    frozen: false,
    long_operations: false,
    broken: None,
};

pub(crate) const ONE_HANDLE: Run = Run {
    title: "two organizations, one handle",
    creates: &[(0, 0), (0, 1)],
    asked: &Ask::MOVING,
    asks: 4,
    ..ONE
};

pub(crate) const ONE_EMAIL: Run = Run {
    title: "two organizations, one e-mail",
    creates: &[(0, 0), (1, 0)],
    asked: &Ask::MOVING,
    asks: 4,
    ..ONE
};

pub(crate) const REPEATED: Run = Run {
    title: "a repeated create",
    creates: &[(0, 0), (0, 0), (0, 0)],
    repeated: true,
    handles: &["acme"],
    asked: &Ask::MOVING,
    asks: 4,
    ..ONE
};

/// Explores, and expects all to be well.
pub(crate) fn assert_safe(run: &Run) {
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
