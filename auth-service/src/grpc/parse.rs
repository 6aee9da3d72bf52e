//! AuthService's requests, each field checked and named when it is wrong.

use tenantry_common::{
    email::Email,
    id::{AdminId, SessionId},
    password_rules::{Context, Password, PasswordRules},
    rpc::{
        fields::{Fields, one_field, rejected},
        status::Failure,
    },
};
use tenantry_proto::auth::v1::{
    ChangePasswordRequest, ImportPasswordHashRequest, RevokeSessionRequest, SetAdminPasswordRequest,
    UpdateAdminRequest, import_password_hash_request, set_admin_password_request,
};

use crate::{
    domain::{Admin, ImportedHash, PasswordHash},
    replace_password::AdminName,
};

/// The fields of an Admin that an update may name: `email` is changed, the others are output only.
const OUTPUT_ONLY: [&str; 6] = [
    "id",
    "organization_id",
    "role",
    "state",
    "create_time",
    "update_time",
];

/// OK when none of these fields is empty.
pub fn not_empty(fields: &[(&str, &str)]) -> Result<(), Failure> {
    let mut bad = Fields::new();
    for (path, text) in fields {
        if text.is_empty() {
            bad.reject(path, "must not be empty");
        }
    }
    bad.finish()
}

/// The session to revoke.
pub fn session_id(request: &RevokeSessionRequest) -> Result<SessionId, Failure> {
    one_field("session_id", request.session_id.parse())
}

/// A password to change. The current one is None where nobody can have it.
pub struct PasswordChange {
    pub current: Option<Password>,
    pub new: Password,
}

/// The passwords of ChangePassword.
pub fn change_password(
    request: &ChangePasswordRequest,
    rules: &PasswordRules,
    email: &Email,
) -> Result<PasswordChange, Failure> {
    let mut fields = Fields::new();
    if request.current_password.is_empty() {
        fields.reject("current_password", "must not be empty");
    }
    let new = fields.check(
        "new_password",
        rules.check(&request.new_password, &Context::of_email(Some(email))),
    );
    fields.finish()?;
    Ok(PasswordChange {
        current: Password::typed(&request.current_password).ok(),
        new: new.ok_or_else(|| Fields::new().into_failure())?,
    })
}

/// An e-mail to change.
pub struct EmailChange {
    pub id: Option<AdminId>,
    pub email: Email,
    pub current: Option<Password>,
}

/// The fields of UpdateAdmin.
pub fn update_admin(request: &UpdateAdminRequest) -> Result<EmailChange, Failure> {
    let mut fields = Fields::new();
    let admin = request.admin.clone().unwrap_or_default();
    if request.current_password.is_empty() {
        fields.reject("current_password", "must not be empty");
    }
    let id = match admin.id.as_str() {
        "" => None,
        id => fields.check("admin.id", id.parse()),
    };
    if let Some(mask) = &request.update_mask {
        check_mask(&mask.paths, &mut fields);
    }
    let email = fields.check("admin.email", Email::parse(&admin.email));
    fields.finish()?;
    Ok(EmailChange {
        id,
        email: email.ok_or_else(|| Fields::new().into_failure())?,
        current: Password::typed(&request.current_password).ok(),
    })
}

fn check_mask(paths: &[String], fields: &mut Fields) {
    for path in paths {
        let known = path == "*" || path == "email" || OUTPUT_ONLY.contains(&path.as_str());
        if !known {
            fields.reject("update_mask", format!("{path:?} is no field of an admin"));
        }
    }
    let names_email = paths.is_empty() || paths.iter().any(|path| path == "*" || path == "email");
    if !names_email {
        fields.reject("update_mask", "must name email, which is all that can be changed");
    }
}

/// Whose password SetAdminPassword sets.
pub fn admin_to_set(request: &SetAdminPasswordRequest) -> Result<AdminName, Failure> {
    match &request.admin {
        Some(set_admin_password_request::Admin::AdminId(id)) => by_id(id),
        Some(set_admin_password_request::Admin::Email(email)) => by_email(email),
        None => Err(nobody()),
    }
}

/// The password that SetAdminPassword sets for this admin.
pub fn new_password(
    request: &SetAdminPasswordRequest,
    rules: &PasswordRules,
    admin: &Admin,
) -> Result<Password, Failure> {
    let email = admin.credentials().map(|credentials| &credentials.email);
    let context = Context::of_email(email);
    one_field("new_password", rules.check(&request.new_password, &context))
}

/// Whose password ImportPasswordHash takes over, and its hash.
pub fn import(request: &ImportPasswordHashRequest) -> Result<(AdminName, PasswordHash), Failure> {
    let name = match &request.admin {
        Some(import_password_hash_request::Admin::AdminId(id)) => by_id(id),
        Some(import_password_hash_request::Admin::Email(email)) => by_email(email),
        None => Err(nobody()),
    };
    let hash = one_field("password_hash", ImportedHash::parse(&request.password_hash));
    match (name, hash) {
        (Ok(name), Ok(hash)) => Ok((name, hash)),
        (Err(bad), _) | (_, Err(bad)) => Err(bad),
    }
}

fn by_id(id: &str) -> Result<AdminName, Failure> {
    one_field("admin_id", id.parse()).map(AdminName::Id)
}

fn by_email(email: &str) -> Result<AdminName, Failure> {
    one_field("email", Email::parse(email)).map(AdminName::Email)
}

fn nobody() -> Failure {
    rejected("admin", "admin_id or email must be set")
}
