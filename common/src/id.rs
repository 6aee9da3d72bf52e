//! Ids of the things that both services speak of, and where new ones come from.

use std::{fmt, str::FromStr};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;

/// An id is not a UUID in canonical text form (RFC 9562, section 4): 8-4-4-4-12 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID, e.g. 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
pub struct InvalidId;

/// Reads a UUID in canonical text form; digits may be of either case.
///
/// # Errors
/// [`InvalidId`] for any other form (braces, no hyphens, `urn:uuid:`) and for the nil UUID, which names nothing.
pub fn parse_uuid(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(InvalidId);
    }
    let uuid = Uuid::try_parse(text).map_err(|_| InvalidId)?;
    if uuid.is_nil() { Err(InvalidId) } else { Ok(uuid) }
}

macro_rules! id_types {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id_types! {
    /// Names an organization; never changes, never used again.
    OrganizationId;
    /// Names an admin or an operator.
    AdminId;
    /// Names a session: one login.
    SessionId;
}

/// Where new ids and random bytes come from.
pub trait Ids: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable ones.
    fn fill_random(&self, bytes: &mut [u8]);

    /// A UUIDv7 (RFC 9562, section 5.7): ordered by `now`, unpredictable in the rest.
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill_random(&mut random);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A UUIDv4 (RFC 9562, section 5.4): unpredictable.
    fn uuid_v4(&self) -> Uuid {
        let mut random = [0; 16];
        self.fill_random(&mut random);
        uuid::Builder::from_random_bytes(random).into_uuid()
    }
}

/// Ids from the operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(
        clippy::expect_used,
        reason = "a host without random numbers must not issue ids or keys"
    )]
    fn fill_random(&self, bytes: &mut [u8]) {
        SystemRandom::new()
            .fill(bytes)
            .expect("the operating system gives no random numbers");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        let text = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        assert_eq!(text.parse::<AdminId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<AdminId>().unwrap().to_string(), text);
        for other in [
            "",
            "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "{0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}",
            "urn:uuid:0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            "00000000-0000-0000-0000-000000000000",
            "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5g",
        ] {
            assert_eq!(other.parse::<AdminId>(), Err(InvalidId), "{other}");
        }
    }

    #[test]
    fn a_later_v7_sorts_after_an_earlier_one() {
        let earlier = SystemIds.uuid_v7(Timestamp::from_millis(1_000));
        let later = SystemIds.uuid_v7(Timestamp::from_millis(1_001));
        assert!(earlier < later);
        assert_eq!(earlier.get_version_num(), 7);
        assert_eq!(SystemIds.uuid_v4().get_version_num(), 4);
    }
}
