//! The port over MongoDB. Every decision is one atomic write of one document; no transactions.

mod admins;
mod documents;
mod gates;
mod indexes;
mod keys;
mod organizations;
mod sessions;

use async_trait::async_trait;
use mongodb::{Collection, Database, bson::doc, error::Error};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::{
        error::{StoreError, UniqueIndex},
        mongo::{classify, detached},
    },
};

use self::{
    admins::FoundLast,
    documents::{AdminDocument, GateDocument, KeyDocument, SessionDocument, binary},
};
use super::{EMAIL_INDEX, ID_INDEX, KeyName, Store, repeated::is_outcome};
use crate::domain::{
    Admin, AdminChange, AdminState, Affiliation, Gate, GateState, OrganizationAdmins, Rotation, Session,
    StoredKey,
};

/// auth-service's store in a MongoDB database.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    admins: Collection<AdminDocument>,
    gates: Collection<GateDocument>,
    sessions: Collection<SessionDocument>,
    keys: Collection<KeyDocument>,
    found_last: FoundLast,
}

impl MongoStore {
    /// The store in this database; its indexes are made where they are missing.
    ///
    /// # Errors
    /// `Unavailable` while the server is away.
    pub async fn new(database: Database) -> Result<Self, StoreError> {
        let store = Self {
            admins: database.collection("admins"),
            gates: database.collection("gates"),
            sessions: database.collection("sessions"),
            keys: database.collection("keys"),
            found_last: FoundLast::default(),
            database,
        };
        let indexed = store.clone();
        detached(async move { indexed.create_indexes().await.map_err(plain) }).await?;
        Ok(store)
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let database = self.database.clone();
        detached(async move {
            database
                .run_command(doc! { "ping": 1 })
                .await
                .map(drop)
                .map_err(plain)
        })
        .await
    }

    async fn insert_admin(&self, admin: &Admin) -> Result<(), StoreError> {
        let (admins, document) = (self.admins.clone(), AdminDocument::from(admin));
        detached(async move {
            let inserted = admins.insert_one(document).await;
            inserted
                .map(drop)
                .map_err(|error| classify(error, &[ID_INDEX, EMAIL_INDEX]))
        })
        .await
    }

    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.one_admin(doc! { "_id": binary(id.as_uuid()) }).await
    }

    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError> {
        if let Some(id) = self.id_of(email).await? {
            self.found_last.remember(&id);
            let read = self.one_admin(doc! { "_id": id }).await?;
            return Ok(read.filter(|admin| admin.has_email(email)));
        }
        // Another admin is read instead, so that it takes as long; what comes of it is no matter.
        if let Some(id) = self.found_last.get() {
            let _ = self.one_admin(doc! { "_id": id }).await;
        }
        Ok(None)
    }

    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        if let Some(admin) = self.activate_pending(id, now).await? {
            return Ok(admin);
        }
        // No state leads back to PENDING, so what is read now is what refused the change.
        let admin = self.get_admin(id).await?.ok_or(StoreError::NotFound)?;
        if admin.is_active() {
            Ok(admin)
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn cancel_admin(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        let owner = Affiliation::owner_of(organization_id);
        let tombstone = Admin::new(id, owner, AdminState::Cancelled, now);
        match self.insert_admin(&tombstone).await {
            Err(StoreError::AlreadyExists(ID_INDEX)) => {}
            inserted => return inserted.map(|()| tombstone),
        }
        if let Some(admin) = self.cancel_pending(id, organization_id, now).await? {
            return Ok(admin);
        }
        let admin = self.get_admin(id).await?.ok_or(StoreError::Conflict)?;
        if admin.affiliation == owner && admin.state == AdminState::Cancelled {
            Ok(admin)
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn change_admin(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        if let Some(admin) = self.change_active(id, generation, change, now).await? {
            return Ok(admin);
        }
        // Neither the state nor the generation comes back, so what is read now refused the change too.
        let admin = self.get_admin(id).await?.ok_or(StoreError::NotFound)?;
        if is_outcome(&admin, generation, change, now) {
            Ok(admin)
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        self.purge_all(organization_id, now).await
    }

    async fn get_gate(&self, organization_id: OrganizationId) -> Result<Option<Gate>, StoreError> {
        let gates = self.gates.clone();
        let filter = doc! { "_id": binary(organization_id.as_uuid()) };
        let found = detached(async move { gates.find_one(filter).await.map_err(plain) }).await?;
        Ok(found.map(Gate::from))
    }

    async fn set_gate(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Gate, StoreError> {
        if let Some(gate) = self.move_gate(organization_id, state, epoch).await? {
            return Ok(gate);
        }
        let first = Gate::moved(None, organization_id, state, epoch).ok_or(StoreError::Conflict)?;
        if self.insert_gate(first).await? {
            return Ok(first);
        }
        // There is one, and gates never go: the second refusal is final.
        self.move_gate(organization_id, state, epoch)
            .await?
            .ok_or(StoreError::Conflict)
    }

    async fn organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError> {
        let store = self.clone();
        detached(async move { store.list_organizations(after, until, limit).await }).await
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        match self.insert_session_once(session).await {
            // It was inserted, its answer lost, when it was sent again.
            Err(StoreError::AlreadyExists(_))
                if self.get_session(session.id).await?.as_ref() == Some(session) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let sessions = self.sessions.clone();
        let filter = doc! { "_id": binary(id.as_uuid()) };
        let found = detached(async move { sessions.find_one(filter).await.map_err(plain) }).await?;
        found.map(Session::try_from).transpose()
    }

    async fn sessions_of(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError> {
        self.list_sessions(admin_id).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<Session, StoreError> {
        if let Some(session) = self.move_session(rotation).await? {
            return Ok(session);
        }
        // A counter never goes back, and a session that is gone stays so.
        match self.get_session(rotation.id).await? {
            Some(_) => Err(StoreError::Conflict),
            None => Err(StoreError::NotFound),
        }
    }

    async fn set_sessions_email(&self, admin_id: AdminId, email: &Email) -> Result<(), StoreError> {
        self.update_sessions(
            doc! { "admin_id": binary(admin_id.as_uuid()) },
            doc! { "$set": { "email": email.as_str() } },
        )
        .await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        let sessions = self.sessions.clone();
        let filter = doc! { "_id": binary(id.as_uuid()) };
        detached(async move { sessions.delete_one(filter).await.map(drop).map_err(plain) }).await
    }

    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError> {
        self.delete_all_sessions(doc! { "organization_id": binary(organization_id.as_uuid()) })
            .await
    }

    async fn delete_sessions_of(&self, admin_id: AdminId, kept: Option<SessionId>) -> Result<(), StoreError> {
        let mut filter = doc! { "admin_id": binary(admin_id.as_uuid()) };
        if let Some(kept) = kept {
            filter.insert("_id", doc! { "$ne": binary(kept.as_uuid()) });
        }
        self.delete_all_sessions(filter).await
    }

    async fn key_or_insert(&self, name: KeyName, candidate: &StoredKey) -> Result<StoredKey, StoreError> {
        let (keys, document) = (self.keys.clone(), KeyDocument::new(name, candidate));
        detached(async move { keys::key_or_insert(&keys, document).await }).await
    }
}

/// An error of a call that violates no unique index.
fn plain(error: Error) -> StoreError {
    const NONE: [UniqueIndex; 0] = [];
    classify(error, &NONE)
}

#[cfg(test)]
mod tests;
