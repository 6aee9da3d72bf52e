//! Suspends an organization, and ends its suspension.

use tenantry_common::rpc::client::CallContext;

use crate::{
    domain::{Organization, Principal, State},
    lifecycle,
    organizations::{Error, MAX_ATTEMPTS, Organizations, must_operate},
    read::Key,
};

impl Organizations {
    /// Suspends the organization: its sessions have ended when this answers. Answers one that is suspended as it is.
    ///
    /// # Errors
    /// [`Error`]. Once accepted, it will be suspended whatever is answered.
    pub async fn suspend(
        &self,
        principal: &Principal,
        key: &Key,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        self.switch(principal, key, etag, State::Suspended, context).await
    }

    /// Ends the suspension. Answers an organization that is in use as it is.
    ///
    /// # Errors
    /// [`Error`]. Once accepted, it will be resumed whatever is answered.
    pub async fn resume(
        &self,
        principal: &Principal,
        key: &Key,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        self.switch(principal, key, etag, State::Active, context).await
    }

    async fn switch(
        &self,
        principal: &Principal,
        key: &Key,
        etag: Option<i64>,
        target: State,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let id = self.identify(principal, key).await?;
            must_operate(principal, id)?;
            let organization = self.to_change(principal, id, etag, context).await?;
            if organization.state == target {
                return Ok(organization);
            }
            let next = match target {
                State::Suspended => lifecycle::suspend(&organization, self.accepted()),
                _ => lifecycle::resume(&organization, self.accepted()),
            };
            // After a lost race the organization is read again, and the etag with it.
            if let Some(switched) = self.carry_out(&next, None, context).await? {
                return Ok(switched);
            }
        }
        Err(Error::InProgress)
    }
}
