//! How many operations are under way, for who counts a fault only if something was.

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use tenantry_common::failpoints::{self, ORDERS};

use crate::{domain::Organization, store::Store};

/// From one look to the next, at the least; a look that takes long leaves four fifths of the time to others.
const INTERVAL: Duration = Duration::from_millis(20);
/// From one look to the next, at the most: a look that found no store took seconds, and says nothing of the next.
const LONGEST: Duration = Duration::from_millis(100);
/// More records than a test has.
const ALL: usize = 10_000;

/// Tells of every look, so that who listens knows how old the news is, as long as there is the store; where nobody gives
/// orders, nothing.
pub(super) fn tell(store: &Arc<dyn Store>) {
    if env::var_os(ORDERS).is_none() {
        return;
    }
    let store = Arc::downgrade(store);
    tokio::spawn(async move {
        while let Some(store) = store.upgrade() {
            let begun = Instant::now();
            let line = line(&*store).await;
            // It may be closed while this waits.
            drop(store);
            failpoints::tell(&line);
            let pause = (4 * begun.elapsed()).clamp(INTERVAL, LONGEST);
            tokio::time::sleep(pause).await;
        }
    });
}

async fn line(store: &dyn Store) -> String {
    match store.records(None, ALL).await {
        Ok(records) => {
            let under_way = records.iter().filter(|record| Organization::is_under_way(record));
            format!("under-way {}", under_way.count())
        }
        Err(_) => "under-way unknown".to_owned(),
    }
}
