//! Sessions: one login each, and the single truth about whether its tokens still count.

use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, SessionId},
};

use super::admin::Affiliation;

/// One login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names the session; the `sid` of its tokens.
    pub id: SessionId,
    /// Who logged in.
    pub admin_id: AdminId,
    /// Where the admin belongs.
    pub affiliation: Affiliation,
    /// The admin's e-mail.
    pub email: Email,
    /// When the admin logged in.
    pub create_time: Timestamp,
    /// When the session ends by itself, in whole seconds: the `exp` of its tokens.
    pub expire_time: Timestamp,
}

impl Session {
    /// Whether the session's time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expire_time
    }
}
