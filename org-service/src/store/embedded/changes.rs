//! Writes that happen only while a record is as they want it: one transaction looks and writes.

use tenantry_common::{clock::Timestamp, id::OrganizationId, store::error::StoreError};

use super::records::Records;
use crate::{
    domain::{Handle, Lease, Organization, State},
    store::Fence,
};

pub(super) fn accept(
    records: &mut Records<'_>,
    next: &Organization,
    lease: Option<Lease>,
) -> Result<Organization, StoreError> {
    let stored = records.get(next.id)?.ok_or(StoreError::NotFound)?;
    let idle = stored.operation.is_none() || (stored.halted().is_some() && stored.fence < next.fence);
    if !idle || stored.epoch != next.epoch - 1 {
        return Err(StoreError::Conflict);
    }
    let accepted = Organization {
        lease,
        ..next.clone()
    };
    records.replace(&stored, &accepted)?;
    Ok(accepted)
}

pub(super) fn take_lease(
    records: &mut Records<'_>,
    id: OrganizationId,
    now: Timestamp,
    lease: Lease,
) -> Result<Option<Organization>, StoreError> {
    let undriven = |stored: &Organization| {
        let held = stored.lease.as_ref().is_some_and(|lease| lease.until >= now);
        stored.operation.is_some() && !held
    };
    let Some(stored) = records.get(id)?.filter(undriven) else {
        return Ok(None);
    };
    let taken = Organization {
        fence: stored.fence + 1,
        lease: Some(lease),
        ..stored.clone()
    };
    records.replace(&stored, &taken)?;
    Ok(Some(taken))
}

pub(super) fn renew_lease(
    records: &mut Records<'_>,
    fence: Fence,
    until: Timestamp,
) -> Result<(), StoreError> {
    let stored = records.fenced(fence)?;
    let mut renewed = stored.clone();
    // No lease under this very fence: it is of an earlier start of the process, and void.
    let lease = renewed.lease.as_mut().ok_or(StoreError::Conflict)?;
    lease.until = until;
    records.replace(&stored, &renewed)
}

pub(super) fn record(
    records: &mut Records<'_>,
    fence: Fence,
    next: &Organization,
) -> Result<Organization, StoreError> {
    let stored = records.fenced(fence)?;
    let recorded = Organization {
        lease: stored.lease.clone().filter(|_| next.is_under_way()),
        ..next.clone()
    };
    records.replace(&stored, &recorded)?;
    Ok(recorded)
}

pub(super) fn release_handle(
    records: &mut Records<'_>,
    id: OrganizationId,
    handle: &Handle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rested = |stored: &Organization| {
        let mut held = stored.handles.iter();
        let rested =
            held.any(|held| held.handle == *handle && held.rest_until.is_some_and(|until| until <= now));
        rested && stored.recheck_until.is_none() && stored.operation.is_none()
    };
    let Some(stored) = records.get(id)?.filter(rested) else {
        return Ok(false);
    };
    let mut released = stored.clone();
    released.handles.retain(|held| held.handle != *handle);
    records.replace(&stored, &released)?;
    Ok(true)
}

pub(super) fn end_recheck(
    records: &mut Records<'_>,
    id: OrganizationId,
    epoch: i64,
    recheck_until: Timestamp,
) -> Result<bool, StoreError> {
    let waits = |stored: &Organization| {
        stored.epoch == epoch && stored.operation.is_none() && stored.recheck_until == Some(recheck_until)
    };
    let Some(stored) = records.get(id)?.filter(waits) else {
        return Ok(false);
    };
    let ended = Organization {
        recheck_until: None,
        ..stored.clone()
    };
    records.replace(&stored, &ended)?;
    Ok(true)
}

pub(super) fn remove_aborted(
    records: &mut Records<'_>,
    id: OrganizationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let goes = |stored: &Organization| {
        stored.state == State::Aborted
            && stored.operation.is_none()
            && stored.handles.is_empty()
            && stored.purge_time.is_some_and(|time| time <= now)
    };
    let Some(stored) = records.get(id)?.filter(goes) else {
        return Ok(false);
    };
    records.remove(&stored)?;
    Ok(true)
}
