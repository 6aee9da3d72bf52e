//! One operation on its way: the loop, and the writes to the record.

use std::{future::Future, pin::pin, sync::Arc};

use backon::ExponentialBackoff;
use tenantry_common::{failpoint, rpc::request_id::RequestId, store::error::StoreError};

use super::{DriveError, Driver, Notes, backoff};
use crate::{
    admins::{AdminsError, FirstAdmin},
    domain::{Organization, State},
    lifecycle::{self, Observed, Step},
    store::Fence,
};

/// One operation on its way.
pub(super) struct Drive {
    pub(super) driver: Arc<Driver>,
    pub(super) organization: Organization,
    pub(super) observed: Observed,
    pub(super) first_admin: Option<FirstAdmin>,
    /// Why auth-service did not take the admin.
    pub(super) refusal: Option<AdminsError>,
    pub(super) request_id: RequestId,
    /// What was done so far.
    pub(super) notes: Notes,
    backoff: ExponentialBackoff,
}

/// What ends a drive before the operation's end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The record has another lease, or no operation any more.
    #[error("another driver has taken over")]
    LeaseLost,
    /// Tried long enough; the record is left as it is.
    #[error("gave up for now: {0}")]
    GaveUp(String),
}

impl Drive {
    pub(super) fn new(
        driver: &Arc<Driver>,
        organization: Organization,
        observed: Observed,
        first_admin: Option<FirstAdmin>,
        request_id: RequestId,
    ) -> Self {
        let driver = Arc::clone(driver);
        Self {
            driver,
            organization,
            observed,
            first_admin,
            refusal: None,
            request_id,
            notes: Notes::default(),
            backoff: backoff(),
        }
    }

    /// The same drive, that notes what it does there.
    pub(super) fn noting(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    pub(super) async fn run(mut self) -> Result<Organization, DriveError> {
        match self.take_steps().await {
            Ok(()) => self.outcome(),
            Err(stop) => {
                let (id, request_id) = (self.organization.id, &self.request_id);
                tracing::warn!(organization = %id, %request_id, why = %stop, "operation left under way");
                Err(DriveError::InProgress)
            }
        }
    }

    fn outcome(self) -> Result<Organization, DriveError> {
        if let Some(reason) = self
            .organization
            .operation
            .as_ref()
            .and_then(|operation| operation.halted)
        {
            return Err(DriveError::Halted(reason));
        }
        if self.organization.state == State::Aborted {
            let lost = || AdminsError::Unavailable("the admin was not prepared".to_owned());
            return Err(DriveError::RolledBack(self.refusal.unwrap_or_else(lost)));
        }
        Ok(self.organization)
    }

    /// Takes steps until the end of the operation is written.
    async fn take_steps(&mut self) -> Result<(), Stop> {
        loop {
            let step = lifecycle::next(&self.organization, &self.observed);
            tracing::debug!(organization = %self.organization.id, ?step, "step");
            failpoint!(&crate::failpoints::before(&self.organization, &step));
            match step {
                Step::Finish => return self.finish().await,
                Step::Halt(reason) => {
                    tracing::error!(organization = %self.organization.id, %reason, "operation halted; nothing is lost");
                    return self.record(lifecycle::halt(&self.organization, reason)).await;
                }
                Step::RecordStep(step) => {
                    self.record(lifecycle::with_create_step(&self.organization, step))
                        .await?
                }
                Step::RecordStamp(attempt) => {
                    self.record(lifecycle::with_stamp(&self.organization, attempt))
                        .await?;
                    self.observed.stamp_recorded();
                }
                Step::PrepareAdmin => self.prepare_admin().await?,
                Step::AskForAdmin => self.ask_for_admin().await?,
                Step::CancelAdmin => self.cancel_admin().await?,
                Step::ActivateAdmin => self.activate_admin().await?,
                Step::SetGate(state) => self.set_gate(state).await?,
                Step::Look => self.look().await?,
                Step::CreateCollection(name) => self.create_collection(name).await?,
                Step::Move { from, to } => self.move_home(&from, &to).await?,
                Step::Quarantine(name) => self.quarantine(&name).await?,
                Step::Condemn(name) => self.condemn(&name).await?,
                Step::Drop(name) => self.drop_collection(&name).await?,
            }
        }
    }

    async fn finish(&mut self) -> Result<(), Stop> {
        let now = self.driver.clock.now();
        let kind = self
            .organization
            .operation
            .as_ref()
            .map(|operation| operation.kind.as_str());
        self.record(lifecycle::finish(
            &self.organization,
            &self.observed,
            &self.driver.policy,
            now,
        ))
        .await?;
        failpoint!(&crate::failpoints::done(kind));
        self.notes
            .note(format!("brought the {} to its end", kind.unwrap_or("operation")));
        Ok(())
    }

    /// Writes the record under the lease. A write whose answer was lost is made again: it is the same write.
    async fn record(&mut self, next: Organization) -> Result<(), Stop> {
        let fence = self.fence()?;
        loop {
            match self.driver.store.record(fence, &next).await {
                Ok(stored) => {
                    self.organization = stored;
                    return Ok(());
                }
                Err(StoreError::Conflict | StoreError::NotFound) => return self.recorded_before(next).await,
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    /// Takes up a write that now meets a conflict because it had happened already, its answer lost.
    async fn recorded_before(&mut self, next: Organization) -> Result<(), Stop> {
        let stored = self
            .driver
            .store
            .get(next.id)
            .await
            .ok()
            .flatten()
            .ok_or(Stop::LeaseLost)?;
        let unleased = |organization: &Organization| Organization {
            lease: None,
            ..organization.clone()
        };
        if unleased(&stored) != unleased(&next) {
            return Err(Stop::LeaseLost);
        }
        self.organization = stored;
        Ok(())
    }

    fn fence(&self) -> Result<Fence, Stop> {
        let operation = self.organization.operation.as_ref().ok_or(Stop::LeaseLost)?;
        Ok(Fence {
            organization: self.organization.id,
            operation: operation.id,
            fence: self.organization.fence,
        })
    }

    /// Renews the lease: done before everything that cannot carry the fence itself.
    pub(super) async fn renewed(&mut self) -> Result<Fence, Stop> {
        let fence = self.fence()?;
        loop {
            match self
                .driver
                .store
                .renew_lease(fence, self.driver.lease.length)
                .await
            {
                Ok(()) => return Ok(fence),
                Err(StoreError::Conflict | StoreError::NotFound) => return Err(Stop::LeaseLost),
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    /// Awaits a command and keeps the lease meanwhile.
    pub(super) async fn while_renewing<T>(&self, fence: Fence, command: impl Future<Output = T>) -> T {
        let length = self.driver.lease.length;
        let mut command = pin!(command);
        loop {
            match tokio::time::timeout(length / 3, &mut command).await {
                Ok(outcome) => return outcome,
                // A lease that is lost by now shows at the next write; the command cannot be called back.
                Err(_elapsed) => drop(self.driver.store.renew_lease(fence, length).await),
            }
        }
    }

    /// Waits before a repeat, a little longer each time.
    pub(super) async fn wait(&mut self, cause: &(dyn std::error::Error + Sync)) -> Result<(), Stop> {
        let delay = self
            .backoff
            .next()
            .ok_or_else(|| Stop::GaveUp(cause.to_string()))?;
        tracing::warn!(organization = %self.organization.id, %cause, ?delay, "operation waits");
        tokio::time::sleep(delay).await;
        Ok(())
    }
}
