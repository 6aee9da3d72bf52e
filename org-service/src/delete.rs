//! Deletes an organization: tokens die, then its collection moves to the trash, or goes for good at once.

use tenantry_common::{id::OrganizationId, rpc::client::CallContext};

use crate::{
    domain::{Organization, Principal, State},
    lifecycle,
    organizations::{Error, MAX_ATTEMPTS, Organizations, must_be_current},
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
                Err(Error::Halted(reason)) if principal.is_operator() => {
                    let halted = self.halted_create(id).await?.ok_or(Error::Halted(reason))?;
                    must_be_current(&halted, etag)?;
                    halted
                }
                other => other?,
            };
            let next = lifecycle::delete(&organization, self.accepted());
            // After a lost race the organization is read again, and the etag with it.
            if let Some(deleted) = self.carry_out(&next, None, context).await? {
                return self.purged_if_due(deleted, context).await;
            }
        }
        Err(Error::InProgress)
    }

    /// The organization, if its create has halted: nobody was told of it, so that it may be deleted in its stead.
    async fn halted_create(&self, id: OrganizationId) -> Result<Option<Organization>, Error> {
        let found = self.store.get(id).await?;
        let halted = |found: &Organization| found.state == State::Provisioning && found.halted().is_some();
        Ok(found.filter(halted))
    }

    /// Goes on to the purge where nothing is kept.
    async fn purged_if_due(
        &self,
        deleted: Organization,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        let due = deleted.purge_time.is_some_and(|time| time <= self.clock.now());
        if deleted.state != State::Deleted || !due {
            return Ok(deleted);
        }
        let next = lifecycle::purge(&deleted, self.accepted());
        // It is being purged, or brought back, by somebody else: it was deleted all the same.
        Ok(self.carry_out(&next, None, context).await?.unwrap_or(deleted))
    }
}
