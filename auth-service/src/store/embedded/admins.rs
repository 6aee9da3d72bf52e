//! Admins' records and what is found by them: e-mails and organizations.

use redb::{ReadTransaction, ReadableTable, TableHandle, WriteTransaction};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId},
    store::{
        embedded::{decode, encode},
        error::StoreError,
    },
};

use super::{ADMIN_EMAILS, ADMINS, ADMINS_BY_ORGANIZATION, seconds_of};
use crate::{
    domain::{Admin, AdminChange, AdminState, Affiliation},
    store::{EMAIL_INDEX, ID_INDEX, repeated::is_outcome},
};

/// The admin with this e-mail, PENDING or ACTIVE.
///
/// Reads the one whose e-mail comes next where nobody has this one, so that it takes as long.
pub(super) fn find_admin(transaction: &ReadTransaction, email: &Email) -> Result<Option<Admin>, StoreError> {
    let emails = transaction.open_table(ADMIN_EMAILS)?;
    let mut from_there = emails.range(email.as_str()..)?;
    let Some(nearest) = from_there.next().or_else(|| emails.first().transpose()) else {
        return Ok(None);
    };
    let (key, id) = nearest?;
    let admins = transaction.open_table(ADMINS)?;
    let record = admins.get(id.value())?;
    let admin = record
        .map(|bytes| decode(ADMINS.name(), bytes.value()))
        .transpose();
    if key.value() == email.as_str() {
        admin
    } else {
        // Whether it could be read is its own admin's business.
        drop(admin);
        Ok(None)
    }
}

/// Inserts an admin as it is; [`Store::insert_admin`](crate::store::Store::insert_admin) says what is refused.
pub(super) fn insert_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    let id = admin.id.as_uuid().as_u128();
    if load_admin(transaction, id)?.is_some() {
        return Err(StoreError::AlreadyExists(ID_INDEX));
    }
    take_email(transaction, admin)?;
    if let Some(organization_id) = admin.affiliation.organization_id() {
        let pair = (organization_id.as_uuid().as_u128(), id);
        transaction.open_table(ADMINS_BY_ORGANIZATION)?.insert(pair, ())?;
    }
    put_admin(transaction, admin)
}

/// [`Store::activate_admin`](crate::store::Store::activate_admin).
pub(super) fn activate_admin(
    transaction: &WriteTransaction,
    id: AdminId,
    now: Timestamp,
) -> Result<Admin, StoreError> {
    let admin = load_admin(transaction, id.as_uuid().as_u128())?.ok_or(StoreError::NotFound)?;
    let activated = admin.activated(now).ok_or(StoreError::Conflict)?;
    put_admin(transaction, &activated)?;
    Ok(activated)
}

/// [`Store::cancel_admin`](crate::store::Store::cancel_admin).
pub(super) fn cancel_admin(
    transaction: &WriteTransaction,
    id: AdminId,
    organization_id: OrganizationId,
    now: Timestamp,
) -> Result<Admin, StoreError> {
    let owner = Affiliation::owner_of(organization_id);
    let Some(admin) = load_admin(transaction, id.as_uuid().as_u128())? else {
        let tombstone = Admin::new(id, owner, AdminState::Cancelled, now);
        insert_admin(transaction, &tombstone)?;
        return Ok(tombstone);
    };
    if admin.affiliation != owner {
        return Err(StoreError::Conflict);
    }
    let cancelled = admin.clone().cancelled(now).ok_or(StoreError::Conflict)?;
    free_email(transaction, &admin)?;
    put_admin(transaction, &cancelled)?;
    Ok(cancelled)
}

/// [`Store::change_admin`](crate::store::Store::change_admin).
pub(super) fn change_admin(
    transaction: &WriteTransaction,
    id: AdminId,
    generation: i64,
    change: &AdminChange,
    now: Timestamp,
) -> Result<Admin, StoreError> {
    let admin = load_admin(transaction, id.as_uuid().as_u128())?.ok_or(StoreError::NotFound)?;
    if admin.generation != generation {
        return if is_outcome(&admin, generation, change, now) {
            Ok(admin)
        } else {
            Err(StoreError::Conflict)
        };
    }
    let changed = admin.clone().changed(change, now).ok_or(StoreError::Conflict)?;
    // In this order an e-mail that stays is not in its own way.
    free_email(transaction, &admin)?;
    take_email(transaction, &changed)?;
    put_admin(transaction, &changed)?;
    Ok(changed)
}

/// [`Store::purge_admins`](crate::store::Store::purge_admins).
pub(super) fn purge_admins(
    transaction: &WriteTransaction,
    organization_id: OrganizationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let organization = organization_id.as_uuid().as_u128();
    let ids = seconds_of(&transaction.open_table(ADMINS_BY_ORGANIZATION)?, organization)?;
    for id in ids {
        let admin = load_admin(transaction, id)?
            .ok_or_else(|| StoreError::Corrupt("the table of admins lacks a record".to_owned()))?;
        free_email(transaction, &admin)?;
        put_admin(transaction, &admin.purged(now))?;
    }
    Ok(())
}

fn load_admin(transaction: &WriteTransaction, id: u128) -> Result<Option<Admin>, StoreError> {
    let admins = transaction.open_table(ADMINS)?;
    let record = admins.get(id)?;
    record
        .map(|bytes| decode(ADMINS.name(), bytes.value()))
        .transpose()
}

/// Writes an admin over what was there.
fn put_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    let record = encode(admin)?;
    transaction
        .open_table(ADMINS)?
        .insert(admin.id.as_uuid().as_u128(), record.as_slice())?;
    Ok(())
}

/// Takes the e-mail that an admin is about to have, if any.
fn take_email(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    if let Some(credentials) = admin.credentials() {
        let mut emails = transaction.open_table(ADMIN_EMAILS)?;
        let taken = emails.insert(credentials.email.as_str(), admin.id.as_uuid().as_u128())?;
        if taken.is_some() {
            return Err(StoreError::AlreadyExists(EMAIL_INDEX));
        }
    }
    Ok(())
}

/// Gives up the e-mail of an admin that is about to lose it.
fn free_email(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    if let Some(credentials) = admin.credentials() {
        transaction
            .open_table(ADMIN_EMAILS)?
            .remove(credentials.email.as_str())?;
    }
    Ok(())
}
