//! Whether both services' stores are sound, and what can be mended without losing anything.
//!
//! [`findings`](Maintenance::findings) walks records and collections page by page and judges them by pure functions
//! (`record`, `collection`); [`repair`](Maintenance::repair) does what is safe, by the same driver as everything else.

mod collection;
mod finding;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod operation_tests;
mod page;
mod record;
#[cfg(test)]
mod record_tests;
mod repair;
#[cfg(test)]
mod samples;
mod walk;
#[cfg(test)]
mod walk_tests;

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tenantry_common::{
    clock::Timestamp, id::OrganizationId, rpc::client::CallContext, store::error::StoreError,
};
use uuid::Uuid;

pub use self::{
    finding::{Finding, Kind, Severity},
    page::{Cursor, Page, Position},
    repair::{RepairError, Target},
};
use crate::{
    admins::OrganizationAdmins,
    domain::Organization,
    organizations::{Error, Organizations},
};

/// How long an operation may be under way, and how long what waits may go unseen to, before that is a finding.
pub const GRACE: Duration = Duration::from_secs(30);

/// How many records are asked for at a time where there is no call for all of them.
const CONCURRENCY: usize = 32;

/// Collections that are looked at for a page, at least: each page costs a listing of all that the store has.
const COLLECTIONS_PER_PAGE: usize = 5_000;

/// Findings after which a page ends early, and most that are told of one organization: a page must stay far below the
/// 4 MiB that clients take by default.
const FINDINGS_PER_PAGE: usize = 2_000;
const FINDINGS_PER_ORGANIZATION: usize = 100;

/// The use cases of MaintenanceService.
#[derive(Clone)]
pub struct Maintenance {
    organizations: Organizations,
    collections_per_page: usize,
    findings_per_page: usize,
}

impl Maintenance {
    /// The use cases over the same store, auth-service and driver as the others.
    pub fn new(organizations: Organizations) -> Self {
        Self {
            organizations,
            collections_per_page: COLLECTIONS_PER_PAGE,
            findings_per_page: FINDINGS_PER_PAGE,
        }
    }

    /// Those of these records that are there.
    async fn records_of(
        &self,
        ids: impl IntoIterator<Item = OrganizationId>,
    ) -> Result<Vec<Organization>, StoreError> {
        let store = &self.organizations.store;
        let found: Vec<Option<Organization>> = stream::iter(ids)
            .map(|id| store.get(id))
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What auth-service has of one organization.
    async fn admins_of(
        &self,
        id: OrganizationId,
        context: &CallContext,
    ) -> Result<Option<OrganizationAdmins>, Error> {
        let page = self.organizations.admins.list(before(id), Some(id), 1, context);
        let known = page.await?.organizations;
        Ok(known.into_iter().find(|known| known.organization == id))
    }
}

/// The greatest id below this one; none when that would name nothing.
fn before(id: OrganizationId) -> Option<OrganizationId> {
    match id.as_uuid().as_u128() {
        0 | 1 => None,
        number => Some(OrganizationId::from_uuid(Uuid::from_u128(number - 1))),
    }
}

/// Whether nothing is pending that may still move the organization's collection or its gate. What should have ended
/// [`GRACE`] ago is no excuse any more.
fn is_settled(organization: &Organization, now: Timestamp) -> bool {
    let pending = |until: Timestamp| now < until + GRACE;
    let rests = organization.handles.iter().filter_map(|held| held.rest_until);
    organization.operation.is_none() && !rests.chain(organization.recheck_until).any(pending)
}
