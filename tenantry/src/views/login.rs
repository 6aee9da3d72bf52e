//! Logins and who is behind them.

use serde::Serialize;
use tenantry_proto::auth::v1::{Admin, AdminState, Role};

use super::{EnumName, fields, time};
use crate::output::Answer;

/// An admin or operator.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminView {
    id: String,
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    organization_id: String,
    role: EnumName,
    state: EnumName,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_time: Option<String>,
}

impl From<Admin> for AdminView {
    fn from(admin: Admin) -> Self {
        Self {
            id: admin.id,
            email: admin.email,
            organization_id: admin.organization_id,
            role: EnumName::of(admin.role, Role::as_str_name),
            state: EnumName::of(admin.state, AdminState::as_str_name),
            create_time: time(admin.create_time),
            update_time: time(admin.update_time),
        }
    }
}

impl Answer for AdminView {
    const HAS_HEADING: bool = false;

    fn rows(&self) -> Vec<Vec<String>> {
        fields([
            ("id", Some(self.id.clone())),
            ("e-mail", Some(self.email.clone())),
            ("organization", Some(self.organization_id.clone())),
            ("role", Some(self.role.short("ROLE_"))),
            ("state", Some(self.state.short("ADMIN_STATE_"))),
            ("created", self.create_time.clone()),
            ("updated", self.update_time.clone()),
        ])
    }
}

/// Who is logged in, where, and until when.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginView {
    /// Who.
    pub admin: AdminView,
    /// Until when the access token is good, in RFC 3339.
    pub expire_time: String,
    /// Until when the login can be refreshed, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_expire_time: Option<String>,
    /// The auth-service that issued it.
    pub auth_url: String,
    /// The org-service that it is used with.
    pub org_url: String,
}

impl Answer for LoginView {
    const HAS_HEADING: bool = false;

    fn rows(&self) -> Vec<Vec<String>> {
        // Each refresh extends it, up to the end of the session.
        let until = self.refresh_expire_time.as_ref().unwrap_or(&self.expire_time);
        fields([
            ("e-mail", Some(self.admin.email.clone())),
            ("role", Some(self.admin.role.short("ROLE_"))),
            ("organization", Some(self.admin.organization_id.clone())),
            ("admin", Some(self.admin.id.clone())),
            ("logged in until", Some(until.clone())),
            ("auth-service", Some(self.auth_url.clone())),
            ("org-service", Some(self.org_url.clone())),
        ])
    }
}
