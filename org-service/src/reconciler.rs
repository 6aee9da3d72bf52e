//! Sees to what waits without a caller: operations whose driver is gone, purges that are due, collections that
//! something late may have displaced, handles whose rest is over.
//!
//! Everything is found by an index, and done by the same driver and the same functions as for a caller. Replicas need
//! not know of each other: a lease, or the epoch of the record, lets one of them through. What has halted is left to
//! an operator.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use tenantry_common::{clock::Timestamp, rpc::request_id::RequestId, store::error::StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{CollectionName, Organization, Seen, State},
    lifecycle::{self, Observed, own_names},
    organizations::{Organizations, lookup},
    store::{Due, Lookup},
};

/// Most records of one kind that a pass takes on. More wait for the next one, which follows at once.
const BATCH: usize = 1_000;

/// Most operations that are driven at one time.
const MAX_DRIVES: usize = 16;

/// How long a pass waits for a drive before it goes on; the drive does too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks for what waits, again and again.
pub struct Reconciler {
    organizations: Organizations,
    interval: Duration,
    drives: Arc<Semaphore>,
}

/// What a pass did.
#[derive(Debug, Default)]
pub struct Pass {
    driven: AtomicUsize,
    purged: AtomicUsize,
    repaired: AtomicUsize,
    let_go: AtomicUsize,
    full: bool,
}

impl Pass {
    /// Operations of a driver that was gone, taken over.
    pub fn driven(&self) -> usize {
        self.driven.load(Ordering::Relaxed)
    }

    /// Purges begun, and records of aborted creates removed.
    pub fn purged(&self) -> usize {
        self.purged.load(Ordering::Relaxed)
    }

    /// Repairs begun.
    pub fn repaired(&self) -> usize {
        self.repaired.load(Ordering::Relaxed)
    }

    /// Records whose waiting for late commands or for a resting handle has ended.
    pub fn let_go(&self) -> usize {
        self.let_go.load(Ordering::Relaxed)
    }

    /// Whether it did anything at all.
    pub fn is_idle(&self) -> bool {
        [&self.driven, &self.purged, &self.repaired, &self.let_go]
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 0)
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Reconciler {
    /// A reconciler over the use cases' store and driver, with about `interval` between two passes.
    pub fn new(organizations: Organizations, interval: Duration) -> Self {
        Self {
            organizations,
            interval,
            drives: Arc::new(Semaphore::new(MAX_DRIVES)),
        }
    }

    /// Makes passes until `stop`, the first one at once. What a pass has begun by then goes on among the driver's
    /// tasks.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.pass(&stop).await {
                // There is more to do, and something was done: what cannot be done now would be found again.
                Ok(pass) if pass.full && !pass.is_idle() => continue,
                Ok(_) => self.pause(),
                Err(error) => {
                    tracing::warn!(%error, "the reconciler could not look");
                    self.pause()
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The interval, a fifth of it more or less, so that replicas do not look in step.
    fn pause(&self) -> Duration {
        let random = self.organizations.ids.uuid_v4().as_u128() % 1_000;
        let thousandths = 800 + u32::try_from(random * 2 / 5).unwrap_or(200);
        self.interval * thousandths / 1_000
    }

    /// Looks once for everything that waits, and sees to it. With nothing to do it makes four calls to the store,
    /// however much there is in it.
    ///
    /// # Errors
    /// The store's, when it cannot be asked what waits. What goes wrong with one record is logged, and met again by
    /// the next pass.
    pub async fn pass(&self, stop: &CancellationToken) -> Result<Pass, StoreError> {
        let now = self.organizations.clock.now();
        let find = |due| self.organizations.store.find_due(due, now, BATCH);
        let stalled = find(Due::Operation).await?;
        let ending = find(Due::Purge).await?;
        let displaced = find(Due::Recheck).await?;
        let resting = find(Due::RestingHandle).await?;
        let pass = Pass {
            full: [&stalled, &ending, &displaced, &resting]
                .iter()
                .any(|found| found.len() == BATCH),
            ..Pass::default()
        };

        self.each(stalled, stop, |organization| self.take_over(organization, &pass))
            .await;
        self.each(ending, stop, |organization| self.end(organization, now, &pass))
            .await;
        let wanted: Vec<Lookup> = displaced.iter().map(lookup).collect();
        if !wanted.is_empty() {
            let found = self.organizations.store.look_for(&wanted).await?;
            self.settle(displaced.into_iter().zip(found).collect(), stop, now, &pass)
                .await;
        }
        let resting: Vec<Organization> = resting
            .into_iter()
            .filter(|one| one.recheck_until.is_none())
            .collect();
        if !resting.is_empty() {
            let found = self.at_their_names(&resting).await?;
            self.settle(resting.into_iter().zip(found).collect(), stop, now, &pass)
                .await;
        }
        if !pass.is_idle() {
            tracing::info!(?pass, "reconciled");
        }
        Ok(pass)
    }

    /// Does `work` for each, several at a time, and logs what goes wrong.
    async fn each<T, F>(&self, all: Vec<T>, stop: &CancellationToken, work: impl Fn(T) -> F)
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        let work = &work;
        stream::iter(all)
            .for_each_concurrent(MAX_DRIVES, |one| async move {
                if stop.is_cancelled() {
                    return;
                }
                if let Err(error) = work(one).await {
                    tracing::warn!(%error, "left for the next pass");
                }
            })
            .await;
    }

    /// Drives an operation that nobody drives any more.
    async fn take_over(&self, stalled: Organization, pass: &Pass) -> Result<(), StoreError> {
        let Some(place) = self.place() else {
            return Ok(());
        };
        let Organizations { store, driver, .. } = &self.organizations;
        let taken = store.take_lease(stalled.id, driver.lease).await?;
        if let Some(taken) = taken {
            count(&pass.driven);
            self.drive(taken, Observed::nothing(), place).await;
        }
        Ok(())
    }

    /// Purges what was deleted long enough ago; removes the record of a create that was rolled back.
    async fn end(&self, due: Organization, now: Timestamp, pass: &Pass) -> Result<(), StoreError> {
        if due.state != State::Aborted {
            let next = lifecycle::purge(&due, self.organizations.accepted());
            return self.begin(&next, &pass.purged).await;
        }
        if self.organizations.store.remove_aborted(due.id, now).await? {
            count(&pass.purged);
        }
        Ok(())
    }

    /// What stands at each one's names. Where nothing late is reckoned with that is enough, and costs no listing of
    /// all collections; a REPAIR looks everywhere.
    async fn at_their_names(&self, organizations: &[Organization]) -> Result<Vec<Vec<Seen>>, StoreError> {
        let names: Vec<Vec<CollectionName>> = organizations.iter().map(own_names).collect();
        let seen = self.organizations.store.at(&names.concat()).await?;
        let seen: HashMap<&CollectionName, &Seen> = seen.iter().map(|seen| (&seen.name, seen)).collect();
        let at = |names: &Vec<CollectionName>| {
            let found = names.iter().filter_map(|name| seen.get(name));
            found.map(|&seen| seen.clone()).collect()
        };
        Ok(names.iter().map(at).collect())
    }

    /// Repairs what was found out of place, and ends the waiting of everything else that has waited long enough.
    async fn settle(
        &self,
        looked_at: Vec<(Organization, Vec<Seen>)>,
        stop: &CancellationToken,
        now: Timestamp,
        pass: &Pass,
    ) {
        self.each(looked_at, stop, |(organization, seen)| async move {
            if !lifecycle::in_place(&organization, seen) {
                let next = lifecycle::repair(&organization, self.organizations.accepted());
                return self.begin(&next, &pass.repaired).await;
            }
            if self.organizations.let_go(&organization, now).await? {
                count(&pass.let_go);
            }
            Ok(())
        })
        .await;
    }

    /// Has an operation accepted and drives it, unless the record has changed or another replica was first.
    async fn begin(&self, next: &Organization, counter: &AtomicUsize) -> Result<(), StoreError> {
        let Some(place) = self.place() else {
            return Ok(());
        };
        let Organizations { store, driver, .. } = &self.organizations;
        match store.accept(next, Some(driver.lease)).await {
            Ok(accepted) => {
                count(counter);
                let observed = Observed::at_acceptance(&accepted);
                self.drive(accepted, observed, place).await;
                Ok(())
            }
            Err(StoreError::Conflict | StoreError::AlreadyExists(_) | StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Room for one more drive; none while all are busy, for then the next pass is early enough.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.drives).try_acquire_owned().ok()
    }

    async fn drive(&self, organization: Organization, observed: Observed, place: OwnedSemaphorePermit) {
        let (id, kind) = (
            organization.id,
            organization
                .operation
                .as_ref()
                .map(|operation| operation.kind.as_str()),
        );
        let request_id = RequestId::new(&*self.organizations.ids);
        tracing::info!(organization = %id, kind, %request_id, "the reconciler drives");
        let driver = &self.organizations.driver;
        let drive = driver.start(organization, observed, None, request_id);
        let ended = driver.tasks.spawn(async move {
            let outcome = drive.await;
            drop(place);
            outcome
        });
        // Otherwise the drive has logged why not, or still goes on.
        if let Ok(Ok(Ok(Ok(_)))) = tokio::time::timeout(PATIENCE, ended).await {
            tracing::info!(organization = %id, kind, "recovered");
        }
    }
}
