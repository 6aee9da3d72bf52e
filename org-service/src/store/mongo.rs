//! Organizations and their collections on MongoDB: one document decides, no transactions.

mod collections;
mod preparation;
mod record;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::TryStreamExt;
use mongodb::{
    Collection, Database,
    bson::{Bson, Document, doc, serialize_to_bson},
    options::ReturnDocument,
};
use tenantry_common::{
    clock::Timestamp,
    id::{Ids, OrganizationId},
    store::{
        error::{StoreError, UniqueIndex},
        mongo::{classify, detached},
    },
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use self::{
    collections::Outcome,
    record::{Record, bson_uuid, date},
};
use super::{
    COLLECTION_INDEX, CREATE_REQUEST_INDEX, Fence, HANDLE_INDEX, ID_INDEX, LeaseTerm, ListQuery, Store,
    selection::{is_reported, listed_states},
};
use crate::domain::{CollectionName, Handle, Organization, Seen, Stamp};

const INDEXES: [UniqueIndex; 3] = [HANDLE_INDEX, CREATE_REQUEST_INDEX, ID_INDEX];

/// The store on MongoDB 4.4 or newer: standalone, replica set or sharded cluster.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    organizations: Collection<Record>,
    preparation: Arc<Preparation>,
}

/// A server is checked and gets its indexes before the first use, as soon as it answers.
struct Preparation {
    done: OnceCell<()>,
    process: Uuid,
    attempts: AtomicU32,
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
            preparation: Arc::new(Preparation {
                done: OnceCell::new(),
                process: ids.uuid_v4(),
                attempts: AtomicU32::new(0),
            }),
        };
        match store.ping().await {
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(reason, "MongoDB does not answer yet");
                Ok(store)
            }
            outcome => outcome.map(|()| store),
        }
    }

    /// Runs a call to its end on a prepared server.
    async fn call<T, F>(&self, call: impl FnOnce(Self) -> F + Send + 'static) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let store = self.clone();
        detached(async move {
            store.prepare().await?;
            call(store).await
        })
        .await
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        let Preparation {
            done,
            process,
            attempts,
        } = &*self.preparation;
        let prepare = || async {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            let probe = format!("probe_{}_{attempt}", process.simple());
            preparation::prepare(&self.database, &self.organizations, &probe).await
        };
        done.get_or_try_init(prepare).await.copied()
    }

    async fn find(&self, filter: Document) -> Result<Option<Organization>, StoreError> {
        self.call(|store| async move { organization(store.organizations.find_one(filter).await) })
            .await
    }

    /// One atomic write of one document, through a pipeline; answers the document as it is afterwards.
    async fn update(
        &self,
        filter: Document,
        pipeline: Vec<Document>,
        insert: bool,
    ) -> Result<Option<Organization>, StoreError> {
        self.call(move |store| async move {
            let update = store.organizations.find_one_and_update(filter, pipeline);
            organization(update.upsert(insert).return_document(ReturnDocument::After).await)
        })
        .await
    }

    async fn command<F>(
        &self,
        command: impl FnOnce(Database) -> F + Send + 'static,
    ) -> Result<Outcome, StoreError>
    where
        F: Future<Output = Result<Outcome, StoreError>> + Send,
    {
        self.call(|store| command(store.database)).await
    }
}

fn organization(found: mongodb::error::Result<Option<Record>>) -> Result<Option<Organization>, StoreError> {
    let record = found.map_err(|error| classify(error, &INDEXES))?;
    record.map(Organization::try_from).transpose()
}

/// The pipeline that puts `next` in a document's place. Values are literal, so that none of them is taken for an
/// expression, whatever it looks like; `lease` is an expression, or nothing.
fn replacement(next: &Organization, lease: Option<Bson>) -> Result<Vec<Document>, StoreError> {
    let without_lease = Organization {
        lease: None,
        ..next.clone()
    };
    let document = serialize_to_bson(&Record::from(&without_lease))
        .map_err(|error| StoreError::Internal(format!("a record cannot be written: {}", error.kind)))?;
    let document = doc! { "$literal": document };
    let next = match lease {
        Some(lease) => doc! { "$mergeObjects": [document, { "lease": lease }] },
        None => document,
    };
    Ok(vec![doc! { "$replaceWith": next }])
}

/// A lease that ends by the server's clock, so that the hosts' do not matter.
fn lease(term: LeaseTerm) -> Bson {
    doc! { "owner": bson_uuid(&term.owner), "until": end_of_lease(term.length) }.into()
}

fn end_of_lease(length: Duration) -> Document {
    let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    doc! { "$add": ["$$NOW", millis] }
}

fn by_id(id: OrganizationId) -> Document {
    doc! { "_id": bson_uuid(id.as_uuid()) }
}

fn by_fence(fence: Fence) -> Document {
    doc! {
        "_id": bson_uuid(fence.organization.as_uuid()),
        "operation.id": bson_uuid(&fence.operation),
        "fence": fence.fence,
    }
}

fn done(outcome: Outcome) -> Result<(), StoreError> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Missing => Err(StoreError::NotFound),
        Outcome::Exists => Err(StoreError::AlreadyExists(COLLECTION_INDEX)),
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
        let inserted = self.update(nothing, pipeline, true).await?;
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
        // The server takes a limit of nought for none.
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let states = serialize_to_bson(listed_states(query.show_deleted))
            .map_err(|error| StoreError::Internal(error.kind.to_string()))?;
        let mut filter = doc! { "state": { "$in": states } };
        let ids = [("$gt", query.after), ("$eq", query.only)];
        let ids: Document = ids
            .into_iter()
            .filter_map(|(operator, id)| Some((operator.to_owned(), bson_uuid(id?.as_uuid()).into())))
            .collect();
        if !ids.is_empty() {
            filter.insert("_id", ids);
        }
        self.call(move |store| async move {
            let failed = |error| classify(error, &[]);
            let found = store
                .organizations
                .find(filter)
                .sort(doc! { "_id": 1 })
                .limit(limit);
            let records: Vec<Record> = found.await.map_err(failed)?.try_collect().await.map_err(failed)?;
            records.into_iter().map(Organization::try_from).collect()
        })
        .await
    }

    async fn accept(&self, next: &Organization, term: Option<LeaseTerm>) -> Result<Organization, StoreError> {
        let mut idle = by_id(next.id);
        idle.insert("operation", doc! { "$exists": false });
        idle.insert("epoch", next.epoch - 1);
        let pipeline = replacement(next, term.map(lease))?;
        match self.update(idle, pipeline, false).await? {
            Some(accepted) => Ok(accepted),
            None if self.get(next.id).await?.is_some() => Err(StoreError::Conflict),
            None => Err(StoreError::NotFound),
        }
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        term: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        // As numbers: not every server that speaks this protocol can compare `$$NOW` with a stored date.
        let over = doc! { "$lt": [{ "$toLong": "$lease.until" }, { "$toLong": "$$NOW" }] };
        let mut free = by_id(id);
        free.insert("operation", doc! { "$exists": true });
        free.insert(
            "$or",
            [doc! { "lease": { "$exists": false } }, doc! { "$expr": over }],
        );
        let take = doc! { "fence": { "$add": ["$fence", 1_i64] }, "lease": lease(term) };
        self.update(free, vec![doc! { "$set": take }], false).await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        let renew = doc! { "$set": { "lease.until": end_of_lease(length) } };
        let renewed = self.update(by_fence(fence), vec![renew], false).await?;
        renewed.map(drop).ok_or(StoreError::Conflict)
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        let kept = next.operation.as_ref().map(|_| Bson::from("$lease"));
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
        let past = doc! { "$lte": date(now) };
        let mut rested = by_id(id);
        rested.insert(
            "handles",
            doc! { "$elemMatch": { "handle": handle.as_str(), "rest_until": &past } },
        );
        rested.insert("operation", doc! { "$exists": false });
        rested.insert(
            "$or",
            [
                doc! { "recheck_until": { "$exists": false } },
                doc! { "recheck_until": past },
            ],
        );
        let others = doc! { "$ne": ["$$held.handle", { "$literal": handle.as_str() }] };
        let others = doc! { "$filter": { "input": "$handles", "as": "held", "cond": others } };
        let none_left = doc! { "$eq": ["$handles", []] };
        let pipeline = vec![
            doc! { "$set": { "handles": others, "recheck_until": "$$REMOVE" } },
            doc! { "$set": { "handles": { "$cond": [none_left, "$$REMOVE", "$handles"] } } },
        ];
        Ok(self.update(rested, pipeline, false).await?.is_some())
    }

    async fn look(&self, id: OrganizationId, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        let all = self
            .call(|store| async move { collections::all(&store.database).await })
            .await?;
        let tenants = all.into_iter().filter_map(|(name, title)| {
            let name = name.parse().ok()?;
            Some(Seen {
                name,
                stamp: collections::stamp(title),
            })
        });
        Ok(tenants.filter(|seen| is_reported(seen, id, names)).collect())
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
