//! Organizations and their collections in one file, for one process.

mod collections;
mod records;

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use redb::WriteTransaction;
use tenantry_common::{
    clock::{Clock, Timestamp},
    id::OrganizationId,
    store::{embedded::EmbeddedDatabase, error::StoreError},
};
use uuid::Uuid;

use self::records::{Records, Start};
use super::{Fence, LeaseTerm, ListQuery, Store};
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
        let database = EmbeddedDatabase::open(path, cache_bytes)?;
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
            records.insert(&organization)?;
            Ok(organization.clone())
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
        let mut next = next.clone();
        let lease = lease.map(|term| self.leases(term));
        self.change(move |records| {
            let stored = records.get(next.id)?.ok_or(StoreError::NotFound)?;
            if stored.operation.is_some() || stored.epoch != next.epoch - 1 {
                return Err(StoreError::Conflict);
            }
            next.lease = lease.as_ref().map(|lease| lease());
            records.replace(&stored, &next)?;
            Ok(next.clone())
        })
        .await
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        lease: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        let (lease, clock) = (self.leases(lease), Arc::clone(&self.clock));
        self.change(move |records| {
            let Some(stored) = records.get(id)? else {
                return Ok(None);
            };
            let held = stored
                .lease
                .as_ref()
                .is_some_and(|lease| lease.until >= clock.now());
            if stored.operation.is_none() || held {
                return Ok(None);
            }
            let taken = Organization {
                fence: stored.fence + 1,
                lease: Some(lease()),
                ..stored.clone()
            };
            records.replace(&stored, &taken)?;
            Ok(Some(taken))
        })
        .await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        let clock = Arc::clone(&self.clock);
        self.change(move |records| {
            let stored = records.fenced(fence)?;
            let mut renewed = stored.clone();
            // No lease under this very fence: it is of an earlier start of the process, and void.
            let lease = renewed.lease.as_mut().ok_or(StoreError::Conflict)?;
            lease.until = clock.now() + length;
            records.replace(&stored, &renewed)
        })
        .await
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        let mut next = next.clone();
        self.change(move |records| {
            let stored = records.fenced(fence)?;
            next.lease = stored.lease.clone().filter(|_| next.operation.is_some());
            records.replace(&stored, &next)?;
            Ok(next.clone())
        })
        .await
    }

    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let handle = handle.clone();
        self.change(move |records| {
            let Some(stored) = records.get(id)? else {
                return Ok(false);
            };
            let rested = stored
                .handles
                .iter()
                .any(|held| held.handle == handle && held.rest_until.is_some_and(|until| until <= now));
            let rechecked = stored.recheck_until.is_none_or(|until| until <= now);
            if !rested || !rechecked || stored.operation.is_some() {
                return Ok(false);
            }
            let mut released = stored.clone();
            released.handles.retain(|held| held.handle != handle);
            released.recheck_until = None;
            records.replace(&stored, &released)?;
            Ok(true)
        })
        .await
    }

    async fn look(&self, id: OrganizationId, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        let names = names.to_vec();
        self.database
            .scan(move |transaction| collections::look(transaction, id, &names))
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
