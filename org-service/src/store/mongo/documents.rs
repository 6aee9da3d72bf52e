//! What is asked of the collection `organizations`: filters, orders and pipelines.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use tenantry_common::{clock::Timestamp, id::OrganizationId, seeded_bug, store::error::StoreError};

use super::{
    record::Record,
    values::{bson_uuid, date},
};
use crate::{
    domain::{Handle, Organization, State},
    store::{Due, Fence, LeaseTerm, ListQuery, selection::listed_states},
};

/// The pipeline that puts `next` in a document's place. Values are literal, so that none of them is taken for an
/// expression, whatever it looks like; `lease` is an expression, or nothing.
pub(super) fn replacement(next: &Organization, lease: Option<Bson>) -> Result<Vec<Document>, StoreError> {
    let without_lease = Organization {
        lease: None,
        ..next.clone()
    };
    let document = serialize_to_bson(&Record::from(&without_lease))
        .map_err(|error| StoreError::Internal(format!("a record cannot be written: {}", error.kind)))?;
    let document = doc! { "$literal": document };
    let next = match lease {
        Some(lease) => doc! { "$mergeObjects": [document, { "lease": lease }] },
        None => document,
    };
    Ok(vec![doc! { "$replaceWith": next }])
}

/// A lease that ends by the server's clock, so that the hosts' do not matter.
pub(super) fn lease(term: LeaseTerm) -> Bson {
    doc! { "owner": bson_uuid(&term.owner), "until": end_of_lease(term.length) }.into()
}

pub(super) fn end_of_lease(length: Duration) -> Document {
    let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    doc! { "$add": ["$$NOW", millis] }
}

pub(super) fn by_id(id: OrganizationId) -> Document {
    doc! { "_id": bson_uuid(id.as_uuid()) }
}

pub(super) fn by_fence(fence: Fence) -> Document {
    if seeded_bug!(FenceNotInFilter) {
        return by_id(fence.organization);
    }
    doc! {
        "_id": bson_uuid(fence.organization.as_uuid()),
        "operation.id": bson_uuid(&fence.operation),
        "fence": fence.fence,
    }
}

/// What a field is that is not there.
pub(super) fn absent() -> Document {
    doc! { "$exists": false }
}

fn there() -> Document {
    doc! { "$exists": true }
}

/// How a record spells a state.
fn state(state: State) -> Result<Bson, StoreError> {
    serialize_to_bson(&state).map_err(|error| StoreError::Internal(error.kind.to_string()))
}

fn states(states: &[State]) -> Result<Document, StoreError> {
    let states: Result<Vec<Bson>, StoreError> = states.iter().map(|one| state(*one)).collect();
    Ok(doc! { "$in": states? })
}

/// The records that a list shows.
pub(super) fn list(query: &ListQuery) -> Result<Document, StoreError> {
    let mut filter = doc! { "state": states(listed_states(query.show_deleted))? };
    let ids = [("$gt", query.after), ("$eq", query.only)];
    let ids: Document = ids
        .into_iter()
        .filter_map(|(operator, id)| Some((operator.to_owned(), bson_uuid(id?.as_uuid()).into())))
        .collect();
    if !ids.is_empty() {
        filter.insert("_id", ids);
    }
    Ok(filter)
}

/// The record as long as `next` may take its place: it has no operation, or one that is halted and was not taken up
/// since it was read.
pub(super) fn idle(next: &Organization) -> Document {
    let halted = doc! { "operation.halted": there(), "fence": { "$lt": next.fence } };
    let mut idle = by_id(next.id);
    idle.insert("epoch", next.epoch - 1);
    idle.insert("$or", [doc! { "operation": absent() }, halted]);
    idle
}

/// The record as long as it waits for this recheck.
pub(super) fn waits(id: OrganizationId, epoch: i64, recheck_until: Timestamp) -> Document {
    let mut waits = by_id(id);
    waits.insert("epoch", epoch);
    waits.insert("operation", absent());
    waits.insert("recheck_until", date(recheck_until));
    waits
}

/// The record of a create that was rolled back, once its time is over.
pub(super) fn gone(id: OrganizationId, now: Timestamp) -> Result<Document, StoreError> {
    let mut gone = by_id(id);
    gone.insert("state", state(State::Aborted)?);
    gone.insert("operation", absent());
    gone.insert("handles", absent());
    gone.insert("purge_time", doc! { "$lte": date(now) });
    Ok(gone)
}

/// The alternatives under which nobody drives an operation.
pub(super) fn undriven() -> [Document; 2] {
    // As numbers: not every server that speaks this protocol can compare `$$NOW` with a stored date.
    let over = doc! { "$lt": [{ "$toLong": "$lease.until" }, { "$toLong": "$$NOW" }] };
    [doc! { "lease": absent() }, doc! { "$expr": over }]
}

/// Which records wait for this, and the order of those that waited longest: that of an index. All four indexes are
/// sparse or partial, and a server uses such a one only for a filter that says outright that the field is there.
pub(super) fn due(due: Due, now: Timestamp) -> Result<(Document, Document), StoreError> {
    Ok(match due {
        Due::Operation => (
            doc! { "operation": there(), "operation.halted": absent(), "$or": undriven() },
            doc! { "lease.until": 1 },
        ),
        Due::Purge => (
            doc! {
                "purge_time": { "$lte": date(now) },
                "state": states(&[State::Deleted, State::Aborted])?,
                "operation": absent(),
            },
            doc! { "purge_time": 1 },
        ),
        Due::Recheck => (
            doc! { "recheck_until": there(), "operation": absent() },
            doc! { "recheck_until": 1 },
        ),
        // A range would do for the index, but not for the order: a server sorts by an array's field on its own unless
        // the whole index is in question, and takes a handle that does not rest for the least of all times.
        Due::RestingHandle => (
            doc! { "handles.rest_until": there(), "operation": absent() },
            doc! { "handles.rest_until": 1 },
        ),
    })
}

/// The filter and the pipeline that let go of a handle whose rest is over.
pub(super) fn release(id: OrganizationId, handle: &Handle, now: Timestamp) -> (Document, Vec<Document>) {
    let mut rested = by_id(id);
    rested.insert(
        "handles",
        doc! { "$elemMatch": { "handle": handle.as_str(), "rest_until": { "$lte": date(now) } } },
    );
    rested.insert("operation", absent());
    rested.insert("recheck_until", absent());
    let others = doc! { "$ne": ["$$held.handle", { "$literal": handle.as_str() }] };
    let others = doc! { "$filter": { "input": "$handles", "as": "held", "cond": others } };
    let none_left = doc! { "$eq": ["$handles", []] };
    let pipeline = vec![
        doc! { "$set": { "handles": others } },
        doc! { "$set": { "handles": { "$cond": [none_left, "$$REMOVE", "$handles"] } } },
    ];
    (rested, pipeline)
}
