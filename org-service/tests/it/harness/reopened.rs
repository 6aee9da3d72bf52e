//! An embedded store whose file can be taken from it for a while: only one can have it open.

use std::{path::PathBuf, sync::Arc, time::Duration};

use org_service::store::{Fence, Store, embedded::EmbeddedStore};
use tenantry_common::{clock::Clock, store::embedded::EmbeddedDatabase, testing::ManualClock};
use tokio::sync::{RwLock, RwLockReadGuard};

const CACHE_BYTES: usize = 4 << 20;

/// An embedded store that can be closed and opened again while servers use it: they wait meanwhile.
pub struct ReopenedStore {
    path: PathBuf,
    clock: Arc<ManualClock>,
    open: RwLock<Option<Arc<dyn Store>>>,
}

impl ReopenedStore {
    pub async fn open(path: PathBuf, clock: Arc<ManualClock>) -> Arc<Self> {
        let store = open(&path, &clock).await;
        Arc::new(Self {
            path,
            clock,
            open: RwLock::new(Some(store)),
        })
    }

    /// Works on the file itself. To the store this is a new start: leases of before are void.
    pub async fn beside<T>(&self, work: impl AsyncFnOnce(&EmbeddedDatabase) -> T) -> T {
        let mut open_store = self.open.write().await;
        drop(open_store.take());
        let database = database(&self.path).await;
        let outcome = work(&database).await;
        drop(database);
        *open_store = Some(open(&self.path, &self.clock).await);
        outcome
    }

    pub(super) fn acts(&self, _: Fence) {}

    pub(super) fn delivered<T>(&self, answer: T) -> T {
        answer
    }

    pub(super) async fn current(&self) -> RwLockReadGuard<'_, dyn Store> {
        RwLockReadGuard::map(self.open.read().await, |open| {
            &**open.as_ref().expect("the store is open")
        })
    }
}

async fn open(path: &std::path::Path, clock: &Arc<ManualClock>) -> Arc<dyn Store> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let store = EmbeddedStore::open(path, CACHE_BYTES, clock).await;
    Arc::new(store.expect("the store opens"))
}

/// A read whose caller has gone may have the file still.
async fn database(path: &std::path::Path) -> EmbeddedDatabase {
    for _ in 0..1_000 {
        if let Ok(database) = EmbeddedDatabase::open(path, CACHE_BYTES) {
            return database;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} stays in use", path.display());
}
