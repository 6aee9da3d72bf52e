//! Reads one organization, or a page of them.

use tenantry_common::id::OrganizationId;

use crate::{
    domain::{Access, Handle, Organization, Principal, State},
    organizations::{Error, Organizations},
    store::ListQuery,
};

/// How a request names an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By its id.
    Id(OrganizationId),
    /// By its handle.
    Handle(Handle),
}

/// Which page of a list a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only organizations created after this one.
    pub after: Option<OrganizationId>,
    /// At most this many.
    pub limit: usize,
    /// Deleted ones too.
    pub show_deleted: bool,
}

impl Organizations {
    /// The organization that the caller may read.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none or it is somebody else's; [`Error::InProgress`] to the admin of one
    /// that is still being created.
    pub async fn get(&self, principal: &Principal, key: &Key) -> Result<Organization, Error> {
        let organization = match key {
            Key::Id(id) => self.readable(principal, *id).await?,
            Key::Handle(handle) => {
                let organization = self.by_handle(principal, handle).await?;
                // A deleted organization has given its handle up, if only lately.
                if organization.state == State::Deleted {
                    return Err(Error::NotFound);
                }
                organization
            }
        };
        match organization.state {
            State::Active | State::Suspended | State::Deleted => Ok(organization),
            State::Provisioning if !principal.is_operator() => Err(Error::InProgress),
            State::Provisioning | State::Purged | State::Aborted => Err(Error::NotFound),
        }
    }

    /// A page of the organizations that the caller may read.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, principal: &Principal, page: Page) -> Result<Vec<Organization>, Error> {
        let only = match (principal.is_operator(), principal.organization) {
            (true, _) => None,
            (false, Some(own)) => Some(own),
            (false, None) => return Ok(Vec::new()),
        };
        let Page {
            after,
            limit,
            show_deleted,
        } = page;
        Ok(self
            .store
            .list(&ListQuery {
                after,
                limit,
                only,
                show_deleted,
            })
            .await?)
    }

    /// The id of the organization that the key names, if the caller may know of it.
    pub(crate) async fn identify(&self, principal: &Principal, key: &Key) -> Result<OrganizationId, Error> {
        match key {
            Key::Id(id) => Ok(*id),
            Key::Handle(handle) => Ok(self.by_handle(principal, handle).await?.id),
        }
    }

    async fn readable(&self, principal: &Principal, id: OrganizationId) -> Result<Organization, Error> {
        if principal.access_to(id) == Access::None {
            return Err(Error::NotFound);
        }
        self.store.get(id).await?.ok_or(Error::NotFound)
    }

    /// An admin's handle is compared with the own organization's, so that nothing tells which others are taken.
    async fn by_handle(&self, principal: &Principal, handle: &Handle) -> Result<Organization, Error> {
        let organization = match principal.organization {
            Some(own) if !principal.is_operator() => Some(self.readable(principal, own).await?),
            _ if principal.is_operator() => self.store.find_by_handle(handle).await?,
            _ => None,
        };
        organization
            .filter(|organization| organization.active_handles().any(|held| held == handle))
            .ok_or(Error::NotFound)
    }
}
