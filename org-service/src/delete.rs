//! Deletes an organization: tokens die, then its collection moves to the trash, or goes for good at once.

use tenantry_common::rpc::client::CallContext;

use crate::{
    domain::{Organization, Principal, State},
    lifecycle::{self, Observed},
    organizations::{Error, MAX_ATTEMPTS, Organizations, lost_a_race},
    read::Key,
};

impl Organizations {
    /// Deletes the organization; where deleted data is not kept, purges it too.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NotFound`] for a repeat. Once accepted, it will be deleted whatever is answered.
    pub async fn delete(
        &self,
        principal: &Principal,
        key: &Key,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let id = self.identify(principal, key).await?;
            let organization = match self.to_change(principal, id, etag, context).await {
                Err(Error::Deleted) => return Err(Error::NotFound),
                other => other?,
            };
            let next = lifecycle::delete(&organization, self.accepted());
            match self.store.accept(&next, Some(self.driver.lease)).await {
                Ok(accepted) => return self.drive_delete(accepted, context).await,
                // Read again, and the etag with it.
                Err(error) if lost_a_race(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::InProgress)
    }

    async fn drive_delete(
        &self,
        accepted: Organization,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        let observed = Observed::at_acceptance(&accepted);
        let deleted = self.driver.drive(accepted, observed, None, context).await?;
        let due = deleted.state == State::Deleted
            && deleted.purge_time.is_some_and(|time| time <= self.clock.now());
        if !(due && self.driver.policy.retention.is_zero()) {
            return Ok(deleted);
        }
        let next = lifecycle::purge(&deleted, self.accepted());
        let accepted = match self.store.accept(&next, Some(self.driver.lease)).await {
            Ok(accepted) => accepted,
            // It is being purged, or brought back, by somebody else: it was deleted all the same.
            Err(error) if lost_a_race(&error) => return Ok(deleted),
            Err(error) => return Err(error.into()),
        };
        let observed = Observed::at_acceptance(&accepted);
        Ok(self.driver.drive(accepted, observed, None, context).await?)
    }
}
