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
use tokio::time::{Instant, sleep};

use super::{EmbeddedStore, MongoStore, Store};

/// How long a MongoDB that is away is waited for at start, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The embedded file cannot be used.
    #[error(transparent)]
    Embedded(#[from] OpenError),
    /// The store fails, or is away for too long.
    #[error("AUTH_STORE {url}: {error}")]
    Store {
        /// Which store, without user and password.
        url: StoreUrl,
        /// How it fails.
        error: StoreError,
    },
}

/// Opens the store; a MongoDB that does not answer yet is waited for.
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
    let until = Instant::now() + PATIENCE;
    loop {
        let opened = match mongo::connect(url, "tenantry-auth").await {
            Ok(database) => MongoStore::new(database).await,
            Err(error) => Err(error),
        };
        match opened {
            Err(StoreError::Unavailable(error)) if Instant::now() < until => {
                tracing::warn!(%error, store = %url, "waiting for the store");
                sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}
