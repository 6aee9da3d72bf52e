//! What every test run explores.

use crate::{
    run::{Ask, Backend, Fault, Run},
    runs::{ONE, ONE_EMAIL, ONE_HANDLE, REPEATED, assert_safe},
};

#[test]
fn one_organization_is_never_half_there() {
    assert_safe(&Run { asks: 4, ..ONE });
}

#[test]
fn one_organization_on_the_embedded_store_is_never_half_there() {
    assert_safe(&Run {
        backend: Backend::Embedded,
        asks: 3,
        late: 1,
        ..ONE
    });
}

#[test]
fn an_operator_repairs_at_any_time() {
    assert_safe(&Run {
        asked: &Ask::ALL,
        asks: 3,
        ..ONE
    });
}

#[test]
fn an_operator_has_what_is_nobodys_set_aside() {
    assert_safe(&Run {
        title: "a collection that nobody owns",
        creates: &[(0, 0), (0, 1), (0, 0)],
        asked: &[Ask::Repair, Ask::Rename],
        asks: 4,
        late_writes: 1,
        losses: false,
        ..ONE
    });
}

#[test]
fn an_overtaken_driver_does_no_harm() {
    assert_safe(&Run {
        asks: 2,
        frozen: true,
        ..ONE
    });
}

#[test]
fn two_organizations_contend_for_one_handle_and_a_driver_is_overtaken() {
    assert_safe(&Run {
        asks: 2,
        frozen: true,
        ..ONE_HANDLE
    });
}

#[test]
fn a_late_command_never_loses_what_an_organization_has() {
    assert_safe(&Run {
        asks: 3,
        late: 1,
        ..ONE
    });
}

#[test]
fn a_late_command_and_a_late_writer_never_lose_what_an_organization_has() {
    assert_safe(&Run {
        asks: 2,
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
        asks: 3,
        ..ONE_HANDLE
    });
}

#[test]
fn two_organizations_contend_for_one_handle_on_the_embedded_store() {
    assert_safe(&Run {
        backend: Backend::Embedded,
        asks: 3,
        ..ONE_HANDLE
    });
}

#[test]
fn two_organizations_contend_for_one_email() {
    assert_safe(&Run { asks: 3, ..ONE_EMAIL });
}

#[test]
fn a_repeated_create_is_one_organization() {
    assert_safe(&REPEATED);
}

const HALTED: Run = Run {
    title: "a create that halts",
    creates: &[(0, 0), (0, 0)],
    asked: &[Ask::Delete],
    asks: 3,
    ..ONE
};

#[test]
fn a_create_that_auth_service_refuses_goes_on_or_makes_room() {
    assert_safe(&Run {
        fault: Some(Fault::AdminRefused),
        ..HALTED
    });
}

#[test]
fn a_create_whose_collection_is_gone_makes_room() {
    assert_safe(&Run {
        fault: Some(Fault::CollectionGone),
        ..HALTED
    });
}
