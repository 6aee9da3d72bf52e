//! What can be made of what the store holds for a password.

use super::{
    bcrypt_hash::BcryptHash,
    hash::{PasswordHash, UnusableHash},
    imported::ImportedHash,
    pepper::PepperId,
};

/// Names the scheme at the beginning of a stored hash. The pepper's id and bcrypt's own text follow:
/// `bcrypt-sha384:0123abcd$2b$12$…`.
const TAG: &str = "bcrypt-sha384:";

/// A hash of the own scheme, to be stored.
pub(super) fn own(pepper: PepperId, bcrypt_text: &bcrypt::HashParts) -> PasswordHash {
    PasswordHash::from_stored(format!("{TAG}{pepper}{bcrypt_text}"))
}

/// A stored hash, read.
#[derive(Debug)]
pub(super) enum Stored {
    /// Of the own scheme.
    Own {
        /// What it was made under.
        pepper: PepperId,
        /// The bcrypt hash of the digest.
        hash: BcryptHash,
    },
    /// Made elsewhere.
    Imported(ImportedHash),
}

impl Stored {
    /// Reads a stored hash; nothing is hashed.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, UnusableHash> {
        let text = hash.as_str();
        if text.len() > PasswordHash::MAX_BYTES {
            return Err(UnusableHash::TooLong);
        }
        match text.strip_prefix(TAG) {
            Some(rest) => Self::parse_own(rest),
            None => ImportedHash::read(text).map(Self::Imported),
        }
    }

    fn parse_own(rest: &str) -> Result<Self, UnusableHash> {
        let at = rest.find('$').ok_or(UnusableHash::Damaged)?;
        let (pepper, bcrypt_text) = rest.split_at(at);
        Ok(Self::Own {
            pepper: pepper.parse().map_err(|()| UnusableHash::Damaged)?,
            hash: BcryptHash::parse(bcrypt_text, &["$2b$"])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_of_no_scheme() {
        let nothing = PasswordHash::from_stored(String::new());
        assert_eq!(Stored::parse(&nothing).unwrap_err(), UnusableHash::UnknownScheme);
    }
}
