//! The index of what records wait for, in the order of the times that they wait for.

use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, TableHandle, WriteTransaction};
use tenantry_common::{clock::Timestamp, store::error::StoreError};

use crate::{
    domain::{Organization, State},
    store::Due,
};

/// What for, until when in milliseconds, and the record's id as a number.
type Key = (u8, i64, u128);

const DUE: TableDefinition<'_, Key, ()> = TableDefinition::new("organizations_due");
/// An operation without a lease waits for nothing.
const AT_ONCE: Timestamp = Timestamp::from_millis(i64::MIN);

/// Whether the file has the index.
pub(super) fn is_there(transaction: &WriteTransaction) -> Result<bool, StoreError> {
    Ok(transaction.list_tables()?.any(|table| table.name() == DUE.name()))
}

/// The index in a write transaction.
pub(super) struct DueIndex<'t>(Table<'t, Key, ()>);

impl<'t> DueIndex<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self(transaction.open_table(DUE)?))
    }

    pub(super) fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        for key in keys(organization) {
            self.0.insert(key, ())?;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, organization: &Organization) -> Result<(), StoreError> {
        for key in keys(organization) {
            self.0.remove(key)?;
        }
        Ok(())
    }

    /// Takes all leases for void, as they are once the process that took them has ended.
    pub(super) fn void_leases(&mut self) -> Result<(), StoreError> {
        let (first, last) = bounds(Due::Operation, i64::MAX);
        let under_way: Vec<Key> = self
            .0
            .range(first..=last)?
            .map(|entry| Ok(entry?.0.value()))
            .collect::<Result<_, StoreError>>()?;
        for (kind, until, id) in under_way {
            self.0.remove((kind, until, id))?;
            self.0.insert((kind, AT_ONCE.as_millis(), id), ())?;
        }
        Ok(())
    }
}

/// The ids of the records that wait for this and not beyond `now`, those first that waited longest. Leases end by
/// `present`, the store's clock.
pub(super) fn ids(
    transaction: &ReadTransaction,
    due: Due,
    now: Timestamp,
    present: Timestamp,
) -> Result<impl Iterator<Item = Result<u128, StoreError>> + use<>, StoreError> {
    let until = match due {
        // One that ends this very millisecond is held.
        Due::Operation => present.as_millis().saturating_sub(1),
        Due::Purge => now.as_millis(),
        Due::Recheck | Due::RestingHandle => i64::MAX,
    };
    let (first, last) = bounds(due, until);
    let entries = transaction.open_table(DUE)?.range(first..=last)?;
    Ok(entries.map(|entry| Ok(entry?.0.value().2)))
}

fn bounds(due: Due, until: i64) -> (Key, Key) {
    let kind = kind(due);
    ((kind, i64::MIN, 0), (kind, until, u128::MAX))
}

const fn kind(due: Due) -> u8 {
    match due {
        Due::Operation => 0,
        Due::Purge => 1,
        Due::Recheck => 2,
        Due::RestingHandle => 3,
    }
}

/// What a record waits for: its operation alone while it has one.
fn keys(organization: &Organization) -> Vec<Key> {
    let id = organization.id.as_uuid().as_u128();
    let key = |due, time: Timestamp| (kind(due), time.as_millis(), id);
    if let Some(operation) = &organization.operation {
        let until = organization.lease.as_ref().map_or(AT_ONCE, |lease| lease.until);
        let halted = operation.halted.is_some();
        return Vec::from_iter((!halted).then(|| key(Due::Operation, until)));
    }
    let goes = matches!(organization.state, State::Deleted | State::Aborted);
    let rests = organization.handles.iter().filter_map(|held| held.rest_until);
    [
        organization
            .purge_time
            .filter(|_| goes)
            .map(|time| key(Due::Purge, time)),
        organization.recheck_until.map(|time| key(Due::Recheck, time)),
        rests.min().map(|time| key(Due::RestingHandle, time)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
