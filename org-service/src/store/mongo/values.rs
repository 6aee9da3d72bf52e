//! Ids and instants as BSON has them.

use mongodb::bson::{self, DateTime};
use tenantry_common::clock::Timestamp;
use uuid::Uuid;

/// A UUID as BSON has it (binary, subtype 4).
pub(super) fn bson_uuid(uuid: &Uuid) -> bson::Uuid {
    bson::Uuid::from_bytes(*uuid.as_bytes())
}

pub(super) fn uuid(uuid: bson::Uuid) -> Uuid {
    Uuid::from_bytes(uuid.bytes())
}

/// An instant as BSON has it (milliseconds, as ours).
pub(super) fn date(timestamp: Timestamp) -> DateTime {
    DateTime::from_millis(timestamp.as_millis())
}

pub(super) fn timestamp(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}
