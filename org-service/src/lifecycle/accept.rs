//! Accepting a change: the record as one atomic write makes it. From then on the change will happen.

use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, OrganizationId},
};
use uuid::Uuid;

use crate::domain::{
    CollectionName, CreateRequest, CreateStep, Handle, HeldHandle, Labels, Operation, OperationKind,
    Organization, OrganizationName, State,
};

/// When a change is accepted, and the id of the operation that it starts.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// A new UUID.
    pub operation: Uuid,
    /// The present instant.
    pub now: Timestamp,
}

/// What a create was asked for, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganization {
    /// The new organization's id.
    pub id: OrganizationId,
    /// Its first admin's id.
    pub admin_id: AdminId,
    /// Its name.
    pub name: OrganizationName,
    /// Its handle.
    pub handle: Handle,
    /// Whether the caller gave the handle.
    pub handle_given: bool,
    /// Its labels.
    pub labels: Labels,
    /// The caller's request id, with what was asked.
    pub create_request: Option<CreateRequest>,
}

/// CREATE: the record that takes the handle and states the intent in one write.
pub fn create(new: NewOrganization, accepted: Accepted) -> Organization {
    let kind = OperationKind::Create {
        step: CreateStep::Intent,
    };
    Organization {
        id: new.id,
        name: new.name,
        handles: vec![HeldHandle {
            handle: new.handle.clone(),
            rest_until: None,
        }],
        home: Some(CollectionName::in_use(&new.handle)),
        handle: new.handle,
        handle_given: new.handle_given,
        state: State::Provisioning,
        state_before_delete: None,
        stamp: None,
        epoch: 1,
        fence: 1,
        operation: Some(operation(kind, accepted, 1)),
        lease: None,
        recheck_until: None,
        admin_id: new.admin_id,
        labels: new.labels,
        create_request: new.create_request,
        create_time: accepted.now,
        update_time: accepted.now,
        delete_time: None,
        purge_time: None,
    }
}

/// A change of what no other service and no collection knows of: no operation, done with this write.
pub fn relabel(
    organization: &Organization,
    name: OrganizationName,
    handle_given: bool,
    labels: Labels,
    now: Timestamp,
) -> Organization {
    Organization {
        name,
        handle_given,
        labels,
        epoch: organization.epoch + 1,
        update_time: now,
        ..organization.clone()
    }
}

/// RENAME: takes the new handle, or revives it where it rests, and names it home.
pub fn rename(
    organization: &Organization,
    name: OrganizationName,
    (handle, handle_given): (Handle, bool),
    labels: Labels,
    accepted: Accepted,
) -> Organization {
    let handles = with_handle(organization, &handle);
    let home = Some(CollectionName::in_use(&handle));
    let kind = OperationKind::Rename {
        name,
        handle,
        handle_given,
    };
    Organization {
        handles,
        home,
        labels,
        ..begun(organization, kind, accepted)
    }
}

/// SUSPEND: nobody of the organization gets in from here on.
pub fn suspend(organization: &Organization, accepted: Accepted) -> Organization {
    Organization {
        state: State::Suspended,
        ..begun(organization, OperationKind::Suspend, accepted)
    }
}

/// RESUME: the organization is ACTIVE at its end.
pub fn resume(organization: &Organization, accepted: Accepted) -> Organization {
    begun(organization, OperationKind::Resume, accepted)
}

/// DELETE: nobody sees the organization from here on. It may take the place of a create that has halted.
pub fn delete(organization: &Organization, accepted: Accepted) -> Organization {
    // Nobody was told of what was never in use: its request id is free.
    let told = organization.state != State::Provisioning;
    Organization {
        state: State::Deleted,
        state_before_delete: Some(organization.state),
        create_request: organization.create_request.clone().filter(|_| told),
        home: Some(CollectionName::trash(organization.id)),
        delete_time: Some(accepted.now),
        ..begun(organization, OperationKind::Delete, accepted)
    }
}

/// UNDELETE: takes the handle again, or another one, and names it home.
pub fn undelete(
    organization: &Organization,
    (handle, handle_given): (Handle, bool),
    accepted: Accepted,
) -> Organization {
    Organization {
        handles: with_handle(organization, &handle),
        home: Some(CollectionName::in_use(&handle)),
        handle,
        handle_given,
        purge_time: None,
        ..begun(organization, OperationKind::Undelete, accepted)
    }
}

/// PURGE: nothing brings the organization back from here on.
pub fn purge(organization: &Organization, accepted: Accepted) -> Organization {
    Organization {
        state: State::Purged,
        home: None,
        ..begun(organization, OperationKind::Purge, accepted)
    }
}

/// REPAIR: nothing is changed but what is not as the record says.
pub fn repair(organization: &Organization, accepted: Accepted) -> Organization {
    Organization {
        update_time: organization.update_time,
        ..begun(organization, OperationKind::Repair, accepted)
    }
}

/// A REPAIR of nobody's: a record that holds the handle while the collection at `org_<handle>`, which belongs to no
/// organization, is set aside. It never becomes an organization.
pub fn reservation(new: NewOrganization, accepted: Accepted) -> Organization {
    Organization {
        state: State::Aborted,
        home: None,
        operation: Some(operation(OperationKind::Repair, accepted, 1)),
        ..create(new, accepted)
    }
}

/// The handles with this one held, taken or revived where it rests.
fn with_handle(organization: &Organization, handle: &Handle) -> Vec<HeldHandle> {
    let mut handles = organization.handles.clone();
    match handles.iter_mut().find(|held| held.handle == *handle) {
        Some(held) => held.rest_until = None,
        None => handles.push(HeldHandle {
            handle: handle.clone(),
            rest_until: None,
        }),
    }
    handles
}

fn begun(organization: &Organization, kind: OperationKind, accepted: Accepted) -> Organization {
    let fence = organization.fence + 1;
    // What takes the place of a halted operation inherits its doubts: to a later lease it was overtaken.
    let first_fence = organization
        .operation
        .as_ref()
        .map_or(fence, |halted| halted.first_fence);
    Organization {
        operation: Some(operation(kind, accepted, first_fence)),
        epoch: organization.epoch + 1,
        fence,
        update_time: accepted.now,
        ..organization.clone()
    }
}

fn operation(kind: OperationKind, accepted: Accepted, first_fence: i64) -> Operation {
    Operation {
        id: accepted.operation,
        kind,
        started: accepted.now,
        first_fence,
        halted: None,
    }
}
