//! Admins' records and what is found by them: e-mails and organizations.

use redb::{ReadableTable, TableHandle, WriteTransaction};
use tenantry_common::store::{
    embedded::{decode, encode},
    error::StoreError,
};

use super::{ADMIN_EMAILS, ADMINS, ADMINS_BY_ORGANIZATION};
use crate::{
    domain::Admin,
    store::{EMAIL_INDEX, ID_INDEX},
};

/// Inserts an admin as it is; [`Store::insert_admin`] says what is refused.
pub(super) fn insert_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    let id = admin.id.as_uuid().as_u128();
    if load_admin(transaction, id)?.is_some() {
        return Err(StoreError::AlreadyExists(ID_INDEX));
    }
    if let Some(credentials) = admin.credentials() {
        let mut emails = transaction.open_table(ADMIN_EMAILS)?;
        if emails.insert(credentials.email.as_str(), id)?.is_some() {
            return Err(StoreError::AlreadyExists(EMAIL_INDEX));
        }
    }
    if let Some(organization_id) = admin.affiliation.organization_id() {
        let pair = (organization_id.as_uuid().as_u128(), id);
        transaction.open_table(ADMINS_BY_ORGANIZATION)?.insert(pair, ())?;
    }
    put_admin(transaction, admin)
}

/// The admin with this id.
pub(super) fn load_admin(transaction: &WriteTransaction, id: u128) -> Result<Option<Admin>, StoreError> {
    let admins = transaction.open_table(ADMINS)?;
    let record = admins.get(id)?;
    record
        .map(|bytes| decode(ADMINS.name(), bytes.value()))
        .transpose()
}

/// Writes an admin over what was there.
pub(super) fn put_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    let record = encode(admin)?;
    transaction
        .open_table(ADMINS)?
        .insert(admin.id.as_uuid().as_u128(), record.as_slice())?;
    Ok(())
}

/// Gives up the e-mail of an admin that is about to lose it.
pub(super) fn free_email(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    if let Some(credentials) = admin.credentials() {
        transaction
            .open_table(ADMIN_EMAILS)?
            .remove(credentials.email.as_str())?;
    }
    Ok(())
}
