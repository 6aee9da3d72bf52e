//! Tenant collections: one table each, and their stamps beside them.

use std::collections::BTreeSet;

use redb::{
    ReadTransaction, ReadableTableMetadata, TableDefinition, TableError, TableHandle, WriteTransaction,
};
use tenantry_common::{seeded_bug, store::error::StoreError};

use crate::{
    domain::{CollectionName, Seen, Stamp},
    store::COLLECTION_INDEX,
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
    if seeded_bug!(DropTarget) && from != to && exists(transaction, from)? {
        drop_named(transaction, to)?;
    }
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

/// Tells of every tenant collection.
pub(super) fn each(transaction: &ReadTransaction, mut tell: impl FnMut(Seen)) -> Result<(), StoreError> {
    let stamps = transaction.open_table(STAMPS)?;
    for table in transaction.list_tables()? {
        let Ok(name) = table.name().parse::<CollectionName>() else {
            continue;
        };
        let stamp = stamps.get(name.as_str())?;
        let stamp: Option<Stamp> = stamp.and_then(|stamp| stamp.value().parse().ok());
        tell(Seen { name, stamp });
    }
    Ok(())
}

/// What stands at these names.
pub(super) fn at(
    transaction: &ReadTransaction,
    names: BTreeSet<CollectionName>,
) -> Result<Vec<Seen>, StoreError> {
    let stamps = transaction.open_table(STAMPS)?;
    let mut seen = Vec::new();
    for name in names {
        match transaction.open_untyped_table(documents(&name)) {
            Ok(_) => {}
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(other) => return Err(other.into()),
        }
        let stamp = stamps.get(name.as_str())?;
        let stamp = stamp.and_then(|stamp| stamp.value().parse().ok());
        seen.push(Seen { name, stamp });
    }
    Ok(seen)
}

/// How many bear a stamp: about as many as there are.
pub(super) fn count(transaction: &ReadTransaction) -> Result<u64, StoreError> {
    Ok(transaction.open_table(STAMPS)?.len()?)
}

/// A table exists whose "renaming" to its own name succeeds: redb changes nothing then, and opening makes it.
fn exists(transaction: &WriteTransaction, name: &CollectionName) -> Result<bool, StoreError> {
    match transaction.rename_table(documents(name), documents(name)) {
        Ok(()) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
