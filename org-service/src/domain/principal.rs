//! Who calls, and what they may know and do.

use tenantry_common::id::{AdminId, OrganizationId, SessionId};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything within the own organization.
    Owner,
    /// Administers the own organization, but does not rename or delete it.
    Admin,
    /// Reads the own organization.
    Viewer,
    /// Runs the platform.
    Operator,
}

/// Whom a validated token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The admin.
    pub admin: AdminId,
    /// The admin's organization; none for an operator.
    pub organization: Option<OrganizationId>,
    /// What the admin may do.
    pub role: Role,
    /// The session that the token belongs to.
    pub session: SessionId,
}

/// What a caller may do with an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Not even know of it.
    None,
    /// Read it.
    Read,
    /// Read and change it.
    Write,
}

impl Principal {
    /// Whether the caller runs the platform.
    pub fn is_operator(&self) -> bool {
        self.role == Role::Operator
    }

    /// What the caller may do with this organization, whether or not it exists.
    pub fn access_to(&self, organization: OrganizationId) -> Access {
        match self.role {
            Role::Operator => Access::Write,
            _ if self.organization != Some(organization) => Access::None,
            Role::Owner => Access::Write,
            Role::Admin | Role::Viewer => Access::Read,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_admin_reaches_the_own_organization_alone() {
        let (own, other) = (
            OrganizationId::from_uuid(Uuid::from_u128(1)),
            OrganizationId::from_uuid(Uuid::from_u128(2)),
        );
        let principal = |role, organization| Principal {
            admin: AdminId::from_uuid(Uuid::from_u128(3)),
            organization,
            role,
            session: SessionId::from_uuid(Uuid::from_u128(4)),
        };
        for (role, access) in [
            (Role::Owner, Access::Write),
            (Role::Admin, Access::Read),
            (Role::Viewer, Access::Read),
        ] {
            assert_eq!(principal(role, Some(own)).access_to(own), access);
            assert_eq!(principal(role, Some(own)).access_to(other), Access::None);
            assert_eq!(principal(role, None).access_to(own), Access::None);
        }
        assert_eq!(principal(Role::Operator, None).access_to(other), Access::Write);
    }
}
