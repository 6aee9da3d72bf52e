//! What tests plant in org-service's store, and dig up again: through the port where it can, round it where it must.

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt;
use mongodb::{
    Database,
    bson::{Document, doc},
};
use org_service::{
    domain::{CollectionName, Handle, HeldHandle, Organization, OrganizationName, Seen, Stamp, State},
    lifecycle::{self, Accepted, NewOrganization},
    store::{Fence, LeaseTerm, Store},
};
use redb::ReadableTable;
use tenantry_common::{
    clock::{Clock, Timestamp},
    id::{AdminId, Ids, OrganizationId, SystemIds},
    store::error::StoreError,
    testing::ManualClock,
};

use super::reopened::ReopenedStore;

/// org-service's store as a test gets at it, with or without a server.
#[derive(Clone)]
pub struct Ground {
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    behind: Behind,
}

/// The way round the port.
#[derive(Clone)]
pub(super) enum Behind {
    Embedded(Arc<ReopenedStore>),
    Mongo(Database),
}

/// What a planted operation's lease is by then: over, as a crash leaves it.
const OVER: Duration = Duration::ZERO;
/// A lease that does not end during a test.
const LONG: Duration = Duration::from_secs(3_600);

impl Ground {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<ManualClock>, behind: Behind) -> Self {
        Self { store, clock, behind }
    }

    /// MongoDB itself; none on the embedded store.
    pub fn mongo(&self) -> Option<&Database> {
        match &self.behind {
            Behind::Mongo(database) => Some(database),
            Behind::Embedded(_) => None,
        }
    }

    /// The embedded store, whose file [`beside`](ReopenedStore::beside) gives; none on MongoDB.
    pub fn embedded(&self) -> Option<&ReopenedStore> {
        match &self.behind {
            Behind::Embedded(store) => Some(store),
            Behind::Mongo(_) => None,
        }
    }

    /// What the store holds of the organization.
    pub async fn record(&self, id: &str) -> Organization {
        let id = id.parse().expect("an id");
        let found = self.store.get(id).await.expect("the store answers");
        found.expect("a record")
    }

    /// Puts the record there as it is, whatever was there. An operation's lease is over, as a crash leaves it.
    pub async fn put(&self, record: &Organization) -> Organization {
        self.put_leased(record, OVER).await
    }

    /// Puts the record there, its operation under a lease of this length.
    pub async fn put_leased(&self, record: &Organization, length: Duration) -> Organization {
        let lease = term(length);
        let put = match self.store.get(record.id).await.expect("the store answers") {
            None => {
                self.store
                    .insert(record, record.operation.as_ref().map(|_| lease))
                    .await
            }
            Some(stored) => {
                let begun = match stored.operation {
                    Some(_) => stored,
                    None => {
                        let begun = lifecycle::repair(&stored, self.accepted());
                        let begun = self.store.accept(&begun, Some(lease)).await;
                        begun.expect("nobody else writes")
                    }
                };
                self.store.record(fence_of(&begun), record).await
            }
        };
        // The lease of a clock that stands still ends when it goes on.
        self.clock.advance(Duration::from_millis(1));
        put.expect("the record is planted")
    }

    /// Takes a record away, as if it had never been.
    pub async fn remove(&self, id: &str) {
        let record = self.record(id).await;
        let gone = Organization {
            state: State::Aborted,
            operation: None,
            handles: Vec::new(),
            create_request: None,
            home: None,
            purge_time: Some(Timestamp::from_millis(0)),
            ..record
        };
        self.put(&gone).await;
        let removed = self.store.remove_aborted(gone.id, self.clock.now()).await;
        assert!(removed.expect("the store answers"), "{id} is still there");
    }

    /// A new operation's id, and now.
    pub fn accepted(&self) -> Accepted {
        Accepted {
            operation: SystemIds.uuid_v4(),
            now: self.clock.now(),
        }
    }

    /// A record that nobody has, in PROVISIONING, as a create makes it when it is accepted.
    pub fn provisioning(&self, name: &str) -> Organization {
        let now = self.clock.now();
        let new = NewOrganization {
            id: OrganizationId::from_uuid(SystemIds.uuid_v7(now)),
            admin_id: AdminId::from_uuid(SystemIds.uuid_v7(now)),
            name: OrganizationName::parse(name).expect("a name"),
            handle: Handle::fold(name).expect("a handle"),
            handle_given: false,
            labels: Default::default(),
            create_request: None,
        };
        lifecycle::create(new, self.accepted())
    }

    /// A record in use as if it had always been there; neither its collection nor its admin is.
    pub fn active(&self, name: &str) -> Organization {
        let begun = self.provisioning(name);
        Organization {
            state: State::Active,
            stamp: Some(SystemIds.uuid_v4()),
            handles: vec![HeldHandle {
                handle: begun.handle.clone(),
                rest_until: None,
            }],
            operation: None,
            ..begun
        }
    }

    /// Creates a collection with this stamp, whether or not there is one with it already.
    pub async fn collection(&self, name: &CollectionName, stamp: Stamp) {
        let fence = self.right().await;
        let created = self.store.create_collection(fence, name, stamp).await;
        created.expect("the collection is planted");
        self.right_is_over(fence).await;
    }

    /// Renames a collection behind its owner's back.
    pub async fn rename_collection(&self, from: &CollectionName, to: &CollectionName) {
        let fence = self.right().await;
        let renamed = self.store.rename_collection(fence, from, to).await;
        renamed.expect("the collection is moved");
        self.right_is_over(fence).await;
    }

    /// Drops a collection behind its owner's back.
    pub async fn drop_collection(&self, name: &CollectionName) {
        let fence = self.right().await;
        let dropped = self.store.drop_collection(fence, name).await;
        dropped.expect("the collection is dropped");
        self.right_is_over(fence).await;
    }

    /// Every tenant collection there is.
    pub async fn collections(&self) -> Vec<Seen> {
        let all = self.store.collections(None, 100_000).await;
        all.expect("the store answers")
    }

    /// The organization's collections under any name, and what stands at its trash.
    pub async fn collections_of(&self, id: &str) -> Vec<String> {
        let id = id.parse().expect("an id");
        let seen = self.store.look(id, &[CollectionName::trash(id)]).await;
        let seen = seen.expect("a look");
        seen.into_iter().map(|seen| seen.name.to_string()).collect()
    }

    /// Writes a tenant's documents, which creates a collection that is missing, without a stamp. On the embedded
    /// store all leases end.
    pub async fn write(&self, name: &str, documents: &[&str]) {
        match &self.behind {
            Behind::Mongo(database) => {
                let documents = documents.iter().map(|&text| doc! { "_id": text });
                let collection = database.collection::<Document>(name);
                collection
                    .insert_many(documents)
                    .await
                    .expect("documents are written");
            }
            Behind::Embedded(store) => {
                let name = name.to_owned();
                let documents: Vec<String> = documents.iter().map(|&text| text.to_owned()).collect();
                let write = move |transaction: &redb::WriteTransaction| {
                    let mut table = transaction.open_table(table(&name))?;
                    for document in &documents {
                        table.insert(document.as_bytes(), document.as_bytes())?;
                    }
                    Ok::<_, StoreError>(())
                };
                let written = store.beside(async |database| database.write(write).await).await;
                written.expect("documents are written");
            }
        }
    }

    /// The documents of a collection, sorted; none when it is missing. On the embedded store all leases end.
    pub async fn documents(&self, name: &str) -> Option<Vec<String>> {
        match &self.behind {
            Behind::Mongo(database) => {
                let names = database.list_collection_names().await.expect("names");
                if !names.iter().any(|there| there == name) {
                    return None;
                }
                let collection = database.collection::<Document>(name);
                let found = collection.find(doc! {}).sort(doc! { "_id": 1 }).await;
                let found: Vec<Document> = found.expect("documents").try_collect().await.expect("documents");
                let texts = found
                    .iter()
                    .map(|document| document.get_str("_id").expect("a text").to_owned());
                Some(texts.collect())
            }
            Behind::Embedded(store) => {
                let read = |transaction: &redb::ReadTransaction| match transaction.open_table(table(name)) {
                    Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                    opened => opened?
                        .iter()?
                        .map(|entry| Ok(String::from_utf8_lossy(entry?.1.value()).into_owned()))
                        .collect::<Result<_, StoreError>>()
                        .map(Some),
                };
                let found = store.beside(async |database| database.read(read).await).await;
                found.expect("documents")
            }
        }
    }

    /// The right to command collections: commands happen only inside an operation, if only of a record that goes
    /// again.
    async fn right(&self) -> Fence {
        let record = Organization {
            handles: Vec::new(),
            ..self.provisioning("nobody")
        };
        let stored = self.store.insert(&record, Some(term(LONG))).await;
        fence_of(&stored.expect("the record is planted"))
    }

    async fn right_is_over(&self, fence: Fence) {
        self.remove(&fence.organization.to_string()).await;
    }
}

fn term(length: Duration) -> LeaseTerm {
    LeaseTerm {
        owner: SystemIds.uuid_v4(),
        length,
    }
}

fn fence_of(record: &Organization) -> Fence {
    Fence {
        organization: record.id,
        operation: record.operation.as_ref().expect("an operation").id,
        fence: record.fence,
    }
}

fn table(name: &str) -> redb::TableDefinition<'_, &'static [u8], &'static [u8]> {
    redb::TableDefinition::new(name)
}
