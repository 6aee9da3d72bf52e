//! Tenant collections: their names, and the stamp that says whose they are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tenantry_common::id::OrganizationId;
use uuid::Uuid;

use super::Handle;

/// The name of a collection that belongs, or belonged, to a tenant. The store's own collections never begin with
/// one of the four prefixes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectionName(String);

/// A text is not the name of a tenant's collection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a tenant collection's name: {0:?}")]
pub struct InvalidCollectionName(String);

impl CollectionName {
    /// What every tenant collection's name begins with: in use, deleted, set aside, about to be dropped.
    pub const PREFIXES: [&str; 4] = ["org_", "trash_", "stray_", "drop_"];

    /// `org_<handle>`: where an organization's collection belongs while it is in use.
    pub fn in_use(handle: &Handle) -> Self {
        Self(format!("org_{handle}"))
    }

    /// `trash_<id>`: where it belongs once the organization is deleted.
    pub fn trash(id: OrganizationId) -> Self {
        Self(format!("trash_{}", id.as_uuid().simple()))
    }

    /// `stray_<uuid>`: where a collection goes that stands in somebody's place and is not theirs.
    pub fn stray(unique: Uuid) -> Self {
        Self(format!("stray_{}", unique.simple()))
    }

    /// `drop_<id>_<uuid>`: a name that is written once, by the rename before a drop, so that a late drop can only
    /// hit what was meant.
    pub fn condemned(id: OrganizationId, unique: Uuid) -> Self {
        Self(format!("{}{}", Self::condemned_prefix(id), unique.simple()))
    }

    /// What all names begin with under which this organization's collection is about to be dropped.
    pub fn condemned_prefix(id: OrganizationId) -> String {
        format!("drop_{}_", id.as_uuid().simple())
    }

    /// Whether this is a name that [`condemned`](Self::condemned) gave for this organization.
    pub fn is_condemned(&self, id: OrganizationId) -> bool {
        self.0.starts_with(&Self::condemned_prefix(id))
    }

    /// Whether this is a name that [`stray`](Self::stray) gave: what stands there is in nobody's way.
    pub fn is_stray(&self) -> bool {
        self.0.starts_with("stray_")
    }

    /// The name as the store knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CollectionName {
    type Err = InvalidCollectionName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for CollectionName {
    type Error = InvalidCollectionName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if Self::PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            Ok(Self(text))
        } else {
            Err(InvalidCollectionName(text))
        }
    }
}

impl From<CollectionName> for String {
    fn from(name: CollectionName) -> Self {
        name.0
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The mark that a tenant collection bears from the instant it exists, and that travels with it when it is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Whose collection it is.
    pub organization: OrganizationId,
    /// Which `create` command made it: a new UUID for every one sent, which tells a twin from the real one.
    pub attempt: Uuid,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenantry:{}:{}", self.organization, self.attempt)
    }
}

/// A text is not a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a stamp")]
pub struct InvalidStamp;

impl FromStr for Stamp {
    type Err = InvalidStamp;

    fn from_str(text: &str) -> Result<Self, InvalidStamp> {
        let rest = text.strip_prefix("tenantry:").ok_or(InvalidStamp)?;
        let (organization, attempt) = rest.split_once(':').ok_or(InvalidStamp)?;
        Ok(Self {
            organization: organization.parse().map_err(|_| InvalidStamp)?,
            attempt: tenantry_common::id::parse_uuid(attempt).map_err(|_| InvalidStamp)?,
        })
    }
}

/// A collection as a look found it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// Where it stands.
    pub name: CollectionName,
    /// Whose it is; none for one that nobody of ours created.
    pub stamp: Option<Stamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            organization: "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".parse().unwrap(),
            attempt: Uuid::from_u128(7),
        }
    }

    #[test]
    fn a_stamp_survives_its_text() {
        assert_eq!(stamp().to_string().parse(), Ok(stamp()));
        for text in [
            "",
            "tenantry:",
            "tenantry:x:y",
            "other:0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b:1",
        ] {
            assert_eq!(text.parse::<Stamp>(), Err(InvalidStamp));
        }
    }

    #[test]
    fn names_say_what_they_are_for() {
        let id = stamp().organization;
        let condemned = CollectionName::condemned(id, Uuid::from_u128(1));
        assert!(condemned.is_condemned(id));
        assert!(!CollectionName::trash(id).is_condemned(id));
        let longest = Handle::parse(&"a".repeat(Handle::MAX_BYTES)).unwrap();
        assert_eq!(CollectionName::in_use(&longest).as_str().len(), 67);
        assert!("organizations".parse::<CollectionName>().is_err());
    }
}
