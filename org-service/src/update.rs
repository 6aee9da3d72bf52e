//! Changes an organization's name, handle and labels; the collection moves along.

use tenantry_common::{id::OrganizationId, rpc::client::CallContext};

use crate::{
    domain::{Access, Handle, Labels, Organization, OrganizationName, Principal, State},
    lifecycle,
    organizations::{Error, MAX_ATTEMPTS, Organizations, lost_a_race, must_be_current},
};

/// What shall change; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new name.
    pub name: Option<OrganizationName>,
    /// The new handle.
    pub handle: Option<NewHandle>,
    /// All labels anew.
    pub labels: Option<Labels>,
}

/// What a handle shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewHandle {
    /// This one, whatever the name.
    Given(Handle),
    /// The one that the name folds to, now and at later changes of the name.
    FollowsName,
}

/// What an organization has after the changes.
struct Target {
    name: OrganizationName,
    handle: Handle,
    handle_given: bool,
    labels: Labels,
}

impl Organizations {
    /// Makes the changes, or answers the organization as it is when there is nothing to change.
    ///
    /// # Errors
    /// [`Error`]; the organization is as it was, or on its way to what was asked.
    pub async fn update(
        &self,
        principal: &Principal,
        id: OrganizationId,
        changes: &Changes,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let organization = self.to_change(principal, id, etag, context).await?;
            let target = changes.applied_to(&organization)?;
            if target.is_already(&organization) {
                return Ok(organization);
            }
            // After a lost race the organization is read again, and the etag with it.
            if let Some(updated) = self.accept_target(&organization, target, context).await? {
                return Ok(updated);
            }
        }
        Err(Error::InProgress)
    }

    /// The organization that the caller may change, with nothing under way.
    pub(crate) async fn to_change(
        &self,
        principal: &Principal,
        id: OrganizationId,
        etag: Option<i64>,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        match principal.access_to(id) {
            Access::None => return Err(Error::NotFound),
            Access::Read => return Err(Error::NotAllowed),
            Access::Write => {}
        }
        let organization = self.store.get(id).await?.ok_or(Error::NotFound)?;
        let organization = self.settled(organization, context).await?;
        match organization.state {
            State::Active | State::Suspended => {}
            State::Deleted if principal.is_operator() => return Err(Error::Deleted),
            State::Provisioning | State::Deleted | State::Purged | State::Aborted => {
                return Err(Error::NotFound);
            }
        }
        must_be_current(&organization, etag)?;
        Ok(organization)
    }

    /// Accepts the target and brings it about; none when the record has changed since it was read.
    async fn accept_target(
        &self,
        organization: &Organization,
        target: Target,
        context: &CallContext,
    ) -> Result<Option<Organization>, Error> {
        let Target {
            name,
            handle,
            handle_given,
            labels,
        } = target;
        if handle == organization.handle {
            let next = lifecycle::relabel(organization, name, handle_given, labels, self.clock.now());
            return match self.store.accept(&next, None).await {
                Ok(updated) => Ok(Some(updated)),
                Err(error) if lost_a_race(&error) => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
        let new_handle = (handle.clone(), handle_given);
        let next = lifecycle::rename(organization, name, new_handle, labels, self.accepted());
        self.carry_out(&next, Some(&handle), context).await
    }
}

impl Changes {
    fn applied_to(&self, organization: &Organization) -> Result<Target, Error> {
        let name = self.name.clone().unwrap_or_else(|| organization.name.clone());
        let labels = self.labels.clone().unwrap_or_else(|| organization.labels.clone());
        let follows = || Handle::fold(name.as_str()).map_err(Error::NoHandle);
        let (handle, handle_given) = match &self.handle {
            Some(NewHandle::Given(handle)) => (handle.clone(), true),
            Some(NewHandle::FollowsName) => (follows()?, false),
            None if self.name.is_none() || organization.handle_given => {
                (organization.handle.clone(), organization.handle_given)
            }
            None => (follows()?, false),
        };
        Ok(Target {
            name,
            handle,
            handle_given,
            labels,
        })
    }
}

impl Target {
    fn is_already(&self, organization: &Organization) -> bool {
        self.name == organization.name
            && self.handle == organization.handle
            && self.handle_given == organization.handle_given
            && self.labels == organization.labels
    }
}
