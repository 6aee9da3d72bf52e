//! The port over one redb file. Every write is one transaction, so uniqueness is a look-up and an insert inside it.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::{
        embedded::{EmbeddedDatabase, decode, encode},
        error::StoreError,
    },
};
use zeroize::Zeroizing;

use super::{EMAIL_INDEX, ID_INDEX, Store};
use crate::{
    domain::{Admin, AdminState, Affiliation, Gate, GateState, Session},
    key::SigningKey,
};

/// Ids are UUIDs as numbers, which sort like their texts; records are JSON.
type Records = TableDefinition<'static, u128, &'static [u8]>;
type Pairs = TableDefinition<'static, (u128, u128), ()>;

const ADMINS: Records = TableDefinition::new("admins");
const ADMIN_EMAILS: TableDefinition<'_, &str, u128> = TableDefinition::new("admins_email");
const ADMINS_BY_ORGANIZATION: Pairs = TableDefinition::new("admins_organization");
const GATES: Records = TableDefinition::new("gates");
const SESSIONS: Records = TableDefinition::new("sessions");
const SESSIONS_BY_ORGANIZATION: Pairs = TableDefinition::new("sessions_organization");
const SESSIONS_BY_EXPIRY: TableDefinition<'_, (i64, u128), ()> = TableDefinition::new("sessions_expire_time");
const SIGNING_KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("signing_keys");

/// How many expired sessions a new one clears away: more than one, so that they never pile up.
const CLEARED_PER_SESSION: usize = 4;

/// auth-service's store in an embedded database.
#[derive(Clone, Debug)]
pub struct EmbeddedStore {
    database: EmbeddedDatabase,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    pkcs8: String,
    create_time: Timestamp,
}

impl EmbeddedStore {
    /// The store in this database; its tables are made where they are missing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn new(database: EmbeddedDatabase) -> Result<Self, StoreError> {
        database.write(create_tables).await?;
        Ok(Self { database })
    }

    async fn record<T: DeserializeOwned + Send>(
        &self,
        table: Records,
        id: u128,
    ) -> Result<Option<T>, StoreError> {
        self.database
            .read(move |transaction| {
                let records = transaction.open_table(table)?;
                let record = records.get(id)?;
                record
                    .map(|bytes| decode(table.name(), bytes.value()))
                    .transpose()
            })
            .await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.database
            .read(|transaction| transaction.open_table(ADMINS).map(drop).map_err(Into::into))
            .await
    }

    async fn insert_admin(&self, admin: &Admin) -> Result<(), StoreError> {
        let admin = admin.clone();
        self.database
            .write(move |transaction| insert_admin(transaction, &admin))
            .await
    }

    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.record(ADMINS, id.as_uuid().as_u128()).await
    }

    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError> {
        self.database
            .read(|transaction| {
                let Some(id) = transaction
                    .open_table(ADMIN_EMAILS)?
                    .get(email.as_str())?
                    .map(|id| id.value())
                else {
                    return Ok(None);
                };
                let admins = transaction.open_table(ADMINS)?;
                let record = admins.get(id)?;
                record
                    .map(|bytes| decode(ADMINS.name(), bytes.value()))
                    .transpose()
            })
            .await
    }

    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        self.database
            .write(move |transaction| {
                let admin = load_admin(transaction, id.as_uuid().as_u128())?.ok_or(StoreError::NotFound)?;
                let activated = admin.activated(now).ok_or(StoreError::Conflict)?;
                put_admin(transaction, &activated)?;
                Ok(activated)
            })
            .await
    }

    async fn cancel_admin(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        self.database
            .write(move |transaction| {
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
            })
            .await
    }

    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| {
                for id in pairs_of(transaction, ADMINS_BY_ORGANIZATION, organization_id)? {
                    let admin = load_admin(transaction, id)?.ok_or_else(|| {
                        StoreError::Corrupt("the table of admins lacks a record".to_owned())
                    })?;
                    free_email(transaction, &admin)?;
                    put_admin(transaction, &admin.purged(now))?;
                }
                Ok(())
            })
            .await
    }

    async fn get_gate(&self, organization_id: OrganizationId) -> Result<Option<Gate>, StoreError> {
        self.record(GATES, organization_id.as_uuid().as_u128()).await
    }

    async fn set_gate(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Gate, StoreError> {
        self.database
            .write(move |transaction| {
                let id = organization_id.as_uuid().as_u128();
                let mut gates = transaction.open_table(GATES)?;
                let stored = gates
                    .get(id)?
                    .map(|bytes| decode(GATES.name(), bytes.value()))
                    .transpose()?;
                let gate = Gate::moved(stored, organization_id, state, epoch).ok_or(StoreError::Conflict)?;
                gates.insert(id, encode(&gate)?.as_slice())?;
                Ok(gate)
            })
            .await
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let session = session.clone();
        self.database
            .write(move |transaction| {
                clear_expired(transaction, session.create_time)?;
                insert_session(transaction, &session)
            })
            .await
    }

    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.record(SESSIONS, id.as_uuid().as_u128()).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| delete_session(transaction, id.as_uuid().as_u128()))
            .await
    }

    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| {
                let sessions = pairs_of(transaction, SESSIONS_BY_ORGANIZATION, organization_id)?;
                sessions
                    .into_iter()
                    .try_for_each(|id| delete_session(transaction, id))
            })
            .await
    }

    async fn signing_key_or_insert(&self, candidate: &SigningKey) -> Result<SigningKey, StoreError> {
        let candidate = encode(&KeyRecord {
            pkcs8: STANDARD.encode(&*candidate.pkcs8),
            create_time: candidate.create_time,
        })
        .map(Zeroizing::new)?;
        self.database
            .write(move |transaction| {
                let mut keys = transaction.open_table(SIGNING_KEYS)?;
                let stored = keys
                    .get(super::SIGNING_KEY_ID)?
                    .map(|bytes| Zeroizing::new(bytes.value().to_vec()));
                if let Some(stored) = stored {
                    return decode_key(&stored);
                }
                keys.insert(super::SIGNING_KEY_ID, candidate.as_slice())?;
                decode_key(&candidate)
            })
            .await
    }
}

fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for records in [ADMINS, GATES, SESSIONS] {
        transaction.open_table(records)?;
    }
    for pairs in [ADMINS_BY_ORGANIZATION, SESSIONS_BY_ORGANIZATION] {
        transaction.open_table(pairs)?;
    }
    transaction.open_table(ADMIN_EMAILS)?;
    transaction.open_table(SESSIONS_BY_EXPIRY)?;
    transaction.open_table(SIGNING_KEYS)?;
    Ok(())
}

fn insert_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
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

fn load_admin(transaction: &WriteTransaction, id: u128) -> Result<Option<Admin>, StoreError> {
    let admins = transaction.open_table(ADMINS)?;
    let record = admins.get(id)?;
    record
        .map(|bytes| decode(ADMINS.name(), bytes.value()))
        .transpose()
}

fn put_admin(transaction: &WriteTransaction, admin: &Admin) -> Result<(), StoreError> {
    let record = encode(admin)?;
    transaction
        .open_table(ADMINS)?
        .insert(admin.id.as_uuid().as_u128(), record.as_slice())?;
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

/// The second halves of the pairs that begin with an organization.
fn pairs_of(
    transaction: &WriteTransaction,
    pairs: Pairs,
    organization_id: OrganizationId,
) -> Result<Vec<u128>, StoreError> {
    let organization = organization_id.as_uuid().as_u128();
    let pairs = transaction.open_table(pairs)?;
    let range = pairs.range((organization, 0)..=(organization, u128::MAX))?;
    range.map(|pair| Ok(pair?.0.value().1)).collect()
}

fn insert_session(transaction: &WriteTransaction, session: &Session) -> Result<(), StoreError> {
    let id = session.id.as_uuid().as_u128();
    let record = encode(session)?;
    if transaction
        .open_table(SESSIONS)?
        .insert(id, record.as_slice())?
        .is_some()
    {
        return Err(StoreError::AlreadyExists(ID_INDEX));
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

fn delete_session(transaction: &WriteTransaction, id: u128) -> Result<(), StoreError> {
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
fn clear_expired(transaction: &WriteTransaction, now: Timestamp) -> Result<(), StoreError> {
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

fn decode_key(bytes: &[u8]) -> Result<SigningKey, StoreError> {
    let KeyRecord { pkcs8, create_time } = decode(SIGNING_KEYS.name(), bytes)?;
    let pkcs8 = STANDARD
        .decode(Zeroizing::new(pkcs8).as_bytes())
        .map_err(|_| StoreError::Corrupt("a signing key is not base64".to_owned()))?;
    Ok(SigningKey {
        pkcs8: Zeroizing::new(pkcs8),
        create_time,
    })
}
