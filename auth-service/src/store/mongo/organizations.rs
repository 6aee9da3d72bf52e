//! Organizations, by the ids of the gates and by the index of the admins' organizations.

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use tenantry_common::{id::OrganizationId, store::error::StoreError};
use uuid::Uuid;

use super::{
    MongoStore,
    documents::{SummaryDocument, binary},
    plain,
};
use crate::{
    domain::{Gate, OrganizationAdmins},
    store::listing::Listing,
};

/// Most admins that are fetched at once.
const MAX_BATCH: u32 = 1_000;

impl MongoStore {
    /// [`Store::organizations`](crate::store::Store::organizations).
    pub(super) async fn list_organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError> {
        let mut listing = Listing::new(limit);
        // The server takes a limit of nought for none.
        if limit > 0 {
            let ids = range(after, until);
            self.list_gates(ids.clone(), limit, &mut listing).await?;
            self.list_admins(ids, limit, &mut listing).await?;
        }
        Ok(listing.into_organizations())
    }

    async fn list_gates(&self, ids: Document, limit: usize, listing: &mut Listing) -> Result<(), StoreError> {
        let found = self
            .gates
            .find(doc! { "_id": ids })
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut gates = found.await.map_err(plain)?;
        while let Some(gate) = gates.try_next().await.map_err(plain)? {
            listing.add_gate(Gate::from(gate));
        }
        Ok(())
    }

    /// Without a limit, which would cut an organization in two: the rest of the cursor is left when there is no room
    /// for more.
    async fn list_admins(
        &self,
        ids: Document,
        limit: usize,
        listing: &mut Listing,
    ) -> Result<(), StoreError> {
        let summaries = self.admins.clone_with_type::<SummaryDocument>();
        let found = summaries
            .find(doc! { "organization_id": ids })
            .projection(doc! { "organization_id": 1, "role": 1, "state": 1 })
            .sort(doc! { "organization_id": 1 })
            .batch_size(u32::try_from(limit).map_or(MAX_BATCH, |limit| limit.min(MAX_BATCH)));
        let mut admins = found.await.map_err(plain)?;
        while let Some(admin) = admins.try_next().await.map_err(plain)? {
            let (organization, admin) = admin.into_summary();
            if !listing.add_admin(organization, admin) {
                break;
            }
        }
        Ok(())
    }
}

/// The ids between; always with a bound, because that leaves out what has none: operators.
fn range(after: Option<OrganizationId>, until: Option<OrganizationId>) -> Document {
    let mut range = match after {
        Some(after) => doc! { "$gt": binary(after.as_uuid()) },
        None => doc! { "$gte": binary(&Uuid::nil()) },
    };
    if let Some(until) = until {
        range.insert("$lte", binary(until.as_uuid()));
    }
    range
}
