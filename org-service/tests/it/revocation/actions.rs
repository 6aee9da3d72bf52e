//! The revocations, and which of an admin's tokens each is about.

/// What ends sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Logout,
    RevokeSession,
    RevokeAllSessions,
    RevokeOtherSessions,
    ChangePassword,
    SetAdminPassword,
    SuspendOrganization,
    DeleteOrganization,
}

pub const ALL: &[Action] = &[
    Action::Logout,
    Action::RevokeSession,
    Action::RevokeAllSessions,
    Action::RevokeOtherSessions,
    Action::ChangePassword,
    Action::SetAdminPassword,
    Action::SuspendOrganization,
    Action::DeleteOrganization,
];

/// What becomes of a login that runs beside a revocation, with what was right when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// It is none of the revocation's business.
    Lives,
    /// It is shut out when it came first, and lives when it came after.
    Either,
    /// Whenever it came, it must not have got anything that lasts.
    Dies,
}

impl Action {
    pub const fn login_beside(self) -> Beside {
        match self {
            Self::Logout | Self::RevokeSession => Beside::Lives,
            Self::RevokeAllSessions | Self::RevokeOtherSessions => Beside::Either,
            Self::ChangePassword
            | Self::SetAdminPassword
            | Self::SuspendOrganization
            | Self::DeleteOrganization => Beside::Dies,
        }
    }

    /// Whether the session that asks goes on.
    pub const fn keeps_the_caller(self) -> bool {
        matches!(self, Self::RevokeOtherSessions | Self::ChangePassword)
    }

    /// Whether it is about one session, and not all.
    pub const fn ends_one(self) -> bool {
        matches!(self, Self::Logout | Self::RevokeSession)
    }
}
