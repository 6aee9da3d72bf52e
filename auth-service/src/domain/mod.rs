//! What auth-service is about: admins, gates, sessions, passwords and access tokens. No transport, no store, no I/O.

mod admin;
mod gate;
mod organization_admins;
mod password;
mod session;
mod token;

pub use admin::{Admin, AdminState, Affiliation, Credentials, ImpossibleAffiliation, Role};
pub use gate::{Gate, GateState};
pub use organization_admins::{AdminStatus, AdminSummary, OrganizationAdmins};
pub use password::{Cost, InvalidCost, PasswordHash, PasswordScheme, UnusableHash};
pub use session::Session;
pub use token::{AccessTokens, PublicKey, TokenRejected, UnusableKey, VerifiedToken};
