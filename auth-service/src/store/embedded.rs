//! The port over one redb file. Every write is one transaction, so uniqueness is a look-up and an insert inside it.

mod admins;
mod organizations;
mod sessions;

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

use self::{
    admins::{free_email, insert_admin, load_admin, put_admin},
    sessions::{clear_expired, delete_session, insert_session},
};
use super::Store;
use crate::{
    domain::{Admin, AdminState, Affiliation, Gate, GateState, OrganizationAdmins, Session},
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

    async fn organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError> {
        self.database
            .scan(move |transaction| organizations::list(transaction, after, until, limit))
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
