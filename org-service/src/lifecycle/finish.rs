//! What a driver writes down on the way and at the end of an operation.

use std::time::Duration;

use tenantry_common::{clock::Timestamp, seeded_bug};
use uuid::Uuid;

use crate::domain::{CreateStep, HaltReason, HeldHandle, Operation, OperationKind, Organization, State};

use super::Observed;

/// How long the record of a create that was rolled back is kept.
const ABORTED_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From a delete to its purge.
    pub retention: Duration,
    /// How long a handle that was given up is kept from others: more than two leases and the longest command.
    pub handle_rest: Duration,
    /// How long after an uncertain command a late effect is reckoned with.
    pub recheck: Duration,
}

/// The record with the create's decision in it.
pub fn with_create_step(organization: &Organization, step: CreateStep) -> Organization {
    with_operation(organization, |operation| {
        operation.kind = OperationKind::Create { step }
    })
}

/// The record with the collection's attempt in it.
pub fn with_stamp(organization: &Organization, attempt: Uuid) -> Organization {
    Organization {
        stamp: Some(attempt),
        ..organization.clone()
    }
}

/// The record with the operation halted.
pub fn halt(organization: &Organization, reason: HaltReason) -> Organization {
    with_operation(organization, |operation| operation.halted = Some(reason))
}

fn with_operation(organization: &Organization, change: impl FnOnce(&mut Operation)) -> Organization {
    let mut next = organization.clone();
    if let Some(operation) = &mut next.operation {
        change(operation);
    }
    next
}

/// The record at the end of its operation.
pub fn finish(
    organization: &Organization,
    observed: &Observed,
    policy: &Policy,
    now: Timestamp,
) -> Organization {
    let mut next = organization.clone();
    let Some(operation) = next.operation.take() else {
        return next;
    };
    next.lease = None;
    if observed.uncertain || organization.fence > operation.first_fence {
        next.recheck_until = Some(now + policy.recheck);
    }
    match operation.kind {
        OperationKind::Create {
            step: CreateStep::RollingBack,
        } => abort(&mut next, now),
        OperationKind::Create { .. } => next.state = State::Active,
        OperationKind::Rename {
            name,
            handle,
            handle_given,
        } => {
            next.name = name;
            next.handle = handle;
            next.handle_given = handle_given;
            let others = next.handles.iter_mut().filter(|held| held.handle != next.handle);
            rest(others, now + policy.handle_rest);
        }
        // The restrictive state was written when it was accepted.
        OperationKind::Suspend => {}
        OperationKind::Resume => next.state = State::Active,
        OperationKind::Delete => {
            next.purge_time = Some(now + retention(&next, policy));
            rest(next.handles.iter_mut(), now + policy.handle_rest);
        }
        // Handles but the one it takes have rested since the deletion.
        OperationKind::Undelete => {
            next.state = next.state_before_delete.take().unwrap_or(State::Suspended);
            next.delete_time = None;
        }
        // The stamp stays: it tells a twin that turns up late from a collection to adopt.
        OperationKind::Purge => next.purge_time = None,
        OperationKind::Repair => {
            if next.state == State::Aborted {
                next.purge_time = Some(now + ABORTED_KEPT);
                rest(next.handles.iter_mut(), now + policy.handle_rest);
            }
        }
    }
    if seeded_bug!(HandlesDoNotRest) {
        next.handles.retain(|held| held.rest_until.is_none());
    }
    next
}

/// The record without its halt: the operation goes on from a new look at everything.
pub fn unhalted(organization: &Organization) -> Organization {
    with_operation(organization, |operation| operation.halted = None)
}

/// What was never in use has no data to keep.
fn retention(organization: &Organization, policy: &Policy) -> Duration {
    match organization.state_before_delete {
        Some(State::Provisioning) => Duration::ZERO,
        _ => policy.retention,
    }
}

/// No command was sent that could come late: the handle and the request id are free at once.
fn abort(organization: &mut Organization, now: Timestamp) {
    organization.state = State::Aborted;
    organization.purge_time = Some(now + ABORTED_KEPT);
    organization.handles.clear();
    organization.home = None;
    organization.create_request = None;
}

fn rest<'a>(handles: impl Iterator<Item = &'a mut HeldHandle>, until: Timestamp) {
    for held in handles {
        held.rest_until.get_or_insert(until);
    }
}
