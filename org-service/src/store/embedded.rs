//! Organizations and their collections in one file, for one process.

mod changes;
mod collections;
mod due;
mod records;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use redb::WriteTransaction;
use tenantry_common::{
    clock::{Clock, Timestamp},
    id::OrganizationId,
    store::{embedded::EmbeddedDatabase, error::StoreError},
};
use uuid::Uuid;

use self::records::{Records, Start};
use super::{
    Counts, Due, Fence, LeaseTerm, ListQuery, Lookup, Store,
    selection::{Page, Sorter},
};
use crate::domain::{CollectionName, Handle, Lease, Organization, Seen, Stamp};

/// The embedded store. Leases end by `clock`, and all at once when the process ends: the file's lock proves that
/// nobody drives what an earlier one began.
pub struct EmbeddedStore {
    database: EmbeddedDatabase,
    clock: Arc<dyn Clock>,
    start: Start,
}

impl EmbeddedStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Says which file cannot be used, and why.
    pub async fn open(path: &Path, cache_bytes: usize, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::new(EmbeddedDatabase::open(path, cache_bytes)?, clock).await
    }

    /// The store in this database; its tables are made where they are missing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn new(database: EmbeddedDatabase, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let start = database
            .write(|transaction| {
                collections::make_table(transaction)?;
                records::begin(transaction)
            })
            .await?;
        Ok(Self {
            database,
            clock,
            start,
        })
    }

    /// The file itself, for tests that look behind the port.
    #[cfg(test)]
    pub(super) fn database(&self) -> &EmbeddedDatabase {
        &self.database
    }

    /// Runs `change` on the records in a write transaction.
    async fn change<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Records<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let start = self.start;
        self.database
            .write(move |transaction| change(&mut Records::open(transaction, start)?))
            .await
    }

    /// Runs `command` on the collections in a write transaction, if the fence is not stale.
    async fn command(
        &self,
        fence: Fence,
        mut command: impl FnMut(&WriteTransaction) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let start = self.start;
        self.database
            .write(move |transaction| {
                Records::open(transaction, start)?.fenced(fence)?;
                command(transaction)
            })
            .await
    }

    /// The lease that a write asks for, reckoned when it is written.
    fn leases(&self, term: LeaseTerm) -> impl Fn() -> Lease + Send + 'static {
        let clock = Arc::clone(&self.clock);
        move || Lease {
            owner: term.owner,
            until: clock.now() + term.length,
        }
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.database.read(|_| Ok(())).await
    }

    async fn insert(
        &self,
        organization: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        let mut organization = organization.clone();
        let lease = lease.map(|term| self.leases(term));
        self.change(move |records| {
            if let Some(lease) = &lease {
                organization.lease = Some(lease());
            }
            records.insert(&organization)
        })
        .await
    }

    async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let start = self.start;
        self.database
            .read(|transaction| records::get(transaction, start, id))
            .await
    }

    async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError> {
        let start = self.start;
        self.database
            .read(|transaction| records::find_by_handle(transaction, start, handle))
            .await
    }

    async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError> {
        let start = self.start;
        self.database
            .read(|transaction| records::find_by_create_request(transaction, start, key))
            .await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError> {
        let (start, query) = (self.start, query.clone());
        self.database
            .scan(move |transaction| records::list(transaction, start, &query))
            .await
    }

    async fn accept(
        &self,
        next: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        let (next, lease) = (next.clone(), lease.map(|term| self.leases(term)));
        self.change(move |records| {
            let lease = lease.as_ref().map(|lease| lease());
            changes::accept(records, &next, lease)
        })
        .await
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        lease: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        let (lease, clock) = (self.leases(lease), Arc::clone(&self.clock));
        self.change(move |records| changes::take_lease(records, id, clock.now(), lease()))
            .await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        let clock = Arc::clone(&self.clock);
        self.change(move |records| changes::renew_lease(records, fence, clock.now() + length))
            .await
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        let next = next.clone();
        self.change(move |records| changes::record(records, fence, &next))
            .await
    }

    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let handle = handle.clone();
        self.change(move |records| changes::release_handle(records, id, &handle, now))
            .await
    }

    async fn end_recheck(
        &self,
        id: OrganizationId,
        epoch: i64,
        recheck_until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(move |records| changes::end_recheck(records, id, epoch, recheck_until))
            .await
    }

    async fn remove_aborted(&self, id: OrganizationId, now: Timestamp) -> Result<bool, StoreError> {
        self.change(move |records| changes::remove_aborted(records, id, now))
            .await
    }

    async fn find_due(
        &self,
        due: Due,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        let (start, present) = (self.start, self.clock.now());
        self.database
            .scan(move |transaction| {
                let ids = due::ids(transaction, due, now, present)?;
                records::find(transaction, start, ids.take(limit))
            })
            .await
    }

    async fn records(
        &self,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        let start = self.start;
        self.database
            .scan(move |transaction| records::walk(transaction, start, after, limit))
            .await
    }

    async fn holders(&self, handles: &[Handle]) -> Result<Vec<(Handle, OrganizationId)>, StoreError> {
        let handles = handles.to_vec();
        self.database
            .scan(move |transaction| records::holders(transaction, &handles))
            .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.database
            .scan(|transaction| {
                Ok(Counts {
                    organizations: records::count(transaction)?,
                    collections: collections::count(transaction)?,
                })
            })
            .await
    }

    async fn look_for(&self, wanted: &[Lookup]) -> Result<Vec<Vec<Seen>>, StoreError> {
        let wanted = wanted.to_vec();
        self.database
            .scan(move |transaction| {
                let mut sorter = Sorter::new(&wanted);
                collections::each(transaction, |seen| sorter.offer(seen))?;
                Ok(sorter.finish())
            })
            .await
    }

    async fn at(&self, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        let names = BTreeSet::from_iter(names.iter().cloned());
        self.database
            .scan(move |transaction| collections::at(transaction, names))
            .await
    }

    async fn collections(
        &self,
        after: Option<&CollectionName>,
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        let mut page = Page::new(after, limit);
        self.database
            .scan(move |transaction| {
                collections::each(transaction, |seen| page.offer(seen))?;
                Ok(page.finish())
            })
            .await
    }

    async fn create_collection(
        &self,
        fence: Fence,
        name: &CollectionName,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let name = name.clone();
        self.command(fence, move |transaction| {
            collections::create(transaction, &name, stamp)
        })
        .await
    }

    async fn rename_collection(
        &self,
        fence: Fence,
        from: &CollectionName,
        to: &CollectionName,
    ) -> Result<(), StoreError> {
        let (from, to) = (from.clone(), to.clone());
        self.command(fence, move |transaction| {
            collections::rename(transaction, &from, &to)
        })
        .await
    }

    async fn drop_collection(&self, fence: Fence, name: &CollectionName) -> Result<(), StoreError> {
        let name = name.clone();
        self.command(fence, move |transaction| {
            collections::drop_named(transaction, &name)
        })
        .await
    }
}
