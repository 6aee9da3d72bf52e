//! The logins that are compared.

use std::fmt;

use auth_service::domain::{Cost, ImportedHash, PasswordHash};
use clap::ValueEnum;
use fastrand::Rng;

use crate::{Failure, accounts};

/// Bytes of a wrong password, where its length does not matter.
const PASSWORD_BYTES: usize = 28;
/// A hash as passlib makes it by default, with 29,000 rounds.
const PBKDF2: &str =
    "$pbkdf2-sha256$29000$AAECAwQFBgcICQoLDA0ODw$m/kLywdyNwK9GV2kWntRGvZzmeiVsuqehNWlLst2eWY";

/// Logins of one kind, all of them refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Class {
    /// An e-mail that nobody has, another one each time.
    Unknown,
    /// Somebody's e-mail, and a wrong password of the same length.
    Wrong,
    /// A wrong password with a NUL, which nobody can have.
    Nul,
    /// A wrong password of as many bytes as bcrypt takes.
    #[value(name = "71-bytes")]
    Bytes71,
    /// One of a byte more.
    #[value(name = "72-bytes")]
    Bytes72,
    /// One of nearly as many bytes as anybody's password may have.
    #[value(name = "1000-bytes")]
    Bytes1000,
    /// A wrong password for a hash of the least cost.
    OldCost,
    /// A wrong password for a PBKDF2 hash of another system.
    Imported,
}

/// How the password of an account is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hashed {
    /// As the server stores new ones.
    AsNew,
    /// At the least cost.
    Cheaply,
    /// By another system.
    Elsewhere,
}

impl Class {
    /// The accounts that it tries; none where nobody has the e-mail.
    pub(super) const fn hashed(self) -> Option<Hashed> {
        match self {
            Self::Unknown => None,
            Self::Wrong | Self::Nul | Self::Bytes71 | Self::Bytes72 | Self::Bytes1000 => Some(Hashed::AsNew),
            Self::OldCost => Some(Hashed::Cheaply),
            Self::Imported => Some(Hashed::Elsewhere),
        }
    }

    /// A wrong password.
    pub(super) fn password(self, rng: &mut Rng) -> String {
        let bytes = match self {
            Self::Unknown | Self::Wrong | Self::Nul | Self::OldCost | Self::Imported => PASSWORD_BYTES,
            Self::Bytes71 => 71,
            Self::Bytes72 => 72,
            Self::Bytes1000 => 1_000,
        };
        let mut password: String = (0..bytes).map(|_| rng.alphanumeric()).collect();
        if self == Self::Nul {
            password.replace_range(..1, "\0");
        }
        password
    }
}

/// The name on the command line.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Hashed {
    /// A hash that is none of the wrong passwords'.
    pub(super) fn hash(self, cost: Cost) -> Result<PasswordHash, Failure> {
        match self {
            Self::AsNew => accounts::hash(cost),
            Self::Cheaply => accounts::hash(Cost::MIN),
            Self::Elsewhere => Ok(ImportedHash::parse(PBKDF2)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_as_long_as_their_class_says_and_new_each_time() {
        let mut rng = Rng::with_seed(1);
        for (class, bytes) in [
            (Class::Unknown, 28),
            (Class::Wrong, 28),
            (Class::Nul, 28),
            (Class::Bytes71, 71),
            (Class::Bytes72, 72),
            (Class::Bytes1000, 1_000),
        ] {
            let (one, other) = (class.password(&mut rng), class.password(&mut rng));
            assert_eq!((one.len(), other.len()), (bytes, bytes), "{class}");
            assert_ne!(one, other);
            assert_eq!(one.contains('\0'), class == Class::Nul);
        }
    }

    #[test]
    fn each_hash_is_one_that_the_server_takes() {
        let cost = Cost::new(Cost::MIN.get() + 1).unwrap();
        let of_cost = |cost: Cost| format!("$2b${:02}$", cost.get());
        for (hashed, part) in [
            (Hashed::AsNew, of_cost(cost)),
            (Hashed::Cheaply, of_cost(Cost::MIN)),
            (Hashed::Elsewhere, "$pbkdf2-sha256$29000$".to_owned()),
        ] {
            let hash = hashed.hash(cost).unwrap();
            assert!(hash.as_str().contains(&part), "{hashed:?}: {}", hash.as_str());
        }
    }

    #[test]
    fn a_class_has_one_name() {
        let names: Vec<_> = Class::value_variants().iter().map(ToString::to_string).collect();
        let all = "unknown wrong nul 71-bytes 72-bytes 1000-bytes old-cost imported";
        assert_eq!(names.join(" "), all);
    }
}
