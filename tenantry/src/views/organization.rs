//! Organizations.

use std::collections::BTreeMap;

use serde::Serialize;
use tenantry_proto::organization::v1::{ListOrganizationsResponse, Organization, OrganizationState};

use super::{EnumName, fields, time};
use crate::output::Answer;

/// An organization.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationView {
    id: String,
    name: String,
    handle: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    collection_name: String,
    state: EnumName,
    admin_id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_time: Option<String>,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            handle: organization.handle,
            collection_name: organization.collection_name,
            state: EnumName::of(organization.state, OrganizationState::as_str_name),
            admin_id: organization.admin_id,
            labels: organization.labels.into_iter().collect(),
            etag: organization.etag,
            create_time: time(organization.create_time),
            update_time: time(organization.update_time),
            delete_time: time(organization.delete_time),
            purge_time: time(organization.purge_time),
        }
    }
}

impl OrganizationView {
    /// The state, for people.
    pub(super) fn state(&self) -> String {
        self.state.short("ORGANIZATION_STATE_")
    }
}

impl Answer for OrganizationView {
    const HAS_HEADING: bool = false;

    fn rows(&self) -> Vec<Vec<String>> {
        let labels: Vec<_> = self
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        fields([
            ("id", Some(self.id.clone())),
            ("name", Some(self.name.clone())),
            ("handle", Some(self.handle.clone())),
            ("collection", Some(self.collection_name.clone())),
            ("state", Some(self.state())),
            ("admin", Some(self.admin_id.clone())),
            ("labels", Some(labels.join(" "))),
            ("etag", Some(self.etag.clone())),
            ("created", self.create_time.clone()),
            ("updated", self.update_time.clone()),
            ("deleted", self.delete_time.clone()),
            ("purged at", self.purge_time.clone()),
        ])
    }
}

/// One or more pages of organizations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationsView {
    organizations: Vec<OrganizationView>,
    #[serde(skip_serializing_if = "String::is_empty")]
    next_page_token: String,
}

impl From<ListOrganizationsResponse> for OrganizationsView {
    fn from(page: ListOrganizationsResponse) -> Self {
        Self {
            organizations: page.organizations.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }
    }
}

impl Answer for OrganizationsView {
    const HAS_HEADING: bool = true;

    fn rows(&self) -> Vec<Vec<String>> {
        let heading = ["HANDLE", "NAME", "STATE", "CREATED", "ID"]
            .map(str::to_owned)
            .to_vec();
        let row = |organization: &OrganizationView| {
            vec![
                organization.handle.clone(),
                organization.name.clone(),
                organization.state(),
                organization.create_time.clone().unwrap_or_default(),
                organization.id.clone(),
            ]
        };
        [heading]
            .into_iter()
            .chain(self.organizations.iter().map(row))
            .collect()
    }
}
