//! The store that a URL names.

use std::sync::Arc;

use tenantry_common::{
    clock::Clock,
    config::StoreUrl,
    id::Ids,
    store::{error::StoreError, mongo::connect},
};

use super::{Store, embedded::EmbeddedStore, mongo::MongoStore};

/// Opens the store that `url` names; the embedded one keeps about `cache_mib` MiB in memory.
///
/// # Errors
/// Says what cannot be used, and why. A MongoDB that does not answer yet is no error: the store answers when it does.
pub async fn open(
    url: &StoreUrl,
    cache_mib: u16,
    clock: Arc<dyn Clock>,
    ids: &dyn Ids,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match url {
        StoreUrl::Embedded(path) => {
            let cache_bytes = usize::from(cache_mib) << 20;
            Arc::new(EmbeddedStore::open(path, cache_bytes, clock).await?)
        }
        StoreUrl::Mongo(url) => Arc::new(MongoStore::open(connect(url, "org-service").await?, ids).await?),
    })
}
