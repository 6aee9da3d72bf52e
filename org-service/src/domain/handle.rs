//! Handles: the canonical ASCII names that are unique and that name the collections.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A canonical name: `^[a-z0-9]+(_[a-z0-9]+)*$`, 2 to 63 bytes, not reserved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

/// Why a text is not a handle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandle {
    /// Not of the canonical form.
    #[error("must be lower-case letters a-z and digits, in words joined by single underscores")]
    NotCanonical,
    /// Shorter than [`Handle::MIN_BYTES`].
    #[error("must have at least {} characters", Handle::MIN_BYTES)]
    TooShort,
    /// Longer than [`Handle::MAX_BYTES`].
    #[error("must have at most {} characters", Handle::MAX_BYTES)]
    TooLong,
    /// One of [`Handle::RESERVED`].
    #[error("{0:?} is reserved")]
    Reserved(String),
}

impl Handle {
    /// Fewest bytes.
    pub const MIN_BYTES: usize = 2;
    /// Most bytes: with a database's name of 63 and `org_` it stays below the 235 bytes that MongoDB allows a
    /// sharded collection (MongoDB manual, Limits and Thresholds).
    pub const MAX_BYTES: usize = 63;
    /// Words that would mislead as an organization's handle, or that the store uses itself.
    pub const RESERVED: [&str; 22] = [
        "admin",
        "administrator",
        "api",
        "auth",
        "config",
        "drop",
        "local",
        "login",
        "meta",
        "null",
        "operator",
        "org",
        "organization",
        "organizations",
        "root",
        "signup",
        "stray",
        "support",
        "system",
        "tenantry",
        "tmp",
        "trash",
    ];

    /// Takes a handle that is canonical already.
    ///
    /// # Errors
    /// [`InvalidHandle`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, InvalidHandle> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidHandle::TooLong);
        }
        let canonical_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !text.split('_').all(canonical_word) {
            return Err(InvalidHandle::NotCanonical);
        }
        if text.len() < Self::MIN_BYTES {
            return Err(InvalidHandle::TooShort);
        }
        if Self::RESERVED.contains(&text) {
            return Err(InvalidHandle::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Folds any spelling: "Acme, Inc.", "ACME  inc" and "acme-inc" are one handle, `acme_inc`.
    ///
    /// The order is NFKC, lower case, NFKC, transliteration, ASCII lower case, every run of other characters to `_`.
    /// Lower-casing before the transliteration leaves the fewest letters whose cases fold apart.
    ///
    /// # Errors
    /// [`InvalidHandle`] when nothing, too little or too much is left, or what is left is reserved.
    pub fn fold(text: &str) -> Result<Self, InvalidHandle> {
        // No letter shrinks below a quarter byte of output; a megabyte need not be folded to know it is too long.
        if text.len() > 64 * Self::MAX_BYTES {
            return Err(InvalidHandle::TooLong);
        }
        let lower: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let ascii = deunicode::deunicode(&lower).to_ascii_lowercase();
        let words: Vec<&str> = ascii
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        match words.join("_").as_str() {
            "" => Err(InvalidHandle::TooShort),
            folded => Self::parse(folded),
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Handle {
    type Error = InvalidHandle;

    fn try_from(text: String) -> Result<Self, InvalidHandle> {
        Self::parse(&text)
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_handle() {
        for spelling in [
            "Acme, Inc.",
            "ACME  inc",
            "acme-inc",
            "  acme_inc_  ",
            "ａｃｍｅ ＩＮＣ",
        ] {
            assert_eq!(Handle::fold(spelling).unwrap().as_str(), "acme_inc", "{spelling}");
        }
        assert_eq!(
            Handle::fold("Café München").unwrap(),
            Handle::fold("CAFE\u{301} MU\u{308}NCHEN").unwrap()
        );
        assert_eq!(Handle::fold("Ünïcode").unwrap().as_str(), "unicode");
    }

    #[test]
    fn what_cannot_be_a_handle_is_refused() {
        assert_eq!(Handle::fold("!!!"), Err(InvalidHandle::TooShort));
        assert_eq!(Handle::fold("a"), Err(InvalidHandle::TooShort));
        assert_eq!(Handle::fold(&"a".repeat(64)), Err(InvalidHandle::TooLong));
        assert_eq!(Handle::fold(&"a".repeat(1 << 20)), Err(InvalidHandle::TooLong));
        assert_eq!(
            Handle::fold("Admin"),
            Err(InvalidHandle::Reserved("admin".to_owned()))
        );
        for text in ["Acme", "acme inc", "_acme", "acme_", "a__b", "acmé", "", "a-b"] {
            assert_eq!(Handle::parse(text), Err(InvalidHandle::NotCanonical), "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_canonical(text in "\\PC{0,80}") {
            if let Ok(handle) = Handle::fold(&text) {
                prop_assert_eq!(Handle::parse(handle.as_str()), Ok(handle.clone()));
                prop_assert_eq!(Handle::fold(handle.as_str()), Ok(handle));
            }
        }

        #[test]
        fn composed_and_decomposed_names_fold_alike(text in "\\PC{0,40}") {
            let composed: String = text.nfc().collect();
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(Handle::fold(&composed), Handle::fold(&decomposed));
        }

        #[test]
        fn case_and_punctuation_never_tell_handles_apart(words in prop::collection::vec("[a-zA-Z0-9]{2,8}", 1..5)) {
            prop_assert_eq!(Handle::fold(&words.join(" ")), Handle::fold(&words.join(".-").to_uppercase()));
        }
    }

    #[test]
    fn every_code_point_folds_to_ascii_or_nothing() {
        for c in '\0'..=char::MAX {
            if let Ok(handle) = Handle::fold(&format!("aa{c}")) {
                assert!(handle.as_str().is_ascii(), "{c:?}");
            }
        }
    }
}
