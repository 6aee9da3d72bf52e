//! Points around the writes to the store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tenantry_common::{clock::Timestamp, failpoints::around, id::OrganizationId, store::error::StoreError};
use uuid::Uuid;

use crate::{
    domain::{CollectionName, Handle, Organization, Seen, Stamp},
    store::{Counts, Due, Fence, LeaseTerm, ListQuery, Lookup, Store},
};

pub(super) struct PointedStore(pub(super) Arc<dyn Store>);

#[async_trait]
impl Store for PointedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }

    async fn insert(
        &self,
        organization: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        around("org.store.insert", self.0.insert(organization, lease)).await
    }

    async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.0.get(id).await
    }

    async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError> {
        self.0.find_by_handle(handle).await
    }

    async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError> {
        self.0.find_by_create_request(key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError> {
        self.0.list(query).await
    }

    async fn accept(
        &self,
        next: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        around("org.store.accept", self.0.accept(next, lease)).await
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        lease: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        around("org.store.take_lease", self.0.take_lease(id, lease)).await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        around("org.store.renew_lease", self.0.renew_lease(fence, length)).await
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        around("org.store.record", self.0.record(fence, next)).await
    }

    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        around("org.store.release_handle", self.0.release_handle(id, handle, now)).await
    }

    async fn end_recheck(
        &self,
        id: OrganizationId,
        epoch: i64,
        recheck_until: Timestamp,
    ) -> Result<bool, StoreError> {
        around(
            "org.store.end_recheck",
            self.0.end_recheck(id, epoch, recheck_until),
        )
        .await
    }

    async fn remove_aborted(&self, id: OrganizationId, now: Timestamp) -> Result<bool, StoreError> {
        around("org.store.remove_aborted", self.0.remove_aborted(id, now)).await
    }

    async fn find_due(
        &self,
        due: Due,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        self.0.find_due(due, now, limit).await
    }

    async fn records(
        &self,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        self.0.records(after, limit).await
    }

    async fn holders(&self, handles: &[Handle]) -> Result<Vec<(Handle, OrganizationId)>, StoreError> {
        self.0.holders(handles).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.0.counts().await
    }

    async fn look_for(&self, wanted: &[Lookup]) -> Result<Vec<Vec<Seen>>, StoreError> {
        self.0.look_for(wanted).await
    }

    async fn at(&self, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        self.0.at(names).await
    }

    async fn collections(
        &self,
        after: Option<&CollectionName>,
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        self.0.collections(after, limit).await
    }

    async fn create_collection(
        &self,
        fence: Fence,
        name: &CollectionName,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let created = self.0.create_collection(fence, name, stamp);
        around("org.store.create_collection", created).await
    }

    async fn rename_collection(
        &self,
        fence: Fence,
        from: &CollectionName,
        to: &CollectionName,
    ) -> Result<(), StoreError> {
        let renamed = self.0.rename_collection(fence, from, to);
        around("org.store.rename_collection", renamed).await
    }

    async fn drop_collection(&self, fence: Fence, name: &CollectionName) -> Result<(), StoreError> {
        around("org.store.drop_collection", self.0.drop_collection(fence, name)).await
    }
}
