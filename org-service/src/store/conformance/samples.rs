//! Records to work with, and what is expected of outcomes.

use std::time::Duration;

use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, Ids, OrganizationId, SystemIds},
    store::error::{StoreError, UniqueIndex},
    testing::ManualClock,
};
use uuid::Uuid;

use crate::{
    domain::{
        CollectionName, CreateRequest, CreateStep, HaltReason, Handle, HeldHandle, Labels, Operation,
        OperationKind, Organization, OrganizationName, Seen, Stamp, State,
    },
    store::{Fence, LeaseTerm, ListQuery},
};

/// A lease that does not end during a test.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

pub(super) fn later(millis: u64) -> Timestamp {
    ManualClock::START + Duration::from_millis(millis)
}

pub(super) fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

pub(super) fn held(text: &str) -> HeldHandle {
    HeldHandle {
        handle: handle(text),
        rest_until: None,
    }
}

pub(super) fn resting(text: &str, until: Timestamp) -> HeldHandle {
    HeldHandle {
        handle: handle(text),
        rest_until: Some(until),
    }
}

/// An idle, active organization.
pub(super) fn active(text: &str) -> Organization {
    let id = OrganizationId::from_uuid(SystemIds.uuid_v7(ManualClock::START));
    Organization {
        id,
        name: OrganizationName::parse(text).unwrap(),
        handle: handle(text),
        handle_given: false,
        handles: vec![held(text)],
        state: State::Active,
        state_before_delete: None,
        home: Some(CollectionName::in_use(&handle(text))),
        stamp: Some(SystemIds.uuid_v4()),
        epoch: 1,
        fence: 1,
        operation: None,
        lease: None,
        recheck_until: None,
        admin_id: AdminId::from_uuid(SystemIds.uuid_v7(ManualClock::START)),
        labels: Labels::default(),
        create_request: None,
        create_time: later(0),
        update_time: later(1),
        delete_time: None,
        purge_time: None,
    }
}

pub(super) fn operation(kind: OperationKind) -> Operation {
    Operation {
        id: SystemIds.uuid_v4(),
        kind,
        started: later(2),
        first_fence: 1,
        halted: None,
    }
}

/// One whose create is under way.
pub(super) fn provisioning(text: &str) -> Organization {
    let step = CreateStep::Intent;
    Organization {
        state: State::Provisioning,
        stamp: None,
        operation: Some(operation(OperationKind::Create { step })),
        ..active(text)
    }
}

pub(super) fn with_request(organization: Organization, key: Uuid) -> Organization {
    Organization {
        create_request: Some(CreateRequest {
            key,
            fingerprint: "f00d".to_owned(),
        }),
        ..organization
    }
}

/// An operation of this kind, accepted.
pub(super) fn accepted(organization: &Organization, kind: OperationKind) -> Organization {
    Organization {
        epoch: organization.epoch + 1,
        fence: organization.fence + 1,
        operation: Some(operation(kind)),
        ..organization.clone()
    }
}

/// The same, its operation halted.
pub(super) fn halted(organization: &Organization, reason: HaltReason) -> Organization {
    let mut next = organization.clone();
    next.operation.as_mut().unwrap().halted = Some(reason);
    next
}

/// What a delete makes of it when it is accepted.
pub(super) fn deleting(organization: &Organization) -> Organization {
    Organization {
        state: State::Deleted,
        state_before_delete: Some(organization.state),
        home: Some(CollectionName::trash(organization.id)),
        delete_time: Some(later(3)),
        ..accepted(organization, OperationKind::Delete)
    }
}

/// What the end of its operation makes of it.
pub(super) fn finished(organization: &Organization) -> Organization {
    Organization {
        operation: None,
        update_time: later(4),
        ..organization.clone()
    }
}

pub(super) fn term(length: Duration) -> LeaseTerm {
    LeaseTerm {
        owner: SystemIds.uuid_v4(),
        length,
    }
}

pub(super) fn fence_of(organization: &Organization) -> Fence {
    Fence {
        organization: organization.id,
        operation: organization.operation.as_ref().unwrap().id,
        fence: organization.fence,
    }
}

pub(super) fn without_lease(organization: Organization) -> Organization {
    Organization {
        lease: None,
        ..organization
    }
}

pub(super) fn stamp(organization: &Organization) -> Stamp {
    Stamp {
        organization: organization.id,
        attempt: SystemIds.uuid_v4(),
    }
}

pub(super) fn in_use(text: &str) -> CollectionName {
    CollectionName::in_use(&handle(text))
}

pub(super) fn seen(name: &CollectionName, stamp: Option<Stamp>) -> Seen {
    Seen {
        name: name.clone(),
        stamp,
    }
}

pub(super) fn all(limit: usize) -> ListQuery {
    ListQuery {
        limit,
        ..ListQuery::default()
    }
}

#[track_caller]
pub(super) fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>, indexes: &[UniqueIndex]) {
    match outcome {
        Err(StoreError::AlreadyExists(index)) if indexes.contains(&index) => {}
        other => panic!("{other:?} is no AlreadyExists of {indexes:?}"),
    }
}

#[track_caller]
pub(super) fn assert_conflict<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
}

#[track_caller]
pub(super) fn assert_not_found<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::NotFound)), "{outcome:?}");
}

/// Exactly one of many succeeded, the others were refused as `refused` says.
#[track_caller]
pub(super) fn assert_one_wins<T>(outcomes: &[Result<T, StoreError>], refused: impl Fn(&StoreError) -> bool) {
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = outcomes
        .iter()
        .filter(|outcome| outcome.as_ref().is_err_and(&refused))
        .count();
    assert_eq!((won, lost), (1, outcomes.len() - 1));
}
