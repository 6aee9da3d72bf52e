//! What auth-service knows of organizations: the answer to `ListAdminStates`, believed only where it makes sense.

use tenantry_common::id::{AdminId, OrganizationId};
use tenantry_proto::auth::v1::{
    AdminState, AdminSummary as WireAdmin, GateState as WireGate, ListAdminStatesResponse,
    OrganizationAdmins as WireOrganization, OrganizationGate, Role,
};

use crate::lifecycle::{AdminSeen, GateState};

/// An organization as auth-service knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationAdmins {
    /// Which.
    pub organization: OrganizationId,
    /// Its gate; none when it never had one.
    pub gate: Option<Gate>,
    /// Its admins, whatever their state.
    pub admins: Vec<AdminSummary>,
}

/// An organization's gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What it is.
    pub state: GateState,
    /// The organization's epoch of the newest call that moved it.
    pub epoch: i64,
}

/// An admin without personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminSummary {
    /// Which.
    pub admin: AdminId,
    /// Whether the admin owns the organization.
    pub is_owner: bool,
    /// What the admin is.
    pub state: AdminSeen,
}

/// A page of organizations as auth-service knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPage {
    /// In ascending order of their ids, none twice.
    pub organizations: Vec<OrganizationAdmins>,
    /// After which the next page goes on; none on the last.
    pub next: Option<OrganizationId>,
}

/// Which organizations a page is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Only greater ids.
    pub(super) after: Option<OrganizationId>,
    /// No greater ids.
    pub(super) until: Option<OrganizationId>,
}

impl KnownPage {
    /// The page in an answer; none when it is not one for this range, or does not lead on.
    pub(super) fn read(reply: ListAdminStatesResponse, range: Range) -> Option<Self> {
        let organizations: Vec<OrganizationAdmins> = reply
            .organizations
            .into_iter()
            .map(organization)
            .collect::<Option<_>>()?;
        let next = match reply.next_after_organization_id.as_str() {
            "" => None,
            next => Some(next.parse().ok()?),
        };
        let ids: Vec<OrganizationId> = organizations.iter().map(|known| known.organization).collect();
        let bounds = |id: &OrganizationId| {
            range.after.is_none_or(|after| *id > after) && range.until.is_none_or(|until| *id <= until)
        };
        let leads_on = next.is_none_or(|next| ids.last().is_none_or(|last| next >= *last));
        let sound =
            ids.is_sorted_by(|one, next| one < next) && ids.iter().chain(&next).all(bounds) && leads_on;
        sound.then_some(Self { organizations, next })
    }
}

fn organization(known: WireOrganization) -> Option<OrganizationAdmins> {
    Some(OrganizationAdmins {
        organization: known.organization_id.parse().ok()?,
        gate: match known.gate {
            None => None,
            Some(gate) => Some(read_gate(gate)?),
        },
        admins: known.admins.into_iter().map(admin).collect::<Option<_>>()?,
    })
}

fn read_gate(gate: OrganizationGate) -> Option<Gate> {
    let state = match WireGate::try_from(gate.state).ok()? {
        WireGate::Open => GateState::Open,
        WireGate::Suspended => GateState::Suspended,
        WireGate::Purged => GateState::Purged,
        WireGate::Unspecified => return None,
    };
    Some(Gate {
        state,
        epoch: gate.epoch,
    })
}

fn admin(admin: WireAdmin) -> Option<AdminSummary> {
    let role = Role::try_from(admin.role).ok()?;
    Some(AdminSummary {
        admin: admin.admin_id.parse().ok()?,
        is_owner: match role {
            Role::Owner => true,
            Role::Admin | Role::Viewer => false,
            // Operators are of no organization.
            Role::Operator | Role::Unspecified => return None,
        },
        state: admin_seen(admin.state)?,
    })
}

/// What an admin's state is to an operation; none for one that is not known.
pub(super) fn admin_seen(state: i32) -> Option<AdminSeen> {
    match AdminState::try_from(state).ok()? {
        AdminState::Absent => Some(AdminSeen::Absent),
        AdminState::Pending => Some(AdminSeen::Pending),
        AdminState::Active => Some(AdminSeen::Active),
        AdminState::Cancelled | AdminState::Purged => Some(AdminSeen::Cancelled),
        AdminState::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(number))
    }

    fn reply(ids: &[u128], next: Option<u128>) -> ListAdminStatesResponse {
        let organization = |number: &u128| WireOrganization {
            organization_id: id(*number).to_string(),
            gate: Some(OrganizationGate {
                epoch: 3,
                state: WireGate::Open.into(),
            }),
            admins: vec![WireAdmin {
                admin_id: id(900).to_string(),
                role: Role::Owner.into(),
                state: AdminState::Active.into(),
            }],
        };
        ListAdminStatesResponse {
            organizations: ids.iter().map(organization).collect(),
            next_after_organization_id: next.map(|next| id(next).to_string()).unwrap_or_default(),
        }
    }

    fn read(reply: ListAdminStatesResponse) -> Option<KnownPage> {
        let range = Range {
            after: Some(id(1)),
            until: Some(id(9)),
        };
        KnownPage::read(reply, range)
    }

    #[test]
    fn a_page_is_read_whole() {
        let page = read(reply(&[2, 9], Some(9))).unwrap();
        assert_eq!(page.next, Some(id(9)));
        let [first, _] = page.organizations.as_slice() else {
            panic!("{page:?}");
        };
        let gate = Gate {
            state: GateState::Open,
            epoch: 3,
        };
        assert_eq!((first.organization, first.gate), (id(2), Some(gate)));
        assert!(first.admins[0].is_owner && first.admins[0].state == AdminSeen::Active);
        assert_eq!(read(reply(&[], None)).unwrap().next, None);
    }

    #[test]
    fn a_page_that_makes_no_sense_is_no_page() {
        for (ids, next) in [
            (&[1][..], None),
            (&[10], None),
            (&[3, 2], None),
            (&[2, 2], None),
            (&[4], Some(3)),
            (&[], Some(1)),
            (&[], Some(10)),
        ] {
            assert_eq!(read(reply(ids, next)), None, "{ids:?} {next:?}");
        }
        for change in [
            |known: &mut WireOrganization| known.organization_id.clear(),
            |known: &mut WireOrganization| known.gate = Some(OrganizationGate::default()),
            |known: &mut WireOrganization| known.admins[0].admin_id.clear(),
            |known: &mut WireOrganization| known.admins[0].role = Role::Operator.into(),
            |known: &mut WireOrganization| known.admins[0].state = 99,
        ] {
            let mut reply = reply(&[2], None);
            change(&mut reply.organizations[0]);
            assert_eq!(read(reply.clone()), None, "{reply:?}");
        }
    }
}
