//! Organizations and their collections on MongoDB: one document decides, no transactions.

mod calls;
mod collections;
mod documents;
mod operation;
mod preparation;
mod record;
#[cfg(test)]
mod tests;
mod values;

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use mongodb::{
    Collection, Database,
    bson::{Bson, doc},
};
use tenantry_common::{
    clock::Timestamp,
    id::{Ids, OrganizationId},
    store::{error::StoreError, mongo::classify},
};
use uuid::Uuid;

use self::{
    calls::{Preparation, done},
    documents::{by_fence, by_id, end_of_lease, lease, replacement},
    record::Record,
    values::{bson_uuid, date},
};
use super::{
    Counts, Due, Fence, LeaseTerm, ListQuery, Lookup, Store, began_as,
    selection::{Page, Sorter, is_readable},
};
use crate::domain::{CollectionName, Handle, Organization, Seen, Stamp};

/// Most names that one look asks for: they fill a small part of the 16 MiB that a command may have.
const NAMES_PER_COMMAND: usize = 10_000;

/// The store on MongoDB 4.4 or newer: standalone, replica set or sharded cluster.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    organizations: Collection<Record>,
    preparation: Arc<Preparation>,
}

impl MongoStore {
    /// The store in this database. A server that is away now is prepared when it comes back.
    ///
    /// # Errors
    /// `Internal` when the server does not do what the store relies on.
    pub async fn open(database: Database, ids: &dyn Ids) -> Result<Self, StoreError> {
        let store = Self {
            organizations: database.collection("organizations"),
            database,
            preparation: Arc::new(Preparation::new(ids.uuid_v4())),
        };
        match store.ping().await {
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(reason, "MongoDB does not answer yet");
                Ok(store)
            }
            outcome => outcome.map(|()| store),
        }
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.call(|store| async move {
            let answer = store.database.run_command(doc! { "ping": 1 }).await;
            answer.map(drop).map_err(|error| classify(error, &[]))
        })
        .await
    }

    async fn insert(
        &self,
        organization: &Organization,
        term: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        let given = organization
            .lease
            .as_ref()
            .map(|given| doc! { "owner": bson_uuid(&given.owner), "until": date(given.until) }.into());
        let pipeline = replacement(organization, term.map(lease).or(given))?;
        // No record has such an epoch: this always inserts, and a record with the id is a duplicate key.
        let mut nothing = by_id(organization.id);
        nothing.insert("epoch", doc! { "$lt": i64::MIN });
        let inserted = match self.update(nothing, pipeline, true).await {
            // The write had happened, its answer lost, when it was sent again.
            Err(StoreError::AlreadyExists(index)) => match self.get(organization.id).await? {
                Some(stored) if began_as(&stored, organization) => Some(stored),
                _ => return Err(StoreError::AlreadyExists(index)),
            },
            inserted => inserted?,
        };
        inserted.ok_or_else(|| StoreError::Internal("the server answered nothing to an insert".to_owned()))
    }

    async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.find(by_id(id)).await
    }

    async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError> {
        self.find(doc! { "handles.handle": handle.as_str() }).await
    }

    async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError> {
        self.find(doc! { "create_request.key": bson_uuid(&key) }).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError> {
        let filter = documents::list(query)?;
        self.find_many(filter, doc! { "_id": 1 }, query.limit).await
    }

    async fn accept(&self, next: &Organization, term: Option<LeaseTerm>) -> Result<Organization, StoreError> {
        let pipeline = replacement(next, term.map(lease))?;
        match self.update(documents::idle(next), pipeline, false).await? {
            Some(accepted) => Ok(accepted),
            None => match self.get(next.id).await? {
                // The write had happened, its answer lost, when it was sent again.
                Some(stored) if began_as(&stored, next) => Ok(stored),
                Some(_) => Err(StoreError::Conflict),
                None => Err(StoreError::NotFound),
            },
        }
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        term: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        let mut free = by_id(id);
        free.insert("operation", doc! { "$exists": true });
        free.insert("$or", documents::undriven());
        let take = doc! { "fence": { "$add": ["$fence", 1_i64] }, "lease": lease(term) };
        self.update(free, vec![doc! { "$set": take }], false).await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        let renew = doc! { "$set": { "lease.until": end_of_lease(length) } };
        let renewed = self.update(by_fence(fence), vec![renew], false).await?;
        renewed.map(drop).ok_or(StoreError::Conflict)
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        let kept = next.is_under_way().then(|| Bson::from("$lease"));
        let pipeline = replacement(next, kept)?;
        let recorded = self.update(by_fence(fence), pipeline, false).await?;
        recorded.ok_or(StoreError::Conflict)
    }

    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (filter, pipeline) = documents::release(id, handle, now);
        Ok(self.update(filter, pipeline, false).await?.is_some())
    }

    async fn end_recheck(
        &self,
        id: OrganizationId,
        epoch: i64,
        recheck_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let waits = documents::waits(id, epoch, recheck_until);
        let end = vec![doc! { "$unset": "recheck_until" }];
        Ok(self.update(waits, end, false).await?.is_some())
    }

    async fn remove_aborted(&self, id: OrganizationId, now: Timestamp) -> Result<bool, StoreError> {
        let gone = documents::gone(id, now)?;
        self.call(move |store| async move {
            let removed = store.organizations.delete_one(gone).await;
            Ok(removed.map_err(|error| classify(error, &[]))?.deleted_count > 0)
        })
        .await
    }

    async fn find_due(
        &self,
        due: Due,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        let (filter, order) = documents::due(due, now)?;
        let found = self.find_each(filter, order, limit).await?;
        found.into_iter().filter(is_readable).collect()
    }

    async fn records(
        &self,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        let after = after.map(|id| doc! { "_id": { "$gt": bson_uuid(id.as_uuid()) } });
        self.find_many(after.unwrap_or_default(), doc! { "_id": 1 }, limit)
            .await
    }

    async fn holders(&self, handles: &[Handle]) -> Result<Vec<(Handle, OrganizationId)>, StoreError> {
        let wanted: Vec<&str> = handles.iter().map(Handle::as_str).collect();
        let filter = doc! { "handles.handle": { "$in": wanted } };
        let holders = self.find_many(filter, doc! { "_id": 1 }, usize::MAX).await?;
        let wanted: HashSet<&Handle> = handles.iter().collect();
        let held = |holder: Organization| {
            let held = holder.handles.into_iter().map(|held| held.handle);
            held.map(move |handle| (handle, holder.id))
        };
        let held = holders.into_iter().flat_map(held);
        Ok(held.filter(|(handle, _)| wanted.contains(handle)).collect())
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.call(|store| async move {
            let records = store.organizations.estimated_document_count().await;
            let names = collections::count(&store.database).await?;
            Ok(Counts {
                organizations: records.map_err(|error| classify(error, &[]))?,
                collections: names,
            })
        })
        .await
    }

    async fn look_for(&self, wanted: &[Lookup]) -> Result<Vec<Vec<Seen>>, StoreError> {
        let wanted = wanted.to_vec();
        self.call(|store| async move {
            let mut sorter = Sorter::new(&wanted);
            collections::each(&store.database, |seen| sorter.offer(seen)).await?;
            Ok(sorter.finish())
        })
        .await
    }

    async fn at(&self, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.call(|store| async move {
            let mut seen = BTreeSet::new();
            for some in names.chunks(NAMES_PER_COMMAND) {
                collections::at(&store.database, some, |one| seen.extend([one])).await?;
            }
            Ok(seen.into_iter().collect())
        })
        .await
    }

    async fn collections(
        &self,
        after: Option<&CollectionName>,
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        let mut page = Page::new(after, limit);
        self.call(move |store| async move {
            collections::each(&store.database, |seen| page.offer(seen)).await?;
            Ok(page.finish())
        })
        .await
    }

    /// The fence is not looked at: a command cannot carry it.
    async fn create_collection(
        &self,
        _: Fence,
        name: &CollectionName,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let (name, title) = (name.clone(), stamp.to_string());
        let created = self
            .command(|database| async move { collections::create(&database, name.as_str(), &title).await })
            .await?;
        done(created)
    }

    /// The fence is not looked at: a command cannot carry it.
    async fn rename_collection(
        &self,
        _: Fence,
        from: &CollectionName,
        to: &CollectionName,
    ) -> Result<(), StoreError> {
        let (from, to) = (from.clone(), to.clone());
        let renamed = self
            .command(
                |database| async move { collections::rename(&database, from.as_str(), to.as_str()).await },
            )
            .await?;
        done(renamed)
    }

    /// The fence is not looked at: a command cannot carry it. The name is written once, so a late one does no harm.
    async fn drop_collection(&self, _: Fence, name: &CollectionName) -> Result<(), StoreError> {
        let name = name.clone();
        self.command(|database| async move { collections::drop_named(&database, name.as_str()).await })
            .await
            .map(drop)
    }
}
