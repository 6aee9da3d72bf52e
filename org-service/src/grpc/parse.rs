//! Messages to domain; every bad field is named.

use std::collections::HashMap;

use prost_types::FieldMask;
use tenantry_common::{
    email::Email,
    id::{OrganizationId, parse_uuid},
    password_rules::{Context, PasswordRules},
    rpc::{
        fields::{self, Fields, one_field},
        status::Failure,
    },
};
use tenantry_proto::organization::v1::{
    CreateOrganizationRequest, Organization as Message, UndeleteOrganizationRequest,
    UpdateOrganizationRequest, delete_organization_request, get_organization_request,
    resume_organization_request, suspend_organization_request,
};

use crate::{
    admins::FirstAdmin,
    create::Create,
    domain::{Handle, InvalidHandle, Labels, OrganizationName},
    read::Key,
    update::{Changes, NewHandle},
};

/// Page sizes (AIP-158): the default, and the most that is answered.
const DEFAULT_PAGE_SIZE: usize = 50;
const MAX_PAGE_SIZE: usize = 500;

pub(super) fn create(request: CreateOrganizationRequest, rules: &PasswordRules) -> Result<Create, Failure> {
    let mut fields = Fields::new();
    let name = fields.check("name", OrganizationName::parse(&request.name));
    let handle = match (request.handle.as_str(), &name) {
        ("", Some(name)) => fields
            .check("handle", Handle::fold(name.as_str()).map_err(no_handle))
            .map(|h| (h, false)),
        ("", None) => None,
        (given, _) => fields
            .check("handle", Handle::parse(given))
            .map(|handle| (handle, true)),
    };
    let admin = request.admin.unwrap_or_default();
    let email = fields.check("admin.email", Email::parse(&admin.email));
    let context = Context {
        email: email.as_ref(),
        organization: name.as_ref().map(OrganizationName::as_str),
        handle: handle.as_ref().map(|(handle, _)| handle.as_str()),
    };
    let password = fields.check("admin.password", rules.check(&admin.password, &context));
    let labels = labels(&mut fields, "labels", request.labels);
    let request_id = match request.request_id.as_str() {
        "" => Some(None),
        given => fields.check("request_id", parse_uuid(given)).map(Some),
    };
    match (name, handle, email, password, labels, request_id) {
        (Some(name), Some(handle), Some(email), Some(password), Some(labels), Some(request_id)) => {
            Ok(Create {
                name,
                handle,
                first_admin: FirstAdmin { email, password },
                labels,
                request_id,
            })
        }
        _ => Err(fields.into_failure()),
    }
}

/// The text for a name that gives no handle.
pub(super) fn no_handle(error: InvalidHandle) -> String {
    format!("the name gives no handle ({error}): give one")
}

fn labels(fields: &mut Fields, path: &str, labels: HashMap<String, String>) -> Option<Labels> {
    fields.check(path, Labels::parse(labels))
}

pub(super) fn get(key: Option<get_organization_request::Organization>) -> Result<Key, Failure> {
    use get_organization_request::Organization::{Handle as ByHandle, Id};
    let mut fields = Fields::new();
    let key = match key {
        Some(Id(id)) => fields.check("id", id.parse().map(Key::Id)),
        Some(ByHandle(handle)) => fields.check("handle", Handle::fold(&handle).map(Key::Handle)),
        None => missing_key(&mut fields),
    };
    key.ok_or_else(|| fields.into_failure())
}

/// Writes want the exact handle. Every request has an enum of its own for the same two ways to name an organization.
macro_rules! exact_key {
    ($($function:ident: $request:ident),+) => {$(
        pub(super) fn $function(
            key: Option<$request::Organization>,
            etag: &str,
        ) -> Result<(Key, Option<i64>), Failure> {
            let mut fields = Fields::new();
            let key = match key {
                Some($request::Organization::Id(id)) => fields.check("id", id.parse().map(Key::Id)),
                Some($request::Organization::Handle(handle)) => {
                    fields.check("handle", Handle::parse(&handle).map(Key::Handle))
                }
                None => missing_key(&mut fields),
            };
            let etag = epoch(&mut fields, etag);
            key.zip(etag).ok_or_else(|| fields.into_failure())
        }
    )+};
}

exact_key! {
    delete: delete_organization_request,
    suspend: suspend_organization_request,
    resume: resume_organization_request
}

/// What an undelete names: the organization, its new handle if one is given, and the etag.
pub(super) fn undelete(
    request: &UndeleteOrganizationRequest,
) -> Result<(OrganizationId, Option<Handle>, Option<i64>), Failure> {
    let mut fields = Fields::new();
    let id = fields.check("id", request.id.parse());
    let handle = match request.handle.as_str() {
        "" => Some(None),
        given => fields.check("handle", Handle::parse(given)).map(Some),
    };
    match (id, handle, epoch(&mut fields, &request.etag)) {
        (Some(id), Some(handle), Some(etag)) => Ok((id, handle, etag)),
        _ => Err(fields.into_failure()),
    }
}

fn missing_key(fields: &mut Fields) -> Option<Key> {
    fields.reject("organization", "give an id or a handle");
    None
}

/// The epoch in an etag; none in it for an empty one.
fn epoch(fields: &mut Fields, etag: &str) -> Option<Option<i64>> {
    if etag.is_empty() {
        return Some(None);
    }
    let epoch = etag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|text| text.parse().ok());
    let epoch = epoch.ok_or("must be an etag as an organization carries it, quotes included");
    fields.check("etag", epoch).map(Some)
}

/// What an update names, what it changes, and the etag.
pub(super) fn update(
    request: UpdateOrganizationRequest,
) -> Result<(OrganizationId, Changes, Option<i64>), Failure> {
    let mut fields = Fields::new();
    let given = request.organization.unwrap_or_default();
    let id = fields.check("organization.id", given.id.parse());
    let mask = Mask::of(request.update_mask, &given, &mut fields);
    let changes = Changes {
        name: mask
            .name
            .then(|| fields.check("organization.name", OrganizationName::parse(&given.name)))
            .flatten(),
        handle: mask
            .handle
            .then(|| new_handle(&given.handle, &mut fields))
            .flatten(),
        labels: mask
            .labels
            .then(|| labels(&mut fields, "organization.labels", given.labels))
            .flatten(),
    };
    let etag = epoch(&mut fields, &request.etag);
    match id.zip(etag) {
        Some((id, etag)) => fields.finish().map(|()| (id, changes, etag)),
        None => Err(fields.into_failure()),
    }
}

fn new_handle(handle: &str, fields: &mut Fields) -> Option<NewHandle> {
    match handle {
        "" => Some(NewHandle::FollowsName),
        given => fields
            .check("organization.handle", Handle::parse(given))
            .map(NewHandle::Given),
    }
}

/// Which fields an update changes (AIP-134, AIP-161).
#[derive(Default)]
struct Mask {
    name: bool,
    handle: bool,
    labels: bool,
}

impl Mask {
    fn of(mask: Option<FieldMask>, given: &Message, fields: &mut Fields) -> Self {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            return Self {
                name: !given.name.is_empty(),
                handle: !given.handle.is_empty(),
                labels: !given.labels.is_empty(),
            };
        }
        let mut mask = Self::default();
        for path in &paths {
            match path.as_str() {
                "*" => {
                    mask = Self {
                        name: true,
                        handle: true,
                        labels: true,
                    }
                }
                "name" => mask.name = true,
                "handle" => mask.handle = true,
                "labels" => mask.labels = true,
                // Output only: ignored (AIP-203).
                "id" | "collection_name" | "state" | "admin_id" | "etag" | "create_time" | "update_time"
                | "delete_time" | "purge_time" => {}
                unknown => {
                    let shown: String = unknown.chars().take(64).collect();
                    fields.reject("update_mask", format!("unknown field {shown:?}"));
                }
            }
        }
        mask
    }
}

/// How many organizations a page holds at most.
pub(super) fn page_size(asked: i32) -> Result<usize, Failure> {
    let size = fields::page_size(asked, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
    one_field("page_size", size)
}

/// The failure for a page token that does not open.
pub(super) fn page_token<T, E: std::fmt::Display>(opened: Result<T, E>) -> Result<T, Failure> {
    one_field("page_token", opened)
}
