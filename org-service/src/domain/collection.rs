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
        Self(format!("drop_{}_{}", id.as_uuid().simple(), unique.simple()))
    }

    /// Whom [`condemned`](Self::condemned) gave this name for, if it did.
    pub fn condemned_for(&self) -> Option<OrganizationId> {
        let (id, _unique) = self.0.strip_prefix("drop_")?.split_once('_')?;
        simple_id(id)
    }

    /// Whether this is a name that [`condemned`](Self::condemned) gave for this organization.
    pub fn is_condemned(&self, id: OrganizationId) -> bool {
        self.condemned_for() == Some(id)
    }

    /// Whose trash this name means, if it means one.
    pub fn trash_of(&self) -> Option<OrganizationId> {
        simple_id(self.0.strip_prefix("trash_")?)
    }

    /// The handle whose name this is, if an organization can have it.
    pub fn handle(&self) -> Option<Handle> {
        Handle::parse(self.0.strip_prefix("org_")?).ok()
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

/// An id as names spell it: without hyphens, in lower case.
fn simple_id(text: &str) -> Option<OrganizationId> {
    let id = Uuid::try_parse(text).ok()?;
    (id.simple().to_string() == text).then(|| OrganizationId::from_uuid(id))
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
        assert_eq!(condemned.condemned_for(), Some(id));
        assert!(!CollectionName::trash(id).is_condemned(id));
        assert_eq!(CollectionName::trash(id).trash_of(), Some(id));
        let shouted = CollectionName::trash(id)
            .as_str()
            .to_uppercase()
            .replace("TRASH", "trash");
        assert_eq!(shouted.parse::<CollectionName>().unwrap().trash_of(), None);
        let handle = Handle::parse("acme_inc").unwrap();
        assert_eq!(CollectionName::in_use(&handle).handle(), Some(handle.clone()));
        assert_eq!("org_Acme".parse::<CollectionName>().unwrap().handle(), None);
        let longest = Handle::parse(&"a".repeat(Handle::MAX_BYTES)).unwrap();
        assert_eq!(CollectionName::in_use(&longest).as_str().len(), 67);
        assert!("organizations".parse::<CollectionName>().is_err());
        let names = [
            CollectionName::in_use(&handle),
            CollectionName::trash(id),
            CollectionName::stray(id.as_uuid().to_owned()),
            condemned,
        ];
        for (number, name) in names.iter().enumerate() {
            let kinds = [
                name.handle().is_some(),
                name.trash_of().is_some(),
                name.is_stray(),
                name.condemned_for().is_some(),
            ];
            let expected: [bool; 4] = std::array::from_fn(|kind| kind == number);
            assert_eq!(kinds, expected, "{name}");
        }
    }

    #[test]
    fn names_that_nobody_gave_are_nobodys() {
        let id = stamp().organization.as_uuid().simple().to_string();
        for text in [
            "org_",
            "org_Acme",
            "trash_can",
            "drop_x",
            &format!("trash_{id}_"),
            &format!("drop_{id}"),
            &format!("drop_{}_1", id.to_uppercase()),
        ] {
            let name: CollectionName = text.parse().unwrap();
            assert_eq!(
                (name.handle(), name.trash_of(), name.condemned_for()),
                (None, None, None)
            );
            assert!(!name.is_stray());
        }
    }
}
