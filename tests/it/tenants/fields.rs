//! What the fields of requests name.

use std::fmt;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// What a field's value is to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// An organization, by its id.
    Organization,
    /// An organization, by its handle.
    Handle,
    /// An admin, by the id.
    Admin,
    /// An admin, by the e-mail.
    Email,
    /// A session.
    Session,
    /// A collection.
    Collection,
    /// Where a list goes on.
    Page,
    /// What the caller wants to have, and what nobody else may have then.
    Claim,
    /// Whoever has it may use it: it is its own right.
    Credential,
    /// Nothing that could be anybody's.
    Nothing,
}

use Names::{Admin, Claim, Collection, Credential, Email, Handle, Nothing, Organization, Page, Session};

/// Every text in a request. Another tenant's value must not be told from nobody's in what names something; a claim may
/// be refused with what makes it impossible, and tells no more.
const FIELDS: [(&str, Names); 49] = [
    ("auth.v1.LoginRequest.email", Email),
    ("auth.v1.LoginRequest.password", Nothing),
    ("auth.v1.RefreshTokenRequest.refresh_token", Credential),
    ("auth.v1.ValidateTokenRequest.access_token", Credential),
    ("auth.v1.RevokeSessionRequest.session_id", Session),
    ("auth.v1.ChangePasswordRequest.current_password", Nothing),
    ("auth.v1.ChangePasswordRequest.new_password", Nothing),
    ("auth.v1.UpdateAdminRequest.current_password", Nothing),
    ("auth.v1.Admin.id", Admin),
    ("auth.v1.Admin.email", Claim),
    ("auth.v1.Admin.organization_id", Organization),
    ("auth.v1.SetAdminPasswordRequest.admin_id", Admin),
    ("auth.v1.SetAdminPasswordRequest.email", Email),
    ("auth.v1.SetAdminPasswordRequest.new_password", Nothing),
    ("auth.v1.ImportPasswordHashRequest.admin_id", Admin),
    ("auth.v1.ImportPasswordHashRequest.email", Email),
    ("auth.v1.ImportPasswordHashRequest.password_hash", Nothing),
    ("auth.v1.PrepareAdminRequest.admin_id", Admin),
    ("auth.v1.PrepareAdminRequest.organization_id", Organization),
    ("auth.v1.PrepareAdminRequest.email", Email),
    ("auth.v1.PrepareAdminRequest.password", Nothing),
    ("auth.v1.ActivateAdminRequest.admin_id", Admin),
    ("auth.v1.CancelAdminRequest.admin_id", Admin),
    ("auth.v1.CancelAdminRequest.organization_id", Organization),
    ("auth.v1.GetPreparedAdminRequest.admin_id", Admin),
    ("auth.v1.SetOrganizationGateRequest.organization_id", Organization),
    (
        "auth.v1.ListAdminStatesRequest.after_organization_id",
        Organization,
    ),
    (
        "auth.v1.ListAdminStatesRequest.until_organization_id",
        Organization,
    ),
    ("google.protobuf.FieldMask.paths", Nothing),
    ("organization.v1.Organization.id", Organization),
    ("organization.v1.Organization.name", Claim),
    ("organization.v1.Organization.handle", Claim),
    ("organization.v1.Organization.collection_name", Collection),
    ("organization.v1.Organization.admin_id", Admin),
    ("organization.v1.Organization.labels", Nothing),
    ("organization.v1.Organization.etag", Nothing),
    ("organization.v1.AdminCredentials.email", Claim),
    ("organization.v1.AdminCredentials.password", Nothing),
    ("organization.v1.CreateOrganizationRequest.name", Claim),
    ("organization.v1.CreateOrganizationRequest.handle", Claim),
    ("organization.v1.CreateOrganizationRequest.labels", Nothing),
    ("organization.v1.CreateOrganizationRequest.request_id", Claim),
    ("organization.v1.ListOrganizationsRequest.page_token", Page),
    ("organization.v1.UpdateOrganizationRequest.etag", Nothing),
    ("organization.v1.UndeleteOrganizationRequest.id", Organization),
    ("organization.v1.UndeleteOrganizationRequest.handle", Claim),
    ("organization.v1.ListFindingsRequest.page_token", Page),
    ("organization.v1.RepairOrganizationRequest.id", Organization),
    (
        "organization.v1.RepairOrganizationRequest.collection_name",
        Collection,
    ),
];

/// The requests that name an organization by `id` or `handle`, and may have an `etag`.
const BY_KEY: [&str; 5] = [
    "organization.v1.GetOrganizationRequest",
    "organization.v1.DeleteOrganizationRequest",
    "organization.v1.UndeleteOrganizationRequest",
    "organization.v1.SuspendOrganizationRequest",
    "organization.v1.ResumeOrganizationRequest",
];

/// What this field names.
///
/// # Panics
/// For a text that is not in the table.
pub fn names(field: &FieldDescriptor) -> Names {
    let name = field.full_name();
    if let Some((_, names)) = FIELDS.iter().find(|(listed, _)| *listed == name) {
        return *names;
    }
    let by_key = BY_KEY.contains(&field.parent_message().full_name());
    match field.name() {
        "id" if by_key => Organization,
        "handle" if by_key => Handle,
        "etag" if by_key => Nothing,
        _ => panic!(
            "{name} is new: say in tests/it/tenants/fields.rs what it names, and whose values are tried there"
        ),
    }
}

/// The way to a field, from the request inwards.
pub struct Path(pub Vec<FieldDescriptor>);

impl Path {
    /// The field itself.
    pub fn last(&self) -> &FieldDescriptor {
        self.0.last().unwrap()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(FieldDescriptor::name).collect();
        f.write_str(&names.join("."))
    }
}

/// The fields of a request that name something, at any depth.
pub fn named(request: &MessageDescriptor) -> Vec<(Path, Names)> {
    let texts = texts(request, &[]);
    let named = texts.into_iter().map(|path| (names(path.last()), path));
    let named = named.filter(|(names, _)| !matches!(names, Nothing | Credential));
    named.map(|(names, path)| (path, names)).collect()
}

/// Every field with text or bytes.
pub fn texts(message: &MessageDescriptor, before: &[FieldDescriptor]) -> Vec<Path> {
    assert!(before.len() < 5, "{} holds itself", message.full_name());
    let mut paths = Vec::new();
    for field in message.fields() {
        let path = [before, std::slice::from_ref(&field)].concat();
        match field.kind() {
            Kind::String | Kind::Bytes => paths.push(Path(path)),
            Kind::Message(_) if field.is_map() => paths.push(Path(path)),
            Kind::Message(inner) => paths.extend(texts(&inner, &path)),
            _ => {}
        }
    }
    paths
}

#[test]
fn the_table_of_fields_holds_what_there_is_and_nothing_else() {
    let methods = crate::requests::methods();
    let inputs = methods.iter().map(prost_reflect::MethodDescriptor::input);
    let there: Vec<_> = inputs.flat_map(|input| texts(&input, &[])).collect();
    for path in &there {
        names(path.last());
    }
    for (listed, _) in FIELDS {
        assert!(
            there.iter().any(|path| path.last().full_name() == listed),
            "{listed} is gone"
        );
    }
}
