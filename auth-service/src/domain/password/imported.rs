//! Hashes that another system made, over the bytes that its users typed. They are replaced at the next login.

use super::{
    bcrypt_hash::BcryptHash,
    cost::Cost,
    derived::Derived,
    hash::{PasswordHash, UnusableHash},
    work::Work,
};

/// bcrypt's versions that are one and the same for passwords of up to 71 bytes without NUL. `$2x$` is crypt_blowfish's
/// name for hashes of a broken release.
const VERSIONS: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// A hash of another system.
#[derive(Debug)]
pub struct ImportedHash(Kind);

#[derive(Debug)]
enum Kind {
    /// `$2b$12$…` and its elder versions, of the bare password.
    Bcrypt(BcryptHash),
    /// PBKDF2-HMAC-SHA256 or Argon2id.
    Derived(Derived),
}

impl ImportedHash {
    /// Takes a hash to be stored: bcrypt, passlib's `$pbkdf2-sha256$`, or `$argon2id$`, with parameters that can be
    /// computed in reasonable time.
    ///
    /// # Errors
    /// [`UnusableHash`], at once.
    pub fn parse(text: &str) -> Result<PasswordHash, UnusableHash> {
        if text.len() > PasswordHash::MAX_BYTES {
            return Err(UnusableHash::TooLong);
        }
        Self::read(text).map(|_| PasswordHash::from_stored(text.to_owned()))
    }

    /// Reads one that is not too long.
    pub(super) fn read(text: &str) -> Result<Self, UnusableHash> {
        match BcryptHash::parse(text, &VERSIONS) {
            Err(UnusableHash::UnknownScheme) => Ok(Self(Kind::Derived(Derived::parse(text)?))),
            bcrypt => Ok(Self(Kind::Bcrypt(bcrypt?))),
        }
    }

    /// The cost, where it is bcrypt's.
    pub(super) const fn cost(&self) -> Option<Cost> {
        match &self.0 {
            Kind::Bcrypt(hash) => Some(hash.cost()),
            Kind::Derived(_) => None,
        }
    }

    /// Whether the hash is of this password. What was typed counts, not its normal form, which others did not make.
    pub(super) fn is_of(&self, typed: &str, work: &impl Work) -> Result<bool, UnusableHash> {
        match &self.0 {
            Kind::Bcrypt(hash) => Ok(hash.is_of(typed.as_bytes(), work)),
            Kind::Derived(key) => work.derive(key, typed.as_bytes()),
        }
    }
}

#[cfg(test)]
#[path = "imported_tests.rs"]
mod tests;
