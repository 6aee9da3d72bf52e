//! Points around the writes to the store.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    failpoints::around,
    id::{AdminId, OrganizationId, SessionId},
    store::error::StoreError,
};

use crate::{
    domain::{Admin, AdminChange, Gate, GateState, OrganizationAdmins, Rotation, Session, StoredKey},
    store::{KeyName, Store},
};

pub(super) struct PointedStore(pub(super) Arc<dyn Store>);

#[async_trait]
impl Store for PointedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }

    async fn insert_admin(&self, admin: &Admin) -> Result<(), StoreError> {
        around("auth.store.insert_admin", self.0.insert_admin(admin)).await
    }

    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.0.get_admin(id).await
    }

    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError> {
        self.0.find_admin(email).await
    }

    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError> {
        around("auth.store.activate_admin", self.0.activate_admin(id, now)).await
    }

    async fn cancel_admin(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        let cancelled = self.0.cancel_admin(id, organization_id, now);
        around("auth.store.cancel_admin", cancelled).await
    }

    async fn change_admin(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Admin, StoreError> {
        let changed = self.0.change_admin(id, generation, change, now);
        around("auth.store.change_admin", changed).await
    }

    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
        let purged = self.0.purge_admins(organization_id, now);
        around("auth.store.purge_admins", purged).await
    }

    async fn get_gate(&self, organization_id: OrganizationId) -> Result<Option<Gate>, StoreError> {
        self.0.get_gate(organization_id).await
    }

    async fn set_gate(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Gate, StoreError> {
        let moved = self.0.set_gate(organization_id, state, epoch);
        around("auth.store.set_gate", moved).await
    }

    async fn organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError> {
        self.0.organizations(after, until, limit).await
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        around("auth.store.insert_session", self.0.insert_session(session)).await
    }

    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.0.get_session(id).await
    }

    async fn sessions_of(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError> {
        self.0.sessions_of(admin_id).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<Session, StoreError> {
        around("auth.store.rotate_session", self.0.rotate_session(rotation)).await
    }

    async fn set_sessions_email(&self, admin_id: AdminId, email: &Email) -> Result<(), StoreError> {
        let set = self.0.set_sessions_email(admin_id, email);
        around("auth.store.set_sessions_email", set).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        around("auth.store.delete_session", self.0.delete_session(id)).await
    }

    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError> {
        let deleted = self.0.delete_sessions(organization_id);
        around("auth.store.delete_sessions", deleted).await
    }

    async fn delete_sessions_of(&self, admin_id: AdminId, kept: Option<SessionId>) -> Result<(), StoreError> {
        let deleted = self.0.delete_sessions_of(admin_id, kept);
        around("auth.store.delete_sessions_of", deleted).await
    }

    async fn key_or_insert(&self, name: KeyName, candidate: &StoredKey) -> Result<StoredKey, StoreError> {
        let kept = self.0.key_or_insert(name, candidate);
        around("auth.store.key_or_insert", kept).await
    }
}
