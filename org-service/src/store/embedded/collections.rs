//! Tenant collections: one table each, and their stamps beside them.

use std::collections::BTreeSet;

use redb::{ReadTransaction, TableDefinition, TableError, TableHandle, WriteTransaction};
use tenantry_common::{id::OrganizationId, store::error::StoreError};

use crate::{
    domain::{CollectionName, Seen, Stamp},
    store::{COLLECTION_INDEX, selection::is_reported},
};

const STAMPS: TableDefinition<'_, &str, &str> = TableDefinition::new("collection_stamps");

/// A tenant's documents by their keys.
type Documents<'n> = TableDefinition<'n, &'static [u8], &'static [u8]>;

fn documents(name: &CollectionName) -> Documents<'_> {
    TableDefinition::new(name.as_str())
}

/// Makes the table of the stamps where it is missing.
pub(super) fn make_table(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(STAMPS)?;
    Ok(())
}

pub(super) fn create(
    transaction: &WriteTransaction,
    name: &CollectionName,
    stamp: Stamp,
) -> Result<(), StoreError> {
    if exists(transaction, name)? {
        return Err(StoreError::AlreadyExists(COLLECTION_INDEX));
    }
    transaction.open_table(documents(name))?;
    let mut stamps = transaction.open_table(STAMPS)?;
    stamps.insert(name.as_str(), stamp.to_string().as_str())?;
    Ok(())
}

pub(super) fn rename(
    transaction: &WriteTransaction,
    from: &CollectionName,
    to: &CollectionName,
) -> Result<(), StoreError> {
    match transaction.rename_table(documents(from), documents(to)) {
        Err(TableError::TableDoesNotExist(_)) => return Err(StoreError::NotFound),
        Err(TableError::TableExists(_)) => return Err(StoreError::AlreadyExists(COLLECTION_INDEX)),
        outcome => outcome?,
    }
    let mut stamps = transaction.open_table(STAMPS)?;
    let stamp = stamps
        .remove(from.as_str())?
        .map(|stamp| stamp.value().to_owned());
    if let Some(stamp) = stamp {
        stamps.insert(to.as_str(), stamp.as_str())?;
    }
    Ok(())
}

pub(super) fn drop_named(transaction: &WriteTransaction, name: &CollectionName) -> Result<(), StoreError> {
    transaction.delete_table(documents(name))?;
    transaction.open_table(STAMPS)?.remove(name.as_str())?;
    Ok(())
}

/// The collections that are of interest to `id`, among all there are: looking is for recovery.
pub(super) fn look(
    transaction: &ReadTransaction,
    id: OrganizationId,
    names: &[CollectionName],
) -> Result<Vec<Seen>, StoreError> {
    let stamps = transaction.open_table(STAMPS)?;
    let mut seen = BTreeSet::new();
    for table in transaction.list_tables()? {
        let Ok(name) = table.name().parse::<CollectionName>() else {
            continue;
        };
        let stamp = stamps.get(name.as_str())?;
        let stamp: Option<Stamp> = stamp.and_then(|stamp| stamp.value().parse().ok());
        let found = Seen { name, stamp };
        if is_reported(&found, id, names) {
            seen.insert(found);
        }
    }
    Ok(seen.into_iter().collect())
}

/// A table exists whose "renaming" to its own name succeeds: redb changes nothing then, and opening makes it.
fn exists(transaction: &WriteTransaction, name: &CollectionName) -> Result<bool, StoreError> {
    match transaction.rename_table(documents(name), documents(name)) {
        Ok(()) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
