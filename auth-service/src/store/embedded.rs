//! The port over one redb file. Every write is one transaction, so uniqueness is a look-up and an insert inside it.

mod admins;
mod keys;
mod organizations;
mod sessions;

use async_trait::async_trait;
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use serde::de::DeserializeOwned;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::{
        embedded::{EmbeddedDatabase, decode, encode},
        error::StoreError,
    },
};

use super::{KeyName, Store};
use crate::domain::{Admin, AdminChange, Gate, GateState, OrganizationAdmins, Rotation, Session, StoredKey};

/// Ids are UUIDs as numbers, which sort like their texts; records are JSON.
type Records = TableDefinition<'static, u128, &'static [u8]>;
type Pairs = TableDefinition<'static, (u128, u128), ()>;

const ADMINS: Records = TableDefinition::new("admins");
const ADMIN_EMAILS: TableDefinition<'_, &str, u128> = TableDefinition::new("admins_email");
const ADMINS_BY_ORGANIZATION: Pairs = TableDefinition::new("admins_organization");
const GATES: Records = TableDefinition::new("gates");
const SESSIONS: Records = TableDefinition::new("sessions");
const SESSIONS_BY_ADMIN: Pairs = TableDefinition::new("sessions_admin");
const SESSIONS_BY_ORGANIZATION: Pairs = TableDefinition::new("sessions_organization");
const SESSIONS_BY_EXPIRY: TableDefinition<'_, (i64, u128), ()> =
    TableDefinition::new("sessions_idle_expire_time");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");

/// auth-service's store in an embedded database.
#[derive(Clone, Debug)]
pub struct EmbeddedStore {
    database: EmbeddedDatabase,
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
            .write(move |transaction| admins::insert_admin(transaction, &admin))
            .await
    }

    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.record(ADMINS, id.as_uuid().as_u128()).await
    }

    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError> {
        self.database
            .read(|transaction| admins::find_admin(transaction, email))
            .await
    }

    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        self.database
            .write(move |transaction| admins::activate_admin(transaction, id, now))
            .await
    }

    async fn cancel_admin(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        self.database
            .write(move |transaction| admins::cancel_admin(transaction, id, organization_id, now))
            .await
    }

    async fn change_admin(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        let change = change.clone();
        self.database
            .write(move |transaction| admins::change_admin(transaction, id, generation, &change, now))
            .await
    }

    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| admins::purge_admins(transaction, organization_id, now))
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
                sessions::clear_expired(transaction, session.create_time)?;
                sessions::insert_session(transaction, &session)
            })
            .await
    }

    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.record(SESSIONS, id.as_uuid().as_u128()).await
    }

    async fn sessions_of(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError> {
        self.database
            .scan(move |transaction| sessions::sessions_of(transaction, admin_id))
            .await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<Session, StoreError> {
        let rotation = *rotation;
        self.database
            .write(move |transaction| sessions::rotate_session(transaction, &rotation))
            .await
    }

    async fn set_sessions_email(&self, admin_id: AdminId, email: &Email) -> Result<(), StoreError> {
        let email = email.clone();
        self.database
            .write(move |transaction| sessions::set_sessions_email(transaction, admin_id, &email))
            .await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| sessions::delete_session(transaction, id.as_uuid().as_u128()))
            .await
    }

    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError> {
        let organization = organization_id.as_uuid().as_u128();
        self.database
            .write(move |transaction| {
                sessions::delete_paired(transaction, SESSIONS_BY_ORGANIZATION, organization, None)
            })
            .await
    }

    async fn delete_sessions_of(&self, admin_id: AdminId, kept: Option<SessionId>) -> Result<(), StoreError> {
        let admin = admin_id.as_uuid().as_u128();
        self.database
            .write(move |transaction| sessions::delete_paired(transaction, SESSIONS_BY_ADMIN, admin, kept))
            .await
    }

    async fn key_or_insert(&self, name: KeyName, candidate: &StoredKey) -> Result<StoredKey, StoreError> {
        let candidate = keys::encode_key(candidate)?;
        self.database
            .write(move |transaction| keys::key_or_insert(transaction, name, &candidate))
            .await
    }
}

fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for records in [ADMINS, GATES, SESSIONS] {
        transaction.open_table(records)?;
    }
    for pairs in [
        ADMINS_BY_ORGANIZATION,
        SESSIONS_BY_ADMIN,
        SESSIONS_BY_ORGANIZATION,
    ] {
        transaction.open_table(pairs)?;
    }
    transaction.open_table(ADMIN_EMAILS)?;
    transaction.open_table(SESSIONS_BY_EXPIRY)?;
    transaction.open_table(KEYS)?;
    Ok(())
}

/// The second halves of the pairs that begin with this number, in their order.
fn seconds_of(pairs: &impl ReadableTable<(u128, u128), ()>, first: u128) -> Result<Vec<u128>, StoreError> {
    let range = pairs.range::<(u128, u128)>((first, 0)..=(first, u128::MAX))?;
    range.map(|pair| Ok(pair?.0.value().1)).collect()
}

#[cfg(test)]
mod tests;
