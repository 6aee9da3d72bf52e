//! What auth-service is about: admins, gates, sessions, passwords, tokens and their keys. No transport, no store, no I/O.

mod admin;
mod gate;
mod organization_admins;
mod password;
mod refresh_token;
mod session;
mod stored_key;
mod token;

pub use admin::{Admin, AdminChange, AdminState, Affiliation, Credentials, ImpossibleAffiliation, Role};
pub use gate::{Gate, GateState};
pub use organization_admins::{AdminStatus, AdminSummary, OrganizationAdmins};
pub use password::{
    Cost, Decoy, ImportedHash, InvalidCost, PasswordHash, PasswordScheme, Pepper, Peppers, UnusableHash,
    Verdict,
};
pub use refresh_token::{ForgedRefreshToken, RefreshTokens, VerifiedRefreshToken};
pub use session::{ClientInfo, Refresh, Rotation, Session, SessionLifetimes};
pub use stored_key::StoredKey;
pub use token::{AccessTokens, PublicKey, TokenRejected, UnusableKey, VerifiedToken};
