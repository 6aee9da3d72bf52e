//! Organizations, by ranges of their ids over the gates and over the admins' organizations.

use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable, TableHandle};
use serde::Deserialize;
use tenantry_common::{
    id::{AdminId, OrganizationId},
    store::{embedded::decode, error::StoreError},
};
use uuid::Uuid;

use super::{ADMINS, ADMINS_BY_ORGANIZATION, GATES};
use crate::{
    domain::{AdminStatus, AdminSummary, Affiliation, OrganizationAdmins},
    store::listing::Listing,
};

/// An admin's record without what nobody shall see; the rest is not read.
#[derive(Deserialize)]
struct SummaryRecord {
    id: AdminId,
    affiliation: Affiliation,
    state: AdminStatus,
}

/// [`Store::organizations`](crate::store::Store::organizations).
pub(super) fn list(
    transaction: &ReadTransaction,
    after: Option<OrganizationId>,
    until: Option<OrganizationId>,
    limit: usize,
) -> Result<Vec<OrganizationAdmins>, StoreError> {
    let mut listing = Listing::new(limit);
    let number = |id: OrganizationId| id.as_uuid().as_u128();
    let (after, until) = (after.map(number), until.map(number));
    add_gates(transaction, (after, until), &mut listing)?;
    add_admins(transaction, (after, until), &mut listing)?;
    Ok(listing.into_organizations())
}

fn add_gates(
    transaction: &ReadTransaction,
    (after, until): (Option<u128>, Option<u128>),
    listing: &mut Listing,
) -> Result<(), StoreError> {
    let gates = transaction.open_table(GATES)?;
    let range = (
        after.map_or(Bound::Unbounded, Bound::Excluded),
        until.map_or(Bound::Unbounded, Bound::Included),
    );
    for entry in gates.range::<u128>(range)? {
        if !listing.add_gate(decode(GATES.name(), entry?.1.value())?) {
            break;
        }
    }
    Ok(())
}

fn add_admins(
    transaction: &ReadTransaction,
    (after, until): (Option<u128>, Option<u128>),
    listing: &mut Listing,
) -> Result<(), StoreError> {
    let admins = transaction.open_table(ADMINS)?;
    let pairs = transaction.open_table(ADMINS_BY_ORGANIZATION)?;
    let last_of = |organization| (organization, u128::MAX);
    let range = (
        after.map_or(Bound::Unbounded, |after| Bound::Excluded(last_of(after))),
        until.map_or(Bound::Unbounded, |until| Bound::Included(last_of(until))),
    );
    for pair in pairs.range::<(u128, u128)>(range)? {
        let (organization, id) = pair?.0.value();
        let organization = OrganizationId::from_uuid(Uuid::from_u128(organization));
        if !listing.has_room_for(organization) {
            break;
        }
        listing.add_admin(organization, summary(&admins, id)?);
    }
    Ok(())
}

fn summary(admins: &impl ReadableTable<u128, &'static [u8]>, id: u128) -> Result<AdminSummary, StoreError> {
    let record = admins
        .get(id)?
        .ok_or_else(|| StoreError::Corrupt("the table of admins lacks a record".to_owned()))?;
    let SummaryRecord {
        id,
        affiliation,
        state,
    } = decode(ADMINS.name(), record.value())?;
    Ok(AdminSummary {
        id,
        role: affiliation.role(),
        status: state,
    })
}
