//! The protos' messages as they are printed: names, times and enums as in protobuf's JSON mapping.

mod finding;
mod login;
mod organization;
mod session;

use serde::{Serialize, Serializer};

pub use self::{
    finding::FindingView,
    login::{AdminView, LoginView},
    organization::{OrganizationView, OrganizationsView},
    session::SessionsView,
};

/// An enum value, named as in its proto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumName(Result<&'static str, i32>);

impl EnumName {
    /// The name of a value's number.
    fn of<E: TryFrom<i32>>(number: i32, name: impl FnOnce(&E) -> &'static str) -> Self {
        Self(E::try_from(number).map(|value| name(&value)).map_err(|_| number))
    }

    /// The name without its enum's, for people; a value that this version does not know is its number.
    fn short(&self, prefix: &str) -> String {
        match self.0 {
            Ok(name) => name.strip_prefix(prefix).unwrap_or(name).to_owned(),
            Err(number) => number.to_string(),
        }
    }
}

impl Serialize for EnumName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Ok(name) => serializer.serialize_str(name),
            Err(number) => serializer.serialize_i32(number),
        }
    }
}

/// A time in RFC 3339, in UTC.
fn time(time: Option<prost_types::Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

/// The rows of fields that have a value.
fn fields<const N: usize>(fields: [(&str, Option<String>); N]) -> Vec<Vec<String>> {
    let known = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    known
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message;
    use serde_json::{Value, json};
    use tenantry_proto::{
        auth::v1::{Admin, AdminState, ListSessionsResponse, Role, Session},
        organization::v1::{Finding, ListOrganizationsResponse, Organization, OrganizationState},
    };

    use super::*;
    use crate::output::Answer;

    fn acme() -> Organization {
        let time = Some(prost_types::Timestamp {
            seconds: 1_795_262_400,
            nanos: 120_000_000,
        });
        Organization {
            id: "i".into(),
            name: "Acme, Inc.".into(),
            handle: "acme_inc".into(),
            collection_name: "org_acme_inc".into(),
            state: OrganizationState::Active.into(),
            admin_id: "a".into(),
            labels: [("tier".to_owned(), "gold".to_owned())].into(),
            etag: "\"1\"".into(),
            create_time: time,
            update_time: time,
            delete_time: time,
            purge_time: time,
        }
    }

    fn admin() -> Admin {
        let time = acme().create_time;
        Admin {
            id: "a".into(),
            email: "ada@example.com".into(),
            organization_id: "i".into(),
            role: Role::Owner.into(),
            state: AdminState::Active.into(),
            create_time: time,
            update_time: time,
        }
    }

    fn sessions() -> ListSessionsResponse {
        let time = acme().create_time;
        let session = |current| Session {
            id: "s".into(),
            create_time: time,
            last_used_time: time,
            expire_time: time,
            idle_expire_time: time,
            peer: "127.0.0.1".into(),
            user_agent: "grpcurl".into(),
            current,
        };
        ListSessionsResponse {
            sessions: vec![session(false), session(true)],
        }
    }

    /// The names that protobuf's JSON mapping gives a message's fields.
    fn json_names(package: &str, message: &str) -> BTreeSet<String> {
        let set = prost_types::FileDescriptorSet::decode(tenantry_proto::FILE_DESCRIPTOR_SET).unwrap();
        let files = set.file.into_iter().filter(|file| file.package() == package);
        let found = files
            .flat_map(|file| file.message_type)
            .find(|found| found.name() == message)
            .unwrap();
        found
            .field
            .iter()
            .map(|field| field.json_name().to_owned())
            .collect()
    }

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn json_has_every_field_under_the_name_of_the_json_mapping() {
        let organization = serde_json::to_value(OrganizationView::from(acme())).unwrap();
        assert_eq!(keys(&organization), json_names("organization.v1", "Organization"));
        let of_all = "x".to_owned();
        let finding = Finding {
            organization_id: of_all.clone(),
            collection_name: of_all.clone(),
            admin_id: of_all.clone(),
            handle: of_all.clone(),
            etag: of_all,
            ..Finding::default()
        };
        let finding = serde_json::to_value(FindingView::from(finding)).unwrap();
        assert_eq!(keys(&finding), json_names("organization.v1", "Finding"));
        let admin = serde_json::to_value(AdminView::from(admin())).unwrap();
        assert_eq!(keys(&admin), json_names("auth.v1", "Admin"));
        let answer = serde_json::to_value(SessionsView::from(sessions())).unwrap();
        assert_eq!(keys(&answer), json_names("auth.v1", "ListSessionsResponse"));
        assert_eq!(keys(&answer["sessions"][0]), json_names("auth.v1", "Session"));
        let page = ListOrganizationsResponse {
            organizations: vec![acme()],
            next_page_token: "t".into(),
        };
        let page = serde_json::to_value(OrganizationsView::from(page)).unwrap();
        assert_eq!(
            keys(&page),
            json_names("organization.v1", "ListOrganizationsResponse")
        );
    }

    #[test]
    fn times_are_rfc_3339_and_enums_are_named_as_in_the_protos() {
        let json = serde_json::to_value(OrganizationView::from(acme())).unwrap();
        assert_eq!(json["createTime"], json!("2026-11-21T12:00:00.120Z"));
        assert_eq!(json["state"], json!("ORGANIZATION_STATE_ACTIVE"));
    }

    #[test]
    fn a_value_from_a_newer_server_is_its_number() {
        let view = OrganizationView::from(Organization { state: 99, ..acme() });
        assert_eq!(serde_json::to_value(&view).unwrap()["state"], json!(99));
        assert_eq!(view.state(), "99");
    }

    #[test]
    fn a_table_leaves_out_what_is_not_there() {
        let view = OrganizationView::from(Organization {
            delete_time: None,
            purge_time: None,
            ..acme()
        });
        let names: Vec<_> = view.rows().iter().map(|row| row[0].clone()).collect();
        assert!(names.contains(&"labels".to_owned()) && !names.contains(&"deleted".to_owned()));
    }

    #[test]
    fn the_session_that_asks_is_marked() {
        let rows = SessionsView::from(sessions()).rows();
        let marks: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(marks, ["", "", "*"]);
    }
}
