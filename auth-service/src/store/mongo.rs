//! The port over MongoDB. Every decision is one atomic write of one document; no transactions.

mod documents;
mod gates;
mod organizations;

use std::time::Duration;

use async_trait::async_trait;
use mongodb::{
    Collection, Database, IndexModel,
    bson::{Document, doc},
    error::Error,
    options::{IndexOptions, ReturnDocument},
};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::{
        error::{StoreError, UniqueIndex},
        mongo::{classify, detached},
    },
};

use self::documents::{AdminDocument, GateDocument, KeyDocument, SessionDocument, binary, date};
use super::{EMAIL_INDEX, ID_INDEX, SIGNING_KEY_ID, Store};
use crate::{
    domain::{Admin, AdminState, Affiliation, Gate, GateState, OrganizationAdmins, Session},
    key::SigningKey,
};

const ADMINS_BY_ORGANIZATION: &str = "admins_organization";
const SESSIONS_BY_ORGANIZATION: &str = "sessions_organization";
const SESSIONS_BY_EXPIRY: &str = "sessions_expire_time";

/// auth-service's store in a MongoDB database.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    admins: Collection<AdminDocument>,
    gates: Collection<GateDocument>,
    sessions: Collection<SessionDocument>,
    keys: Collection<KeyDocument>,
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
            keys: database.collection("signing_keys"),
            database,
        };
        let indexed = store.clone();
        detached(async move { indexed.create_indexes().await.map_err(plain) }).await?;
        Ok(store)
    }

    async fn create_indexes(&self) -> Result<(), Error> {
        let named = |name: &str| IndexOptions::builder().name(name.to_owned());
        let model = |key: &str, options| {
            IndexModel::builder()
                .keys(doc! { key: 1 })
                .options(options)
                .build()
        };
        // Sparse: cancelled and purged admins have no e-mail and must not collide on that.
        let email = named(EMAIL_INDEX.0).unique(true).sparse(true).build();
        let expiry = named(SESSIONS_BY_EXPIRY).expire_after(Duration::ZERO).build();
        self.admins.create_index(model("email", email)).await?;
        self.admins
            .create_index(model("organization_id", named(ADMINS_BY_ORGANIZATION).build()))
            .await?;
        self.sessions
            .create_index(model("organization_id", named(SESSIONS_BY_ORGANIZATION).build()))
            .await?;
        self.sessions.create_index(model("expire_time", expiry)).await?;
        Ok(())
    }

    async fn one_admin(&self, filter: Document) -> Result<Option<Admin>, StoreError> {
        let admins = self.admins.clone();
        let found = detached(async move { admins.find_one(filter).await.map_err(plain) }).await?;
        found.map(Admin::try_from).transpose()
    }

    /// Changes the one admin that `filter` finds, and answers it.
    async fn change_admin(&self, filter: Document, update: Document) -> Result<Option<Admin>, StoreError> {
        let admins = self.admins.clone();
        let changed = detached(async move {
            let update = admins.find_one_and_update(filter, update);
            update.return_document(ReturnDocument::After).await.map_err(plain)
        });
        changed.await?.map(Admin::try_from).transpose()
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
        self.one_admin(doc! { "email": { "$eq": email.as_str() } }).await
    }

    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        let pending = doc! { "_id": binary(id.as_uuid()), "state": "PENDING" };
        let activate = doc! {
            "$set": { "state": "ACTIVE", "update_time": date(now) },
            "$inc": { "generation": 1_i64 },
        };
        if let Some(admin) = self.change_admin(pending, activate).await? {
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
        let pending = doc! {
            "_id": binary(id.as_uuid()),
            "organization_id": binary(organization_id.as_uuid()),
            "role": "OWNER",
            "state": "PENDING",
        };
        if let Some(admin) = self
            .change_admin(pending, without_credentials("CANCELLED", now))
            .await?
        {
            return Ok(admin);
        }
        let admin = self.get_admin(id).await?.ok_or(StoreError::Conflict)?;
        if admin.affiliation == owner && admin.state == AdminState::Cancelled {
            Ok(admin)
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        let admins = self.admins.clone();
        let filter = doc! {
            "organization_id": binary(organization_id.as_uuid()),
            "state": { "$in": ["PENDING", "ACTIVE"] },
        };
        let purge = without_credentials("PURGED", now);
        detached(async move { admins.update_many(filter, purge).await.map(drop).map_err(plain) }).await
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
        let (sessions, document) = (self.sessions.clone(), SessionDocument::from(session));
        let inserted = detached(async move {
            let inserted = sessions.insert_one(document).await;
            inserted.map(drop).map_err(|error| classify(error, &[ID_INDEX]))
        })
        .await;
        match inserted {
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

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        let sessions = self.sessions.clone();
        let filter = doc! { "_id": binary(id.as_uuid()) };
        detached(async move { sessions.delete_one(filter).await.map(drop).map_err(plain) }).await
    }

    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError> {
        let sessions = self.sessions.clone();
        let filter = doc! { "organization_id": binary(organization_id.as_uuid()) };
        detached(async move { sessions.delete_many(filter).await.map(drop).map_err(plain) }).await
    }

    async fn signing_key_or_insert(&self, candidate: &SigningKey) -> Result<SigningKey, StoreError> {
        let (keys, document) = (self.keys.clone(), KeyDocument::from(candidate));
        detached(async move {
            if let Some(stored) = keys
                .find_one(doc! { "_id": SIGNING_KEY_ID })
                .await
                .map_err(plain)?
            {
                return Ok(stored.into());
            }
            match keys
                .insert_one(&document)
                .await
                .map_err(|error| classify(error, &[ID_INDEX]))
            {
                Ok(_) => Ok(document.into()),
                Err(StoreError::AlreadyExists(_)) => {
                    let stored = keys
                        .find_one(doc! { "_id": SIGNING_KEY_ID })
                        .await
                        .map_err(plain)?;
                    stored.map(SigningKey::from).ok_or(StoreError::Conflict)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}

fn without_credentials(state: &str, now: Timestamp) -> Document {
    doc! {
        "$set": { "state": state, "update_time": date(now) },
        "$unset": { "email": "", "password_hash": "" },
        "$inc": { "generation": 1_i64 },
    }
}

/// An error of a call that violates no unique index.
fn plain(error: Error) -> StoreError {
    const NONE: [UniqueIndex; 0] = [];
    classify(error, &NONE)
}
