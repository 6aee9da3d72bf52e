//! Sessions' records and what is found by them: organizations and the time that they end.

use redb::{ReadableTable, TableHandle, WriteTransaction};
use tenantry_common::{
    clock::Timestamp,
    store::{
        embedded::{decode, encode},
        error::StoreError,
    },
};

use super::{SESSIONS, SESSIONS_BY_EXPIRY, SESSIONS_BY_ORGANIZATION};
use crate::{domain::Session, store::ID_INDEX};

/// How many expired sessions a new one clears away: more than one, so that they never pile up.
const CLEARED_PER_SESSION: usize = 4;

/// Inserts a session; [`Store::insert_session`] says what is refused.
pub(super) fn insert_session(transaction: &WriteTransaction, session: &Session) -> Result<(), StoreError> {
    let id = session.id.as_uuid().as_u128();
    let record = encode(session)?;
    {
        let mut sessions = transaction.open_table(SESSIONS)?;
        let there = sessions.insert(id, record.as_slice())?;
        if there.is_some_and(|there| there.value() != record.as_slice()) {
            return Err(StoreError::AlreadyExists(ID_INDEX));
        }
    }
    if let Some(organization_id) = session.affiliation.organization_id() {
        let pair = (organization_id.as_uuid().as_u128(), id);
        transaction
            .open_table(SESSIONS_BY_ORGANIZATION)?
            .insert(pair, ())?;
    }
    let expiry = (session.expire_time.as_millis(), id);
    transaction.open_table(SESSIONS_BY_EXPIRY)?.insert(expiry, ())?;
    Ok(())
}

/// Deletes a session, if it is there.
pub(super) fn delete_session(transaction: &WriteTransaction, id: u128) -> Result<(), StoreError> {
    let removed: Option<Session> = {
        let mut sessions = transaction.open_table(SESSIONS)?;
        let record = sessions.remove(id)?;
        record
            .map(|bytes| decode(SESSIONS.name(), bytes.value()))
            .transpose()?
    };
    let Some(session) = removed else { return Ok(()) };
    if let Some(organization_id) = session.affiliation.organization_id() {
        let pair = (organization_id.as_uuid().as_u128(), id);
        transaction.open_table(SESSIONS_BY_ORGANIZATION)?.remove(pair)?;
    }
    let expiry = (session.expire_time.as_millis(), id);
    transaction.open_table(SESSIONS_BY_EXPIRY)?.remove(expiry)?;
    Ok(())
}

/// Clears a few sessions that have expired; MongoDB's TTL index does the same in its own time.
pub(super) fn clear_expired(transaction: &WriteTransaction, now: Timestamp) -> Result<(), StoreError> {
    let expired: Vec<u128> = {
        let by_expiry = transaction.open_table(SESSIONS_BY_EXPIRY)?;
        let range = by_expiry.range(..=(now.as_millis(), u128::MAX))?;
        range
            .take(CLEARED_PER_SESSION)
            .map(|entry| Ok(entry?.0.value().1))
            .collect::<Result<_, StoreError>>()?
    };
    expired
        .into_iter()
        .try_for_each(|id| delete_session(transaction, id))
}
