//! Admins: who may log in, for which organization, with which role.

use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId},
};

use super::password::PasswordHash;

/// What an admin may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Everything within the own organization, including renaming and deleting it.
    Owner,
    /// Administers the own organization.
    Admin,
    /// Reads the own organization.
    Viewer,
    /// Runs the platform.
    Operator,
}

/// Where an admin belongs: to one organization with a role in it, or to the platform as an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawAffiliation", into = "RawAffiliation")]
pub struct Affiliation {
    organization_id: Option<OrganizationId>,
    role: Role,
}

/// An operator has no organization, and nobody else is without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role:?} does not go with organization {organization_id:?}")]
pub struct ImpossibleAffiliation {
    organization_id: Option<OrganizationId>,
    role: Role,
}

impl Affiliation {
    /// An operator of the platform.
    pub const OPERATOR: Self = Self {
        organization_id: None,
        role: Role::Operator,
    };

    /// The owner of an organization.
    pub const fn owner_of(organization_id: OrganizationId) -> Self {
        Self {
            organization_id: Some(organization_id),
            role: Role::Owner,
        }
    }

    /// This role in this organization.
    ///
    /// # Errors
    /// [`ImpossibleAffiliation`] for an operator with an organization and for any other role without one.
    pub fn new(organization_id: Option<OrganizationId>, role: Role) -> Result<Self, ImpossibleAffiliation> {
        if organization_id.is_none() == (role == Role::Operator) {
            Ok(Self {
                organization_id,
                role,
            })
        } else {
            Err(ImpossibleAffiliation {
                organization_id,
                role,
            })
        }
    }

    /// The organization; none for an operator.
    pub const fn organization_id(&self) -> Option<OrganizationId> {
        self.organization_id
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }
}

#[derive(Serialize, Deserialize)]
struct RawAffiliation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    role: Role,
}

impl TryFrom<RawAffiliation> for Affiliation {
    type Error = ImpossibleAffiliation;

    fn try_from(raw: RawAffiliation) -> Result<Self, ImpossibleAffiliation> {
        Self::new(raw.organization_id, raw.role)
    }
}

impl From<Affiliation> for RawAffiliation {
    fn from(affiliation: Affiliation) -> Self {
        Self {
            organization_id: affiliation.organization_id,
            role: affiliation.role,
        }
    }
}

/// What a person logs in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Unique among all admins that have credentials.
    pub email: Email,
    /// The stored form of the password.
    pub password_hash: PasswordHash,
}

/// What may be changed of an ACTIVE admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminChange {
    /// Another password.
    Password(PasswordHash),
    /// The same password, stored in another way. Nobody has to log in anew for that: the generation stays.
    Rehash(PasswordHash),
    /// Another e-mail.
    Email(Email),
    /// Nothing but the generation, so that no login under way keeps its session.
    Generation,
}

/// What an admin is at present. Whoever is out for good has no credentials any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "UPPERCASE")]
pub enum AdminState {
    /// Prepared by an organization's creation that is under way; may not log in.
    Pending(Credentials),
    /// May log in while the organization's gate is open.
    Active(Credentials),
    /// Cancelled with the organization's creation; final.
    Cancelled,
    /// Purged with the organization; final.
    Purged,
}

/// A person who administers an organization, or an operator of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admin {
    /// Never changes; chosen by whoever prepares the admin.
    pub id: AdminId,
    /// Where the admin belongs.
    pub affiliation: Affiliation,
    /// Whether the admin may log in, and with what.
    #[serde(flatten)]
    pub state: AdminState,
    /// Raised by every change that ends sessions, before they are deleted: a login that read an older one has lost.
    pub generation: i64,
    /// When the admin was prepared.
    pub create_time: Timestamp,
    /// When the admin was last changed.
    pub update_time: Timestamp,
}

impl Admin {
    /// An admin of the first generation.
    pub const fn new(id: AdminId, affiliation: Affiliation, state: AdminState, now: Timestamp) -> Self {
        Self {
            id,
            affiliation,
            state,
            generation: 1,
            create_time: now,
            update_time: now,
        }
    }

    /// E-mail and password hash, while the admin has any.
    pub const fn credentials(&self) -> Option<&Credentials> {
        match &self.state {
            AdminState::Pending(credentials) | AdminState::Active(credentials) => Some(credentials),
            AdminState::Cancelled | AdminState::Purged => None,
        }
    }

    /// Whether the admin has this e-mail.
    pub fn has_email(&self, email: &Email) -> bool {
        self.credentials()
            .is_some_and(|credentials| credentials.email == *email)
    }

    /// Whether the admin's own state lets it log in; an organization's gate may still be shut.
    pub const fn is_active(&self) -> bool {
        matches!(self.state, AdminState::Active(_))
    }

    /// PENDING becomes ACTIVE in a new generation; ACTIVE stays as it is.
    ///
    /// None when the state does not allow it.
    #[must_use]
    pub fn activated(self, now: Timestamp) -> Option<Self> {
        match self.state {
            AdminState::Pending(credentials) => {
                let state = AdminState::Active(credentials);
                Some(Self {
                    state,
                    generation: self.generation + 1,
                    update_time: now,
                    ..self
                })
            }
            AdminState::Active(_) => Some(self),
            AdminState::Cancelled | AdminState::Purged => None,
        }
    }

    /// PENDING becomes CANCELLED in a new generation and loses its credentials; CANCELLED stays as it is.
    ///
    /// None when the state does not allow it.
    #[must_use]
    pub fn cancelled(self, now: Timestamp) -> Option<Self> {
        match self.state {
            AdminState::Pending(_) => Some(self.without_credentials(AdminState::Cancelled, now)),
            AdminState::Cancelled => Some(self),
            AdminState::Active(_) | AdminState::Purged => None,
        }
    }

    /// An ACTIVE admin changed, in a new generation unless nothing but the hash's form changes.
    ///
    /// None when the state does not allow it.
    #[must_use]
    pub fn changed(self, change: &AdminChange, now: Timestamp) -> Option<Self> {
        let AdminState::Active(mut credentials) = self.state else {
            return None;
        };
        let raise = match change {
            AdminChange::Password(hash) => {
                credentials.password_hash = hash.clone();
                1
            }
            AdminChange::Rehash(hash) => {
                credentials.password_hash = hash.clone();
                0
            }
            AdminChange::Email(email) => {
                credentials.email = email.clone();
                1
            }
            AdminChange::Generation => 1,
        };
        Some(Self {
            state: AdminState::Active(credentials),
            generation: self.generation + raise,
            update_time: now,
            ..self
        })
    }

    /// Whoever has credentials becomes PURGED in a new generation and loses them; a final state stays as it is.
    #[must_use]
    pub fn purged(self, now: Timestamp) -> Self {
        match self.state {
            AdminState::Pending(_) | AdminState::Active(_) => {
                self.without_credentials(AdminState::Purged, now)
            }
            AdminState::Cancelled | AdminState::Purged => self,
        }
    }

    fn without_credentials(self, state: AdminState, now: Timestamp) -> Self {
        Self {
            state,
            generation: self.generation + 1,
            update_time: now,
            ..self
        }
    }
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
