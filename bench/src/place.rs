//! The store of the measured server, from before it to after it.

use std::path::PathBuf;

use auth_service::domain::Cost;
use tempfile::TempDir;
use tenantry_common::{
    config::{MongoUrl, StoreUrl},
    store::mongo,
};

use crate::{Failure, accounts, arguments::BenchStore};

const APP_NAME: &str = "tenantry-bench";

/// A store that holds accounts and nothing else.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    store: BenchStore,
}

impl Place {
    /// A new one with so many accounts.
    ///
    /// # Errors
    /// When the store cannot be used, or holds something already.
    pub(super) async fn prepare(store: &BenchStore, cost: Cost, accounts: usize) -> Result<Self, Failure> {
        if let BenchStore::Mongo(url) = store {
            must_be_empty(url).await?;
        }
        let place = Self {
            directory: tempfile::tempdir()?,
            store: store.clone(),
        };
        let made = accounts::create(place.url(), cost, accounts).await;
        if let Err(error) = made {
            place.clear().await?;
            return Err(error);
        }
        Ok(place)
    }

    /// Where the server finds it.
    pub(super) fn url(&self) -> StoreUrl {
        match &self.store {
            BenchStore::Embedded => StoreUrl::Embedded(self.directory.path().join("auth.redb")),
            BenchStore::Mongo(url) => StoreUrl::Mongo(url.clone()),
        }
    }

    /// Where the server logs to.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.path().join("auth-service.log")
    }

    /// Leaves nothing behind.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        if let BenchStore::Mongo(url) = &self.store {
            mongo::connect(url, APP_NAME).await?.drop().await?;
        }
        Ok(self.directory.close()?)
    }
}

/// What is dropped in the end must not be anybody's.
async fn must_be_empty(url: &MongoUrl) -> Result<(), Failure> {
    let database = mongo::connect(url, APP_NAME).await?;
    if database.list_collection_names().await?.is_empty() {
        return Ok(());
    }
    Err(format!("{url} is not empty: name a database that is not there yet").into())
}
