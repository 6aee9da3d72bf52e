//! What is repaired: an organization, or a collection that belongs to nobody.

use std::{fmt, str::FromStr};

use org_service::domain::CollectionName;
use serde::Serialize;
use tenantry_common::id::parse_uuid;
use tenantry_proto::organization::v1::{Finding, repair_organization_request};

/// One organization or collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// An organization, by its id.
    OrganizationId(String),
    /// A collection, by its name.
    CollectionName(String),
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = parse_uuid(text) {
            return Ok(Self::OrganizationId(id.to_string()));
        }
        let name = text.parse::<CollectionName>();
        name.map(|name| Self::CollectionName(name.into()))
            .map_err(|_| "must be an organization's id, or a collection's name such as org_acme_inc")
    }
}

impl Target {
    /// What a repair of this finding is a repair of: the organization, or the collection of nobody.
    pub fn of(finding: &Finding) -> Option<Self> {
        let id = Some(&finding.organization_id).filter(|id| !id.is_empty());
        let name = Some(&finding.collection_name).filter(|name| !name.is_empty());
        id.map(|id| Self::OrganizationId(id.clone()))
            .or_else(|| name.map(|name| Self::CollectionName(name.clone())))
    }

    /// Whether the finding is about it.
    pub fn is_meant_by(&self, finding: &Finding) -> bool {
        match self {
            Self::OrganizationId(id) => *id == finding.organization_id,
            Self::CollectionName(name) => *name == finding.collection_name,
        }
    }
}

impl From<Target> for repair_organization_request::Target {
    fn from(target: Target) -> Self {
        match target {
            Target::OrganizationId(id) => Self::Id(id),
            Target::CollectionName(name) => Self::CollectionName(name),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrganizationId(id) => write!(f, "organization {id}"),
            Self::CollectionName(name) => write!(f, "collection {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

    #[test]
    fn an_id_means_an_organization_and_a_tenant_collections_name_itself() {
        let target = |text: &str| text.parse::<Target>();
        assert_eq!(
            target(&ID.to_uppercase()),
            Ok(Target::OrganizationId(ID.to_owned()))
        );
        for name in ["org_acme", "trash_x", "stray_x", "drop_x"] {
            assert_eq!(target(name), Ok(Target::CollectionName(name.to_owned())));
        }
        for other in ["acme", "organizations", ""] {
            assert!(target(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_finding_is_repaired_by_its_organization_and_an_orphan_by_its_name() {
        let mut finding = Finding {
            organization_id: ID.to_owned(),
            collection_name: "org_acme".to_owned(),
            ..Finding::default()
        };
        let organization = Target::OrganizationId(ID.to_owned());
        assert_eq!(Target::of(&finding), Some(organization));
        finding.organization_id.clear();
        let collection = Target::CollectionName("org_acme".to_owned());
        assert_eq!(Target::of(&finding), Some(collection));
        assert_eq!(Target::of(&Finding::default()), None);
    }
}
