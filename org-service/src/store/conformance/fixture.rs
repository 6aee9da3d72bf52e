//! A store on each backend, and a way round the port.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tenantry_common::{
    clock::SystemClock,
    id::{OrganizationId, SystemIds},
    store::error::StoreError,
    testing::{self, EmbeddedTest, MongoTest},
};

use super::samples::*;
use crate::{
    domain::{CollectionName, Organization, Seen},
    store::{Fence, ListQuery, Store, embedded::EmbeddedStore, mongo::MongoStore},
};

/// A store, and a way round it.
pub(super) struct Fixture {
    pub(super) store: Arc<dyn Store>,
    pub(super) behind: Box<dyn Behind>,
}

/// What the port does not offer and tests need: tenants' documents.
#[async_trait]
pub(super) trait Behind: Send + Sync {
    /// Writes documents, which creates a collection that is missing, without a stamp.
    async fn write(&self, name: &CollectionName, documents: &[&str]);
    /// The documents of a collection, sorted; none when it is missing.
    async fn documents(&self, name: &CollectionName) -> Option<Vec<String>>;
}

pub(super) async fn embedded_fixture() -> Option<Fixture> {
    let place = EmbeddedTest::new();
    let store = EmbeddedStore::open(&place.path(), 4 << 20, Arc::new(SystemClock)).await;
    let store = Arc::new(store.unwrap());
    let behind = Box::new(BehindEmbedded {
        store: Arc::clone(&store),
        _place: place,
    });
    Some(Fixture { store, behind })
}

pub(super) async fn mongo_fixture() -> Option<Fixture> {
    let test = testing::mongo().await?;
    let database = test.database().await;
    let store = MongoStore::open(database.clone(), &SystemIds).await;
    let behind = Box::new(BehindMongo {
        database,
        _test: test,
    });
    Some(Fixture {
        store: Arc::new(store.unwrap()),
        behind,
    })
}

pub(super) struct BehindEmbedded {
    store: Arc<EmbeddedStore>,
    _place: EmbeddedTest,
}

#[async_trait]
impl Behind for BehindEmbedded {
    async fn write(&self, name: &CollectionName, documents: &[&str]) {
        let name = name.clone();
        let documents: Vec<String> = documents.iter().map(|&text| text.to_owned()).collect();
        let write = move |transaction: &redb::WriteTransaction| {
            let definition = redb::TableDefinition::<&[u8], &[u8]>::new(name.as_str());
            let mut table = transaction.open_table(definition)?;
            for document in &documents {
                table.insert(document.as_bytes(), document.as_bytes())?;
            }
            Ok(())
        };
        self.store.database().write(write).await.unwrap();
    }

    async fn documents(&self, name: &CollectionName) -> Option<Vec<String>> {
        use redb::ReadableTable;
        let read = |transaction: &redb::ReadTransaction| {
            let definition = redb::TableDefinition::<&[u8], &[u8]>::new(name.as_str());
            match transaction.open_table(definition) {
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                table => table?
                    .iter()?
                    .map(|entry| Ok(String::from_utf8(entry?.1.value().to_vec()).unwrap()))
                    .collect::<Result<_, StoreError>>()
                    .map(Some),
            }
        };
        self.store.database().read(read).await.unwrap()
    }
}

pub(super) struct BehindMongo {
    database: ::mongodb::Database,
    _test: MongoTest,
}

#[async_trait]
impl Behind for BehindMongo {
    async fn write(&self, name: &CollectionName, documents: &[&str]) {
        use ::mongodb::bson::{Document, doc};
        let documents = documents.iter().map(|&text| doc! { "_id": text });
        let collection = self.database.collection::<Document>(name.as_str());
        collection.insert_many(documents).await.unwrap();
    }

    async fn documents(&self, name: &CollectionName) -> Option<Vec<String>> {
        use ::mongodb::bson::{Document, doc};
        use futures::TryStreamExt;
        let names = self.database.list_collection_names().await.unwrap();
        if !names.iter().any(|there| there == name.as_str()) {
            return None;
        }
        let collection = self.database.collection::<Document>(name.as_str());
        let found = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
        let found: Vec<Document> = found.try_collect().await.unwrap();
        Some(
            found
                .iter()
                .map(|document| document.get_str("_id").unwrap().to_owned())
                .collect(),
        )
    }
}

impl Fixture {
    pub(super) async fn insert(&self, organization: &Organization) -> Organization {
        self.store.insert(organization, None).await.unwrap()
    }

    pub(super) async fn get(&self, id: OrganizationId) -> Organization {
        self.store.get(id).await.unwrap().unwrap()
    }

    /// A record whose create runs under a long lease, and its fence.
    pub(super) async fn driven(&self, text: &str) -> (Organization, Fence) {
        let stored = self
            .store
            .insert(&provisioning(text), Some(term(LONG)))
            .await
            .unwrap();
        let fence = fence_of(&stored);
        (stored, fence)
    }

    /// Takes a lease that ended when it began, as soon as the store's clock has moved on.
    pub(super) async fn take(&self, id: OrganizationId) -> Organization {
        for _ in 0..100_000 {
            if let Some(taken) = self.store.take_lease(id, term(Duration::ZERO)).await.unwrap() {
                return taken;
            }
        }
        panic!("the lease does not end")
    }

    pub(super) async fn look(&self, id: OrganizationId, names: &[&CollectionName]) -> Vec<Seen> {
        let names: Vec<_> = names.iter().map(|&name| name.clone()).collect();
        self.store.look(id, &names).await.unwrap()
    }

    pub(super) async fn list(&self, query: ListQuery) -> Vec<OrganizationId> {
        let listed = self.store.list(&query).await.unwrap();
        listed.iter().map(|organization| organization.id).collect()
    }
}
