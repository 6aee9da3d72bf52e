//! How the server is called: once it is prepared, to the call's end, its answers read as ours.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::TryStreamExt;
use mongodb::{
    Database,
    bson::{Document, RawDocumentBuf, deserialize_from_slice},
    options::ReturnDocument,
};
use tenantry_common::store::{
    error::{StoreError, UniqueIndex},
    mongo::{classify, detached},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{MongoStore, collections::Outcome, preparation, record::Record};
use crate::{
    domain::Organization,
    store::{COLLECTION_INDEX, CREATE_REQUEST_INDEX, HANDLE_INDEX, ID_INDEX},
};

const INDEXES: [UniqueIndex; 3] = [HANDLE_INDEX, CREATE_REQUEST_INDEX, ID_INDEX];

/// A server is checked and gets its indexes before the first use, as soon as it answers.
pub(super) struct Preparation {
    done: OnceCell<()>,
    process: Uuid,
    attempts: AtomicU32,
}

impl Preparation {
    /// One that is still to be made, by the process that this UUID names.
    pub(super) fn new(process: Uuid) -> Self {
        Self {
            done: OnceCell::new(),
            process,
            attempts: AtomicU32::new(0),
        }
    }
}

impl MongoStore {
    /// Runs a call to its end on a prepared server.
    pub(super) async fn call<T, F>(
        &self,
        call: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<T, StoreError>
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

    pub(super) async fn find(&self, filter: Document) -> Result<Option<Organization>, StoreError> {
        self.call(|store| async move { organization(store.organizations.find_one(filter).await) })
            .await
    }

    /// The records that match, in this order; fails when one of them cannot be read.
    pub(super) async fn find_many(
        &self,
        filter: Document,
        order: Document,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError> {
        let found = self.find_each(filter, order, limit).await?;
        found.into_iter().collect()
    }

    /// As [`find_many`](Self::find_many), each record with what keeps it from being read.
    pub(super) async fn find_each(
        &self,
        filter: Document,
        order: Document,
        limit: usize,
    ) -> Result<Vec<Result<Organization, StoreError>>, StoreError> {
        // The server takes a limit of nought for none.
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.call(move |store| async move {
            let failed = |error| classify(error, &[]);
            let documents = store.organizations.clone_with_type::<RawDocumentBuf>();
            let found = documents.find(filter).sort(order).limit(limit).await;
            let found: Vec<RawDocumentBuf> = found.map_err(failed)?.try_collect().await.map_err(failed)?;
            Ok(found.iter().map(read).collect())
        })
        .await
    }

    /// One atomic write of one document, through a pipeline; answers the document as it is afterwards.
    pub(super) async fn update(
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

    pub(super) async fn command<F>(
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

fn read(document: &RawDocumentBuf) -> Result<Organization, StoreError> {
    let record: Result<Record, _> = deserialize_from_slice(document.as_bytes());
    record
        .map_err(|_| StoreError::Corrupt("a document of organizations is no record".to_owned()))?
        .try_into()
}

pub(super) fn done(outcome: Outcome) -> Result<(), StoreError> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Missing => Err(StoreError::NotFound),
        Outcome::Exists => Err(StoreError::AlreadyExists(COLLECTION_INDEX)),
    }
}
