//! The record as a document: BSON UUIDs and dates, absent fields for none.

use mongodb::bson::{self, DateTime};
use serde::{Deserialize, Serialize};
use tenantry_common::{
    id::{AdminId, OrganizationId},
    store::error::StoreError,
};

use super::{
    operation::OperationRecord,
    values::{bson_uuid, date, timestamp, uuid},
};
use crate::domain::{
    CollectionName, CreateRequest, Handle, HeldHandle, Labels, Lease, Operation, Organization,
    OrganizationName, State,
};

/// A document of the collection `organizations`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    name: OrganizationName,
    handle: Handle,
    handle_given: bool,
    // Absent when empty: the unique index takes an empty array for a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    handles: Vec<HeldHandleRecord>,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_before_delete: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<CollectionName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<bson::Uuid>,
    epoch: i64,
    fence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OperationRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<LeaseRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recheck_until: Option<DateTime>,
    admin_id: bson::Uuid,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<LabelRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_request: Option<CreateRequestRecord>,
    create_time: DateTime,
    update_time: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_time: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_time: Option<DateTime>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldHandleRecord {
    handle: Handle,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest_until: Option<DateTime>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LeaseRecord {
    owner: bson::Uuid,
    until: DateTime,
}

/// A label is a pair of values: a key holds dots, which a field's name had better not.
#[derive(Debug, Serialize, Deserialize)]
struct LabelRecord {
    key: String,
    value: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct CreateRequestRecord {
    key: bson::Uuid,
    fingerprint: String,
}

impl From<&Organization> for Record {
    fn from(organization: &Organization) -> Self {
        let Organization {
            id,
            name,
            handle,
            handle_given,
            handles,
            state,
            state_before_delete,
            home,
            stamp,
            epoch,
            fence,
            operation,
            lease,
            recheck_until,
            admin_id,
            labels,
            create_request,
            create_time,
            update_time,
            delete_time,
            purge_time,
        } = organization;
        Self {
            id: bson_uuid(id.as_uuid()),
            name: name.clone(),
            handle: handle.clone(),
            handle_given: *handle_given,
            handles: handles.iter().map(HeldHandleRecord::from).collect(),
            state: *state,
            state_before_delete: *state_before_delete,
            home: home.clone(),
            stamp: stamp.as_ref().map(bson_uuid),
            epoch: *epoch,
            fence: *fence,
            operation: operation.as_ref().map(OperationRecord::from),
            lease: lease.as_ref().map(LeaseRecord::from),
            recheck_until: recheck_until.map(date),
            admin_id: bson_uuid(admin_id.as_uuid()),
            labels: labels.iter().map(LabelRecord::from).collect(),
            create_request: create_request.as_ref().map(CreateRequestRecord::from),
            create_time: date(*create_time),
            update_time: date(*update_time),
            delete_time: delete_time.map(date),
            purge_time: purge_time.map(date),
        }
    }
}

impl TryFrom<Record> for Organization {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        let labels = record.labels.into_iter().map(|label| (label.key, label.value));
        let labels = Labels::parse(labels)
            .map_err(|_| StoreError::Corrupt(format!("the labels of organization {}", uuid(record.id))))?;
        Ok(Self {
            id: OrganizationId::from_uuid(uuid(record.id)),
            name: record.name,
            handle: record.handle,
            handle_given: record.handle_given,
            handles: record.handles.into_iter().map(HeldHandle::from).collect(),
            state: record.state,
            state_before_delete: record.state_before_delete,
            home: record.home,
            stamp: record.stamp.map(uuid),
            epoch: record.epoch,
            fence: record.fence,
            operation: record.operation.map(Operation::from),
            lease: record.lease.map(Lease::from),
            recheck_until: record.recheck_until.map(timestamp),
            admin_id: AdminId::from_uuid(uuid(record.admin_id)),
            labels,
            create_request: record.create_request.map(CreateRequest::from),
            create_time: timestamp(record.create_time),
            update_time: timestamp(record.update_time),
            delete_time: record.delete_time.map(timestamp),
            purge_time: record.purge_time.map(timestamp),
        })
    }
}

impl From<&HeldHandle> for HeldHandleRecord {
    fn from(held: &HeldHandle) -> Self {
        Self {
            handle: held.handle.clone(),
            rest_until: held.rest_until.map(date),
        }
    }
}

impl From<HeldHandleRecord> for HeldHandle {
    fn from(record: HeldHandleRecord) -> Self {
        Self {
            handle: record.handle,
            rest_until: record.rest_until.map(timestamp),
        }
    }
}

impl From<&Lease> for LeaseRecord {
    fn from(lease: &Lease) -> Self {
        Self {
            owner: bson_uuid(&lease.owner),
            until: date(lease.until),
        }
    }
}

impl From<LeaseRecord> for Lease {
    fn from(record: LeaseRecord) -> Self {
        Self {
            owner: uuid(record.owner),
            until: timestamp(record.until),
        }
    }
}

impl From<(&str, &str)> for LabelRecord {
    fn from((key, value): (&str, &str)) -> Self {
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }
}

impl From<&CreateRequest> for CreateRequestRecord {
    fn from(request: &CreateRequest) -> Self {
        Self {
            key: bson_uuid(&request.key),
            fingerprint: request.fingerprint.clone(),
        }
    }
}

impl From<CreateRequestRecord> for CreateRequest {
    fn from(record: CreateRequestRecord) -> Self {
        Self {
            key: uuid(record.key),
            fingerprint: record.fingerprint,
        }
    }
}
