//! Drives an accepted operation to its end: takes the steps that `lifecycle::next` names, under the lease.

mod admin_steps;
mod collection_steps;
mod drive;
mod notes;

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tenantry_common::{
    clock::Clock,
    id::Ids,
    rpc::{client::CallContext, request_id::RequestId},
    store::error::StoreError,
};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use self::drive::Drive;
pub use self::notes::Notes;
pub(crate) use self::notes::gate_in_words;
use crate::{
    admins::{Admins, AdminsError, FirstAdmin},
    domain::{HaltReason, Organization},
    lifecycle::{Observed, Policy},
    store::{LeaseTerm, Store},
};

/// How long a driver keeps trying against a store or an auth-service that is away, before it leaves the record to
/// whoever takes its lease next.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);

/// Longest pause between two attempts, without its jitter of as much again: what comes back is met within half a
/// second.
const RETRY_AT_MOST: Duration = Duration::from_millis(250);

/// How long before its deadline a caller is told that the operation goes on without it.
const ANSWER_MARGIN: Duration = Duration::from_millis(50);

/// Why an operation did not come to its end here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError {
    /// The create was rolled back: nothing is left of it.
    #[error("rolled back: {0}")]
    RolledBack(AdminsError),
    /// The operation waits for an operator; everything is kept.
    #[error("halted: {0}")]
    Halted(HaltReason),
    /// The operation is under way still, here or elsewhere.
    #[error("under way")]
    InProgress,
}

/// What all drives have in common.
pub struct Driver {
    /// Records and collections.
    pub store: Arc<dyn Store>,
    /// auth-service.
    pub admins: Arc<dyn Admins>,
    /// New attempts and names.
    pub ids: Arc<dyn Ids>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// How long things are kept.
    pub policy: Policy,
    /// The lease that this process takes.
    pub lease: LeaseTerm,
    /// Drives go on when their callers hang up; a server that stops waits for them.
    pub tasks: TaskTracker,
}

impl Driver {
    /// Drives an operation that this process holds the lease of, and waits for it as long as the caller does.
    ///
    /// # Errors
    /// [`DriveError::InProgress`] when the caller's time is up first; the drive goes on.
    pub async fn drive(
        self: &Arc<Self>,
        organization: Organization,
        observed: Observed,
        first_admin: Option<FirstAdmin>,
        context: &CallContext,
    ) -> Result<Organization, DriveError> {
        let request_id = context.request_id.clone();
        let task = self.start(organization, observed, first_admin, request_id);
        outcome_in_time(task, context).await
    }

    /// As [`drive`](Self::drive), without an admin's password; what is done is noted.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub async fn drive_noting(
        self: &Arc<Self>,
        organization: Organization,
        observed: Observed,
        notes: Notes,
        context: &CallContext,
    ) -> Result<Organization, DriveError> {
        let request_id = context.request_id.clone();
        let drive = Drive::new(self, organization, observed, None, request_id).noting(notes);
        outcome_in_time(self.tasks.spawn(drive.run()), context).await
    }

    /// Drives an operation that this process holds the lease of, whether or not anybody waits for it.
    pub fn start(
        self: &Arc<Self>,
        organization: Organization,
        observed: Observed,
        first_admin: Option<FirstAdmin>,
        request_id: RequestId,
    ) -> JoinHandle<Result<Organization, DriveError>> {
        let drive = Drive::new(self, organization, observed, first_admin, request_id);
        self.tasks.spawn(drive.run())
    }

    /// Waits for the operation that the record has, and drives it once nobody else does.
    ///
    /// # Errors
    /// As [`drive`](Self::drive), or the store's.
    pub async fn settle(
        self: &Arc<Self>,
        mut organization: Organization,
        context: &CallContext,
    ) -> Result<Result<Organization, DriveError>, StoreError> {
        const POLL: Duration = Duration::from_millis(50);
        while let Some(operation) = &organization.operation {
            if let Some(reason) = operation.halted {
                return Ok(Err(DriveError::Halted(reason)));
            }
            if let Some(taken) = self.store.take_lease(organization.id, self.lease).await? {
                return Ok(self.drive(taken, Observed::nothing(), None, context).await);
            }
            if context.deadline.remaining() < 2 * POLL {
                return Ok(Err(DriveError::InProgress));
            }
            tokio::time::sleep(POLL).await;
            organization = self
                .store
                .get(organization.id)
                .await?
                .ok_or(StoreError::NotFound)?;
        }
        Ok(Ok(organization))
    }
}

/// What came of a drive, as far as the caller waits for it.
async fn outcome_in_time(
    drive: JoinHandle<Result<Organization, DriveError>>,
    context: &CallContext,
) -> Result<Organization, DriveError> {
    let patience = context.deadline.remaining().saturating_sub(ANSWER_MARGIN);
    match tokio::time::timeout(patience, drive).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panicked)) => Err(DriveError::InProgress),
        Err(_time_is_up) => Err(DriveError::InProgress),
    }
}

fn backoff() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(RETRY_AT_MOST)
        .with_total_delay(Some(GIVE_UP_AFTER))
        .without_max_times()
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_met_within_half_a_second_and_waited_for_for_a_minute() {
        let pauses: Vec<Duration> = backoff().collect();
        assert!(
            pauses.iter().all(|pause| *pause <= 2 * RETRY_AT_MOST),
            "{pauses:?}"
        );
        let waited: Duration = pauses.iter().sum();
        let margin = 2 * RETRY_AT_MOST;
        assert!(
            waited <= GIVE_UP_AFTER && waited + margin > GIVE_UP_AFTER,
            "{waited:?}"
        );
    }
}
