//! Sessions' records and what is found by them: organizations, admins and the time that they end.

use redb::{ReadTransaction, ReadableTable, TableHandle, WriteTransaction};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, SessionId},
    store::{
        embedded::{decode, encode},
        error::StoreError,
    },
};

use super::{Pairs, SESSIONS, SESSIONS_BY_ADMIN, SESSIONS_BY_EXPIRY, SESSIONS_BY_ORGANIZATION, seconds_of};
use crate::{
    domain::{Rotation, Session},
    store::ID_INDEX,
};

/// How many expired sessions a new one clears away: more than one, so that they never pile up.
const CLEARED_PER_SESSION: usize = 4;

/// Inserts a session; [`Store::insert_session`](crate::store::Store::insert_session) says what is refused.
pub(super) fn insert_session(transaction: &WriteTransaction, session: &Session) -> Result<(), StoreError> {
    let record = encode(session)?;
    {
        let mut sessions = transaction.open_table(SESSIONS)?;
        let there = sessions.insert(number(session), record.as_slice())?;
        if there.is_some_and(|there| there.value() != record.as_slice()) {
            return Err(StoreError::AlreadyExists(ID_INDEX));
        }
    }
    for (pairs, pair) in pairs(session) {
        transaction.open_table(pairs)?.insert(pair, ())?;
    }
    transaction
        .open_table(SESSIONS_BY_EXPIRY)?
        .insert(expiry(session), ())?;
    Ok(())
}

/// [`Store::sessions_of`](crate::store::Store::sessions_of).
pub(super) fn sessions_of(
    transaction: &ReadTransaction,
    admin_id: AdminId,
) -> Result<Vec<Session>, StoreError> {
    let sessions = transaction.open_table(SESSIONS)?;
    let by_admin = transaction.open_table(SESSIONS_BY_ADMIN)?;
    seconds_of(&by_admin, admin_id.as_uuid().as_u128())?
        .into_iter()
        .map(|id| {
            let record = sessions.get(id)?.ok_or_else(missing)?;
            decode(SESSIONS.name(), record.value())
        })
        .collect()
}

/// [`Store::rotate_session`](crate::store::Store::rotate_session).
pub(super) fn rotate_session(
    transaction: &WriteTransaction,
    rotation: &Rotation,
) -> Result<Session, StoreError> {
    let session = load_session(transaction, rotation.id.as_uuid().as_u128())?.ok_or(StoreError::NotFound)?;
    let before = expiry(&session);
    let rotated = session.rotated(rotation).ok_or(StoreError::Conflict)?;
    put_session(transaction, &rotated)?;
    let mut by_expiry = transaction.open_table(SESSIONS_BY_EXPIRY)?;
    by_expiry.remove(before)?;
    by_expiry.insert(expiry(&rotated), ())?;
    Ok(rotated)
}

/// [`Store::set_sessions_email`](crate::store::Store::set_sessions_email).
pub(super) fn set_sessions_email(
    transaction: &WriteTransaction,
    admin_id: AdminId,
    email: &Email,
) -> Result<(), StoreError> {
    let admin = admin_id.as_uuid().as_u128();
    let ids = seconds_of(&transaction.open_table(SESSIONS_BY_ADMIN)?, admin)?;
    for id in ids {
        let session = load_session(transaction, id)?.ok_or_else(missing)?;
        let email = email.clone();
        put_session(transaction, &Session { email, ..session })?;
    }
    Ok(())
}

/// Deletes the sessions that these pairs have with `first`, but for one that is kept.
pub(super) fn delete_paired(
    transaction: &WriteTransaction,
    pairs: Pairs,
    first: u128,
    kept: Option<SessionId>,
) -> Result<(), StoreError> {
    let kept = kept.map(|id| id.as_uuid().as_u128());
    let sessions = seconds_of(&transaction.open_table(pairs)?, first)?;
    sessions
        .into_iter()
        .filter(|id| Some(*id) != kept)
        .try_for_each(|id| delete_session(transaction, id))
}

/// Deletes a session, if it is there.
pub(super) fn delete_session(transaction: &WriteTransaction, id: u128) -> Result<(), StoreError> {
    let Some(session) = load_session(transaction, id)? else {
        return Ok(());
    };
    transaction.open_table(SESSIONS)?.remove(id)?;
    for (pairs, pair) in pairs(&session) {
        transaction.open_table(pairs)?.remove(pair)?;
    }
    transaction
        .open_table(SESSIONS_BY_EXPIRY)?
        .remove(expiry(&session))?;
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

fn load_session(transaction: &WriteTransaction, id: u128) -> Result<Option<Session>, StoreError> {
    let sessions = transaction.open_table(SESSIONS)?;
    let record = sessions.get(id)?;
    record
        .map(|bytes| decode(SESSIONS.name(), bytes.value()))
        .transpose()
}

/// Writes a session over what was there; whoever moves its end moves the entry of its end too.
fn put_session(transaction: &WriteTransaction, session: &Session) -> Result<(), StoreError> {
    let record = encode(session)?;
    transaction
        .open_table(SESSIONS)?
        .insert(number(session), record.as_slice())?;
    Ok(())
}

fn number(session: &Session) -> u128 {
    session.id.as_uuid().as_u128()
}

/// The session's entry in the table of ends.
fn expiry(session: &Session) -> (i64, u128) {
    (session.idle_expire_time.as_millis(), number(session))
}

/// The session's entries in the tables of pairs.
fn pairs(session: &Session) -> impl Iterator<Item = (Pairs, (u128, u128))> {
    let id = number(session);
    let admin = (SESSIONS_BY_ADMIN, (session.admin_id.as_uuid().as_u128(), id));
    let organization = session.affiliation.organization_id();
    let organization =
        organization.map(|organization| (SESSIONS_BY_ORGANIZATION, (organization.as_uuid().as_u128(), id)));
    [admin].into_iter().chain(organization)
}

fn missing() -> StoreError {
    StoreError::Corrupt("the table of sessions lacks a record".to_owned())
}
