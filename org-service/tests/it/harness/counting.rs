//! A store that counts what a request does to it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use org_service::{
    domain::{CollectionName, Handle, Organization, Seen, Stamp},
    store::{Counts, Due, Fence, LeaseTerm, ListQuery, Lookup, Store},
};
use tenantry_common::{clock::Timestamp, id::OrganizationId, store::error::StoreError};
use uuid::Uuid;

/// Passes every call of the port on: pings to what `$ping` answers, everything else to what `$call` answers.
macro_rules! passes_on {
    ($store:ty, $ping:ident, $call:ident) => {
        #[async_trait]
        impl Store for $store {
            async fn ping(&self) -> Result<(), StoreError> {
                self.$ping().await.ping().await
            }

            async fn insert(
                &self,
                organization: &Organization,
                lease: Option<LeaseTerm>,
            ) -> Result<Organization, StoreError> {
                self.$call().await.insert(organization, lease).await
            }

            async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
                self.$call().await.get(id).await
            }

            async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError> {
                self.$call().await.find_by_handle(handle).await
            }

            async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError> {
                self.$call().await.find_by_create_request(key).await
            }

            async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError> {
                self.$call().await.list(query).await
            }

            async fn accept(
                &self,
                next: &Organization,
                lease: Option<LeaseTerm>,
            ) -> Result<Organization, StoreError> {
                self.$call().await.accept(next, lease).await
            }

            async fn take_lease(
                &self,
                id: OrganizationId,
                lease: LeaseTerm,
            ) -> Result<Option<Organization>, StoreError> {
                self.$call().await.take_lease(id, lease).await
            }

            async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
                self.acts(fence);
                self.$call().await.renew_lease(fence, length).await
            }

            async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
                self.acts(fence);
                let recorded = self.$call().await.record(fence, next).await;
                self.delivered(recorded)
            }

            async fn release_handle(
                &self,
                id: OrganizationId,
                handle: &Handle,
                now: Timestamp,
            ) -> Result<bool, StoreError> {
                self.$call().await.release_handle(id, handle, now).await
            }

            async fn end_recheck(
                &self,
                id: OrganizationId,
                epoch: i64,
                recheck_until: Timestamp,
            ) -> Result<bool, StoreError> {
                self.$call()
                    .await
                    .end_recheck(id, epoch, recheck_until)
                    .await
            }

            async fn remove_aborted(&self, id: OrganizationId, now: Timestamp) -> Result<bool, StoreError> {
                self.$call().await.remove_aborted(id, now).await
            }

            async fn find_due(
                &self,
                due: Due,
                now: Timestamp,
                limit: usize,
            ) -> Result<Vec<Organization>, StoreError> {
                self.$call().await.find_due(due, now, limit).await
            }

            async fn records(
                &self,
                after: Option<OrganizationId>,
                limit: usize,
            ) -> Result<Vec<Organization>, StoreError> {
                self.$call().await.records(after, limit).await
            }

            async fn holders(&self, handles: &[Handle]) -> Result<Vec<(Handle, OrganizationId)>, StoreError> {
                self.$call().await.holders(handles).await
            }

            async fn counts(&self) -> Result<Counts, StoreError> {
                self.$call().await.counts().await
            }

            async fn look_for(&self, wanted: &[Lookup]) -> Result<Vec<Vec<Seen>>, StoreError> {
                self.$call().await.look_for(wanted).await
            }

            async fn at(&self, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
                self.$call().await.at(names).await
            }

            async fn collections(
                &self,
                after: Option<&CollectionName>,
                limit: usize,
            ) -> Result<Vec<Seen>, StoreError> {
                self.$call().await.collections(after, limit).await
            }

            async fn create_collection(
                &self,
                fence: Fence,
                name: &CollectionName,
                stamp: Stamp,
            ) -> Result<(), StoreError> {
                self.acts(fence);
                self.$call()
                    .await
                    .create_collection(fence, name, stamp)
                    .await
            }

            async fn rename_collection(
                &self,
                fence: Fence,
                from: &CollectionName,
                to: &CollectionName,
            ) -> Result<(), StoreError> {
                self.acts(fence);
                self.$call().await.rename_collection(fence, from, to).await
            }

            async fn drop_collection(&self, fence: Fence, name: &CollectionName) -> Result<(), StoreError> {
                self.acts(fence);
                self.$call().await.drop_collection(fence, name).await
            }
        }
    };
}

/// A store that counts what a request does to it; the readiness probe's pings do not count.
pub struct CountingStore {
    pub inner: Arc<dyn Store>,
    calls: AtomicUsize,
    leases: Mutex<BTreeSet<(OrganizationId, i64)>>,
    to_lose: AtomicUsize,
}

impl CountingStore {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            calls: AtomicUsize::new(0),
            leases: Mutex::default(),
            to_lose: AtomicUsize::new(0),
        })
    }

    /// The leases under which anything was done through this store: whose, and which one.
    pub fn leases(&self) -> BTreeSet<(OrganizationId, i64)> {
        self.leases.lock().expect("nobody panicked").clone()
    }

    fn acts(&self, under: Fence) {
        let lease = (under.organization, under.fence);
        self.leases.lock().expect("nobody panicked").insert(lease);
    }

    /// So many of the next records that are written are answered as if the store were away.
    pub fn lose_answers(&self, count: usize) {
        self.to_lose.store(count, Ordering::SeqCst);
    }

    fn delivered(&self, recorded: Result<Organization, StoreError>) -> Result<Organization, StoreError> {
        let one_less = |left: usize| left.checked_sub(1);
        let losing = |_| {
            self.to_lose
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
        };
        match recorded.as_ref().map(losing) {
            Ok(Ok(_)) => Err(StoreError::Unavailable("the answer is lost".to_owned())),
            _ => recorded,
        }
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn silent(&self) -> &dyn Store {
        &*self.inner
    }

    async fn counted(&self) -> &dyn Store {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &*self.inner
    }
}

passes_on!(CountingStore, silent, counted);
passes_on!(super::reopened::ReopenedStore, current, current);
