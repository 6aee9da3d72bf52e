//! Opens the store that a URL names.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use tenantry_common::{
    config::{MongoUrl, StoreUrl},
    store::{
        embedded::{EmbeddedDatabase, OpenError},
        error::StoreError,
        mongo,
    },
};
use tokio::time::sleep;

use super::{EmbeddedStore, MongoStore, Store};

/// How often a MongoDB that is away at start is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The embedded file cannot be used.
    #[error(transparent)]
    Embedded(#[from] OpenError),
    /// The store fails.
    #[error("AUTH_STORE {url}: {error}")]
    Store {
        /// Which store, without user and password.
        url: StoreUrl,
        /// How it fails.
        error: StoreError,
    },
}

/// Opens the store; a MongoDB that does not answer yet is waited for, however long it takes.
///
/// # Errors
/// [`OpenStoreError`].
pub async fn open(url: StoreUrl, cache_mib: NonZeroU16) -> Result<Arc<dyn Store>, OpenStoreError> {
    let opened: Result<Arc<dyn Store>, StoreError> = match &url {
        StoreUrl::Embedded(path) => {
            let database = EmbeddedDatabase::open(path, usize::from(cache_mib.get()) << 20)?;
            EmbeddedStore::new(database)
                .await
                .map(|store| Arc::new(store) as _)
        }
        StoreUrl::Mongo(mongo_url) => open_mongo(mongo_url).await.map(|store| Arc::new(store) as _),
    };
    opened.map_err(|error| OpenStoreError::Store { url, error })
}

async fn open_mongo(url: &MongoUrl) -> Result<MongoStore, StoreError> {
    loop {
        let opened = match mongo::connect(url, "tenantry-auth").await {
            Ok(database) => MongoStore::new(database).await,
            Err(error) => Err(error),
        };
        match opened {
            Err(StoreError::Unavailable(error)) => {
                tracing::warn!(%error, store = %url, "waiting for the store");
                sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}
