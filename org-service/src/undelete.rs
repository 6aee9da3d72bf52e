//! Brings a deleted organization back.

use tenantry_common::{id::OrganizationId, rpc::client::CallContext};

use crate::{
    domain::{Handle, Organization, Principal, State},
    lifecycle,
    organizations::{Error, MAX_ATTEMPTS, Organizations, must_be_current, must_operate},
};

impl Organizations {
    /// Brings the organization back as it was before it was deleted, under its former handle or another one. Answers
    /// one that is not deleted as it is.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NotFound`] once it is being purged. Once accepted, it will be back whatever is answered.
    pub async fn undelete(
        &self,
        principal: &Principal,
        id: OrganizationId,
        handle: Option<&Handle>,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        must_operate(principal, id)?;
        for _ in 0..MAX_ATTEMPTS {
            let organization = self.store.get(id).await?.ok_or(Error::NotFound)?;
            let organization = self.settled(organization, context).await?;
            let gone = organization.state_before_delete == Some(State::Provisioning);
            let deleted = match organization.state {
                State::Active | State::Suspended => false,
                State::Deleted if !gone => true,
                State::Provisioning | State::Deleted | State::Purged | State::Aborted => {
                    return Err(Error::NotFound);
                }
            };
            must_be_current(&organization, etag)?;
            if !deleted {
                return match handle {
                    Some(other) if *other != organization.handle => Err(Error::NotDeleted),
                    _ => Ok(organization),
                };
            }
            let target = match handle {
                Some(given) => (given.clone(), true),
                None => (organization.handle.clone(), organization.handle_given),
            };
            let next = lifecycle::undelete(&organization, target, self.accepted());
            if let Some(back) = self.carry_out(&next, Some(&next.handle), context).await? {
                return Ok(back);
            }
        }
        Err(Error::InProgress)
    }
}
