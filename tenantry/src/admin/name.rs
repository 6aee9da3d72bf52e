//! Which admin is meant.

use std::fmt;

use serde::Serialize;
use tenantry_proto::auth::v1::{import_password_hash_request, set_admin_password_request};

/// An admin's id or e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AdminName {
    /// The admin with this id.
    AdminId(String),
    /// The admin with this e-mail, in any spelling.
    Email(String),
}

impl AdminName {
    /// The one that is given; None when it is none or both.
    pub fn either(email: Option<String>, id: Option<String>) -> Option<Self> {
        match (email, id) {
            (Some(email), None) => Some(Self::Email(email)),
            (None, Some(id)) => Some(Self::AdminId(id)),
            _ => None,
        }
    }
}

impl From<AdminName> for set_admin_password_request::Admin {
    fn from(name: AdminName) -> Self {
        match name {
            AdminName::AdminId(id) => Self::AdminId(id),
            AdminName::Email(email) => Self::Email(email),
        }
    }
}

impl From<AdminName> for import_password_hash_request::Admin {
    fn from(name: AdminName) -> Self {
        match name {
            AdminName::AdminId(id) => Self::AdminId(id),
            AdminName::Email(email) => Self::Email(email),
        }
    }
}

impl fmt::Display for AdminName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::AdminId(name) | Self::Email(name)) = self;
        f.write_str(name)
    }
}
