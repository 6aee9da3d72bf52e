//! Gates and admins, read one after the other, put together to organizations.

use std::collections::BTreeMap;

use tenantry_common::id::OrganizationId;

use crate::domain::{AdminSummary, Gate, OrganizationAdmins};

/// The first organizations, by their ids, of all that were added; it keeps no more than it was asked for.
///
/// Whoever adds in the order of the organizations may stop at the first one that has no room: no later one has any,
/// and each that is kept is whole.
pub struct Listing {
    limit: usize,
    organizations: BTreeMap<OrganizationId, OrganizationAdmins>,
}

impl Listing {
    /// Room for this many organizations.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            organizations: BTreeMap::new(),
        }
    }

    /// Whether this organization is there, or would displace another one or none.
    pub fn has_room_for(&self, id: OrganizationId) -> bool {
        self.organizations.len() < self.limit
            || self
                .organizations
                .last_key_value()
                .is_some_and(|(last, _)| id <= *last)
    }

    /// Adds a gate; false when there is no room for its organization.
    pub fn add_gate(&mut self, gate: Gate) -> bool {
        self.add(gate.organization_id, |organization| {
            organization.gate = Some(gate)
        })
    }

    /// Adds an admin; false when there is no room for its organization.
    pub fn add_admin(&mut self, id: OrganizationId, admin: AdminSummary) -> bool {
        self.add(id, |organization| organization.admins.push(admin))
    }

    fn add(&mut self, id: OrganizationId, change: impl FnOnce(&mut OrganizationAdmins)) -> bool {
        if !self.has_room_for(id) {
            return false;
        }
        let organization = self
            .organizations
            .entry(id)
            .or_insert_with(|| OrganizationAdmins::unknown(id));
        change(organization);
        if self.organizations.len() > self.limit {
            self.organizations.pop_last();
        }
        true
    }

    /// The organizations in the order of their ids, each with its admins in the order of theirs.
    pub fn into_organizations(self) -> Vec<OrganizationAdmins> {
        let mut organizations: Vec<_> = self.organizations.into_values().collect();
        for organization in &mut organizations {
            organization.admins.sort_by_key(|admin| admin.id);
        }
        organizations
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::id::AdminId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AdminStatus, GateState, Role};

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(number))
    }

    fn gate(number: u128) -> Gate {
        Gate::moved(None, organization(number), GateState::Open, 1).unwrap()
    }

    fn admin(number: u128) -> AdminSummary {
        AdminSummary {
            id: AdminId::from_uuid(Uuid::from_u128(number)),
            role: Role::Owner,
            status: AdminStatus::Active,
        }
    }

    /// Which organizations are listed, whether with a gate, with which admins.
    fn told(listing: Listing) -> Vec<(u128, bool, Vec<u128>)> {
        let organizations = listing.into_organizations().into_iter();
        organizations
            .map(|organization| {
                let admins = organization
                    .admins
                    .iter()
                    .map(|admin| admin.id.as_uuid().as_u128());
                let id = organization.organization_id.as_uuid().as_u128();
                (id, organization.gate.is_some(), admins.collect())
            })
            .collect()
    }

    #[test]
    fn gates_and_admins_meet_in_their_organizations() {
        let mut listing = Listing::new(9);
        assert!(listing.add_gate(gate(2)));
        assert!(listing.add_gate(gate(3)));
        for (organization_number, admin_number) in [(1, 7), (2, 6), (2, 5)] {
            assert!(listing.add_admin(organization(organization_number), admin(admin_number)));
        }
        assert_eq!(
            told(listing),
            [(1, false, vec![7]), (2, true, vec![5, 6]), (3, true, vec![])]
        );
    }

    #[test]
    fn an_earlier_organization_displaces_the_last_one() {
        let mut listing = Listing::new(2);
        assert!(listing.add_gate(gate(4)) && listing.add_gate(gate(6)));
        assert!(!listing.add_gate(gate(8)));
        assert!(listing.add_admin(organization(1), admin(1)));
        assert!(!listing.has_room_for(organization(6)) && !listing.add_admin(organization(6), admin(2)));
        assert!(listing.add_admin(organization(4), admin(3)));
        assert_eq!(told(listing), [(1, false, vec![1]), (4, true, vec![3])]);
    }

    #[test]
    fn nothing_has_room_in_no_room() {
        let mut listing = Listing::new(0);
        assert!(!listing.add_gate(gate(1)) && !listing.add_admin(organization(1), admin(1)));
        assert_eq!(told(listing), []);
    }
}
