//! What the store holds for a password.

use std::fmt;

use serde::{Deserialize, Serialize, de::IgnoredAny};

/// A password as the store keeps it. Its Debug shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Anything", into = "String")]
pub struct PasswordHash(String);

/// What may stand in the place of a hash. Whatever is no text is as good as a damaged one: its owner cannot log in, and
/// nobody else learns of it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Anything {
    Text(String),
    Other(IgnoredAny),
}

impl From<Anything> for PasswordHash {
    fn from(stored: Anything) -> Self {
        match stored {
            Anything::Text(text) => Self(text),
            Anything::Other(IgnoredAny) => Self(String::new()),
        }
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0
    }
}

impl PasswordHash {
    /// Longest text that is looked at, in bytes; all that is longer is unusable.
    pub const MAX_BYTES: usize = 512;

    /// What the store holds; it may be anything, verification copes.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why nothing can be compared with a hash. The texts are for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    /// Longer than [`PasswordHash::MAX_BYTES`].
    #[error("must have at most {} bytes", PasswordHash::MAX_BYTES)]
    TooLong,
    /// No scheme that is known.
    #[error("must begin with $2a$, $2b$, $2y$ (bcrypt), $pbkdf2-sha256$ (passlib) or $argon2id$")]
    UnknownScheme,
    /// A known scheme, but not its form.
    #[error("is damaged: a part is missing or has another form")]
    Damaged,
    /// It would be too cheap to guess against, or too dear to compute.
    #[error(
        "has parameters outside the bounds: bcrypt cost 10 to 14; PBKDF2 1,000 to 2,000,000 rounds; Argon2id v=19, \
         m up to 262144, t and p up to 16"
    )]
    OutOfBounds,
    /// Made under a pepper that is neither the current one nor a previous one.
    #[error("was made under a pepper that is not set")]
    UnknownPepper,
    /// There was not the memory to compute it.
    #[error("could not be computed")]
    NotComputed,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_is_no_text_is_read_as_a_damaged_hash() {
        let read = |value| serde_json::from_value::<PasswordHash>(value).unwrap();
        assert_eq!(read(json!("$2b$10$x")).as_str(), "$2b$10$x");
        for value in [
            json!(null),
            json!(5),
            json!([1, 2]),
            json!({ "$ne": 1 }),
            json!(true),
        ] {
            assert_eq!(read(value.clone()).as_str(), "", "{value}");
        }
    }
}
