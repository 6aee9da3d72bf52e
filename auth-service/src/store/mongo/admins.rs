//! The reads of admins, and the writes that change one where it is still what it is taken for.

use std::sync::{Arc, Mutex, PoisonError};

use mongodb::{
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId},
    store::{
        error::{StoreError, UniqueIndex},
        mongo::{classify, detached},
    },
};

use super::{
    MongoStore,
    documents::{binary, date},
    plain,
};
use crate::{
    domain::{Admin, AdminChange},
    store::EMAIL_INDEX,
};

/// The id of the admin who was found last by e-mail: there is one to read where an e-mail is nobody's.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundLast(Arc<Mutex<Option<Bson>>>);

impl FoundLast {
    pub(super) fn remember(&self, id: &Bson) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
    }

    pub(super) fn get(&self) -> Option<Bson> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl MongoStore {
    /// The one admin that `filter` finds.
    pub(super) async fn one_admin(&self, filter: Document) -> Result<Option<Admin>, StoreError> {
        let admins = self.admins.clone();
        let found = detached(async move { admins.find_one(filter).await.map_err(plain) }).await?;
        found.map(Admin::try_from).transpose()
    }

    /// The id of the admin with this e-mail.
    pub(super) async fn id_of(&self, email: &Email) -> Result<Option<Bson>, StoreError> {
        let admins = self.admins.clone_with_type::<Document>();
        let filter = doc! { "email": { "$eq": email.as_str() } };
        let found = detached(async move {
            let id = doc! { "_id": 1 };
            admins.find_one(filter).projection(id).await.map_err(plain)
        });
        Ok(found.await?.and_then(|mut named| named.remove("_id")))
    }

    /// [`Admin::activated`] as one write; None when there is no PENDING admin with this id.
    pub(super) async fn activate_pending(
        &self,
        id: AdminId,
        now: Timestamp,
    ) -> Result<Option<Admin>, StoreError> {
        let pending = doc! { "_id": binary(id.as_uuid()), "state": "PENDING" };
        let activate = doc! {
            "$set": { "state": "ACTIVE", "update_time": date(now) },
            "$inc": { "generation": 1_i64 },
        };
        self.update_admin(pending, activate, &[]).await
    }

    /// [`Admin::cancelled`] as one write; None when the organization has no PENDING owner with this id.
    pub(super) async fn cancel_pending(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Admin>, StoreError> {
        let pending = doc! {
            "_id": binary(id.as_uuid()),
            "organization_id": binary(organization_id.as_uuid()),
            "role": "OWNER",
            "state": "PENDING",
        };
        self.update_admin(pending, without_credentials("CANCELLED", now), &[])
            .await
    }

    /// [`Admin::changed`] as one write; None when there is no ACTIVE admin of this generation with this id.
    pub(super) async fn change_active(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Option<Admin>, StoreError> {
        let active = doc! { "_id": binary(id.as_uuid()), "state": "ACTIVE", "generation": generation };
        let mut set = doc! { "update_time": date(now) };
        let raise = match change {
            AdminChange::Password(hash) => {
                set.insert("password_hash", hash.as_str());
                1_i64
            }
            AdminChange::Rehash(hash) => {
                set.insert("password_hash", hash.as_str());
                0
            }
            AdminChange::Email(email) => {
                set.insert("email", email.as_str());
                1
            }
            AdminChange::Generation => 1,
        };
        let update = doc! { "$set": set, "$inc": { "generation": raise } };
        self.update_admin(active, update, &[EMAIL_INDEX]).await
    }

    /// [`Admin::purged`] for all of an organization's admins.
    pub(super) async fn purge_all(
        &self,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let admins = self.admins.clone();
        let filter = doc! {
            "organization_id": binary(organization_id.as_uuid()),
            "state": { "$in": ["PENDING", "ACTIVE"] },
        };
        let purge = without_credentials("PURGED", now);
        detached(async move { admins.update_many(filter, purge).await.map(drop).map_err(plain) }).await
    }

    /// Changes the one admin that `filter` finds, and answers it. `indexes` are those that the change can violate.
    async fn update_admin(
        &self,
        filter: Document,
        update: Document,
        indexes: &'static [UniqueIndex],
    ) -> Result<Option<Admin>, StoreError> {
        let admins = self.admins.clone();
        let changed = detached(async move {
            let update = admins.find_one_and_update(filter, update);
            let changed = update.return_document(ReturnDocument::After).await;
            changed.map_err(|error| classify(error, indexes))
        });
        changed.await?.map(Admin::try_from).transpose()
    }
}

fn without_credentials(state: &str, now: Timestamp) -> Document {
    doc! {
        "$set": { "state": state, "update_time": date(now) },
        "$unset": { "email": "", "password_hash": "" },
        "$inc": { "generation": 1_i64 },
    }
}
