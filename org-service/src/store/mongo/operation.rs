//! A record's operation as a document.

use mongodb::bson::{self, DateTime};
use serde::{Deserialize, Serialize};

use super::values::{bson_uuid, date, timestamp, uuid};
use crate::domain::{CreateStep, HaltReason, Handle, Operation, OperationKind, OrganizationName};

/// The field `operation`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OperationRecord {
    id: bson::Uuid,
    #[serde(flatten)]
    kind: KindRecord,
    started: DateTime,
    first_fence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    halted: Option<HaltReason>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
enum KindRecord {
    Create {
        step: CreateStep,
    },
    Rename {
        name: OrganizationName,
        handle: Handle,
        handle_given: bool,
    },
    Suspend,
    Resume,
    Delete,
    Undelete,
    Purge,
    Repair,
}

impl From<&Operation> for OperationRecord {
    fn from(operation: &Operation) -> Self {
        let Operation {
            id,
            kind,
            started,
            first_fence,
            halted,
        } = operation;
        Self {
            id: bson_uuid(id),
            kind: KindRecord::from(kind.clone()),
            started: date(*started),
            first_fence: *first_fence,
            halted: *halted,
        }
    }
}

impl From<OperationRecord> for Operation {
    fn from(record: OperationRecord) -> Self {
        Self {
            id: uuid(record.id),
            kind: record.kind.into(),
            started: timestamp(record.started),
            first_fence: record.first_fence,
            halted: record.halted,
        }
    }
}

impl From<OperationKind> for KindRecord {
    fn from(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Create { step } => Self::Create { step },
            OperationKind::Rename {
                name,
                handle,
                handle_given,
            } => Self::Rename {
                name,
                handle,
                handle_given,
            },
            OperationKind::Suspend => Self::Suspend,
            OperationKind::Resume => Self::Resume,
            OperationKind::Delete => Self::Delete,
            OperationKind::Undelete => Self::Undelete,
            OperationKind::Purge => Self::Purge,
            OperationKind::Repair => Self::Repair,
        }
    }
}

impl From<KindRecord> for OperationKind {
    fn from(record: KindRecord) -> Self {
        match record {
            KindRecord::Create { step } => Self::Create { step },
            KindRecord::Rename {
                name,
                handle,
                handle_given,
            } => Self::Rename {
                name,
                handle,
                handle_given,
            },
            KindRecord::Suspend => Self::Suspend,
            KindRecord::Resume => Self::Resume,
            KindRecord::Delete => Self::Delete,
            KindRecord::Undelete => Self::Undelete,
            KindRecord::Purge => Self::Purge,
            KindRecord::Repair => Self::Repair,
        }
    }
}
