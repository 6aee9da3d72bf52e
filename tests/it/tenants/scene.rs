//! Two organizations, of which one calls.

use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, Value};
use tenantry_common::rpc::status::reason_of;
use tenantry_proto::{
    auth::v1::{ListSessionsResponse, LoginResponse, ValidateTokenRequest},
    organization::v1::{GetOrganizationRequest, get_organization_request},
};
use tonic::{Code, Status};

use super::fields::{Names, Path, names};
use crate::requests::{
    bodies::Words,
    methods,
    platform::{Caller, PASSWORD, Platform},
};

/// What a create is filled with.
const NEWCOMER: (&str, &str) = ("Newcomer", "grace@newcomer.example");
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2";
/// Metadata that differs from call to call.
const OF_THE_CALL: [&str; 2] = ["x-request-id", "date"];

/// The platform; its owner is the one who calls.
pub struct Scene {
    platform: Platform,
    /// What the other organization has, under the names of fields.
    pub other: Words,
    other_owner: LoginResponse,
}

impl Scene {
    pub async fn start() -> Self {
        let mut platform = Platform::start().await;
        let (other, other_owner) = (platform.words.clone(), platform.owner.clone());
        platform.create().await;
        Self {
            platform,
            other,
            other_owner,
        }
    }

    /// The other's value for what names something; none for what does not.
    pub fn value_of_the_other(&self, names: &Names) -> Option<String> {
        (!matches!(names, Names::Nothing | Names::Credential)).then(|| value(&self.other, *names))
    }

    /// What the other has of what this field claims.
    pub fn claim_of_the_other(&self, path: &Path) -> String {
        self.other[path.last().name()][0].clone()
    }

    /// The caller's own.
    pub fn own_value(&self, names: &Names) -> String {
        value(&self.platform.words, *names)
    }

    /// A request that the caller might make for itself, but for this value in this place.
    pub fn body(&self, method: &MethodDescriptor, path: &Path, text: &str) -> Vec<u8> {
        let mut message = self.filled(&method.input(), path.last().name());
        let (last, way) = path.0.split_last().unwrap();
        let mut inner = &mut message;
        for field in way {
            inner = inner.get_field_mut(field).as_message_mut().unwrap();
        }
        inner.set_field(last, Value::String(text.to_owned()));
        message.encode_to_vec()
    }

    /// The caller's own values everywhere but in a oneof; `changed` is what an update is to change.
    fn filled(&self, descriptor: &MessageDescriptor, changed: &str) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor
            .fields()
            .filter(|field| field.containing_oneof().is_none())
        {
            match field.kind() {
                Kind::Message(mask) if mask.full_name() == "google.protobuf.FieldMask" => {
                    let is_admin = descriptor.name() == "UpdateAdminRequest";
                    let path = match changed {
                        "name" | "handle" | "email" => changed,
                        _ if is_admin => "email",
                        _ => "name",
                    };
                    let mut paths = DynamicMessage::new(mask.clone());
                    paths.set_field_by_name("paths", Value::List(vec![Value::String(path.to_owned())]));
                    message.set_field(&field, Value::Message(paths));
                }
                Kind::Message(_) if field.is_map() => {}
                Kind::Message(inner) if inner.package_name() != "google.protobuf" => {
                    message.set_field(&field, Value::Message(self.filled(&inner, changed)));
                }
                Kind::String => message.set_field(&field, Value::String(self.filling(&field))),
                _ => {}
            }
        }
        message
    }

    fn filling(&self, field: &prost_reflect::FieldDescriptor) -> String {
        let own = |name: &str| self.platform.words[name][0].clone();
        match (field.full_name(), names(field)) {
            // It is the other's, too.
            ("auth.v1.LoginRequest.password", _) => "nobody's passphrase".to_owned(),
            (_, Names::Nothing) => match field.name() {
                "password" | "current_password" => PASSWORD.to_owned(),
                "new_password" => "another good passphrase".to_owned(),
                "password_hash" => HASH.to_owned(),
                _ => String::new(),
            },
            ("organization.v1.CreateOrganizationRequest.name", _) => NEWCOMER.0.to_owned(),
            ("organization.v1.AdminCredentials.email", _) => NEWCOMER.1.to_owned(),
            ("organization.v1.Organization.name", _) => own("name"),
            ("auth.v1.Admin.email", _) => own("email"),
            (_, Names::Claim | Names::Credential | Names::Page) => String::new(),
            (_, names) => self.own_value(&names),
        }
    }

    pub async fn answer(&self, caller: Caller, method: &MethodDescriptor, body: Vec<u8>) -> Answer {
        Answer::new(method, self.platform.call(caller, method, body).await)
    }

    /// What of the other organization must stay as it is: its record, who its token speaks for, its sessions.
    pub async fn state_of_the_other(&self) -> (Vec<u8>, Vec<u8>, Vec<String>) {
        let method = |name: &str| {
            methods()
                .into_iter()
                .find(|method| method.name() == name)
                .unwrap()
        };
        let get = GetOrganizationRequest {
            organization: Some(get_organization_request::Organization::Id(
                self.other["id"][0].clone(),
            )),
        };
        let record = self
            .platform
            .call(Caller::Operator, &method("GetOrganization"), get.encode_to_vec())
            .await;
        let access_token = self.other_owner.access_token.clone();
        let validate = ValidateTokenRequest { access_token }.encode_to_vec();
        let principal = self
            .platform
            .call(Caller::Nobody, &method("ValidateToken"), validate)
            .await;
        let bearer = format!("Bearer {}", self.other_owner.access_token);
        let metadata = Some(("authorization", bearer));
        let sessions = self
            .platform
            .call_with(&method("ListSessions"), Vec::new(), metadata)
            .await
            .unwrap();
        let sessions = ListSessionsResponse::decode(sessions.as_slice())
            .unwrap()
            .sessions;
        let sessions = sessions.into_iter().map(|session| session.id).collect();
        (record.unwrap(), principal.unwrap(), sessions)
    }

    pub async fn owner_may_call(&self) -> bool {
        let current = methods()
            .into_iter()
            .find(|method| method.name() == "GetCurrentAdmin")
            .unwrap();
        self.platform
            .call(Caller::Owner, &current, Vec::new())
            .await
            .is_ok()
    }
}

fn value(words: &Words, names: Names) -> String {
    let name = match names {
        Names::Organization => "id",
        Names::Handle => "handle",
        Names::Admin => "admin_id",
        Names::Email => "email",
        Names::Session => "session_id",
        Names::Collection => "collection_name",
        Names::Page => "page_token",
        Names::Claim => "name",
        Names::Credential | Names::Nothing => return String::new(),
    };
    words[name][0].clone()
}

/// A value of the same kind and length that nobody has: every id, handle, e-mail and token may end otherwise.
pub fn unlike(value: &str) -> String {
    let (rest, last) = value.split_at(value.len() - 1);
    format!("{rest}{}", if last == "b" { "c" } else { "b" })
}

/// An answer, without what names the call.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    code: Code,
    reason: String,
    /// Text, details, metadata, or the reply without its times and etags.
    told: Vec<String>,
}

impl Answer {
    fn new(method: &MethodDescriptor, outcome: Result<Vec<u8>, Status>) -> Self {
        let status = match outcome {
            Ok(reply) => {
                let mut reply = DynamicMessage::decode(method.output(), reply.as_slice()).unwrap();
                leave_out_times(&mut reply);
                return Self {
                    code: Code::Ok,
                    reason: String::new(),
                    told: vec![reply.to_string()],
                };
            }
            Err(status) => status,
        };
        let mut told = vec![
            status.message().to_owned(),
            String::from_utf8_lossy(status.details()).into_owned(),
        ];
        let metadata = status.metadata().clone().into_headers();
        let metadata = metadata
            .iter()
            .filter(|(key, _)| !OF_THE_CALL.contains(&key.as_str()));
        let mut metadata: Vec<_> = metadata.map(|(key, value)| format!("{key}: {value:?}")).collect();
        metadata.sort();
        told.extend(metadata);
        Self {
            code: status.code(),
            reason: reason_of(&status).unwrap_or_default(),
            told,
        }
    }

    pub fn is_refusal(&self) -> bool {
        self.code != Code::Ok
    }

    pub fn reason(&self) -> String {
        self.reason.clone()
    }

    /// The answer to any value of this one's length.
    pub fn without(mut self, value: &str, theirs: &str) -> Self {
        assert_eq!(value.len(), theirs.len());
        for text in &mut self.told {
            *text = text.replace(value, "…");
        }
        self
    }

    /// What of the other organization is told beyond what was `sent`; a name and its handle are one.
    pub fn told_of(&self, other: &Words, sent: &str) -> Vec<String> {
        let of_the_other = [
            "id",
            "admin_id",
            "session_id",
            "email",
            "name",
            "handle",
            "collection_name",
        ];
        let known = |key: &str| {
            let names = ["name", "handle"];
            other[key][0] == sent || names.contains(&key) && names.iter().any(|name| other[*name][0] == sent)
        };
        let told = |key: &str| self.told.iter().any(|text| text.contains(&other[key][0]));
        of_the_other
            .into_iter()
            .filter(|key| told(key) && !known(key))
            .map(str::to_owned)
            .collect()
    }
}

/// Times and what changes with them.
fn leave_out_times(message: &mut DynamicMessage) {
    let fields: Vec<_> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        let is_time =
            matches!(field.kind(), Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp");
        if is_time || field.name() == "etag" {
            message.clear_field(&field);
        } else if let Value::Message(inner) = message.get_field_mut(&field) {
            leave_out_times(inner);
        }
    }
}
