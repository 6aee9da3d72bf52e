//! What is known of an organization here, without personal data: its gate and its admins.

use serde::{Deserialize, Serialize};
use tenantry_common::id::{AdminId, OrganizationId};

use super::{
    admin::{AdminState, Role},
    gate::Gate,
};

/// An organization's gate and admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationAdmins {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Its gate; none when it never had one.
    pub gate: Option<Gate>,
    /// Its admins, whatever their state.
    pub admins: Vec<AdminSummary>,
}

impl OrganizationAdmins {
    /// An organization of which nothing is known yet.
    pub const fn unknown(organization_id: OrganizationId) -> Self {
        Self {
            organization_id,
            gate: None,
            admins: Vec::new(),
        }
    }
}

/// An admin of an organization without what the admin logs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminSummary {
    /// The admin's id.
    pub id: AdminId,
    /// What the admin may do.
    pub role: Role,
    /// What the admin is at present.
    pub status: AdminStatus,
}

/// An [`AdminState`] without the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AdminStatus {
    /// May not log in yet.
    Pending,
    /// May log in while the organization's gate is open.
    Active,
    /// Cancelled with the organization's creation; final.
    Cancelled,
    /// Purged with the organization; final.
    Purged,
}

impl From<&AdminState> for AdminStatus {
    fn from(state: &AdminState) -> Self {
        match state {
            AdminState::Pending(_) => Self::Pending,
            AdminState::Active(_) => Self::Active,
            AdminState::Cancelled => Self::Cancelled,
            AdminState::Purged => Self::Purged,
        }
    }
}
