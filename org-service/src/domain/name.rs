//! Names: what an owner calls the organization, kept as written.

use std::fmt;

use serde::{Deserialize, Serialize};
use tenantry_common::text::is_deceptive;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

/// A name for people: 1 to 100 code points after trimming, kept as written otherwise.
///
/// A word that mixes scripts beyond *Highly Restrictive* (UTS #39, section 5.2) is refused. Look-alikes that stay
/// within one script, such as an all-Cyrillic "сосо", are not caught.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganizationName(String);

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing, or white space alone.
    #[error("must not be empty")]
    Empty,
    /// More than [`OrganizationName::MAX_CHARS`] code points.
    #[error("must have at most {} characters", OrganizationName::MAX_CHARS)]
    TooLong,
    /// Holds a control, bidirectional or invisible character.
    #[error("must not hold control, bidirectional or invisible characters")]
    Deceptive,
    /// A word mixes scripts.
    #[error("must not mix scripts within a word")]
    MixedScripts,
}

impl OrganizationName {
    /// Most code points.
    pub const MAX_CHARS: usize = 100;

    /// Takes a name as it was written.
    ///
    /// # Errors
    /// [`InvalidName`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().take(Self::MAX_CHARS + 1).count() > Self::MAX_CHARS {
            return Err(InvalidName::TooLong);
        }
        if text.chars().any(is_deceptive) {
            return Err(InvalidName::Deceptive);
        }
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        for word in words {
            let level = word.detect_restriction_level();
            if level > RestrictionLevel::HighlyRestrictive && mixes_scripts(word) {
                return Err(InvalidName::MixedScripts);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether no single script holds all of the word's letters (UTS #39, section 5.1).
///
/// The restriction level alone would also refuse single-script words with letters outside the identifier profile.
fn mixes_scripts(word: &str) -> bool {
    use unicode_security::MixedScript;
    !word.is_single_script()
}

impl TryFrom<String> for OrganizationName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<OrganizationName> for String {
    fn from(name: OrganizationName) -> Self {
        name.0
    }
}

impl fmt::Display for OrganizationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OrganizationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_world_are_names() {
        for text in [
            "Acme, Inc.",
            "Société Générale",
            "Яндекс",
            "株式会社ソニー",
            "AT&T",
            "삼성 Samsung",
            "שלום",
            "O'Neill №5",
            "Müller & Söhne 🚀",
        ] {
            assert_eq!(OrganizationName::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(OrganizationName::parse("  Acme ").unwrap().as_str(), "Acme");
    }

    #[test]
    fn what_misleads_is_no_name() {
        assert_eq!(OrganizationName::parse(" \t"), Err(InvalidName::Empty));
        assert_eq!(
            OrganizationName::parse(&"x".repeat(101)),
            Err(InvalidName::TooLong)
        );
        assert_eq!(
            OrganizationName::parse(&"x".repeat(1 << 20)),
            Err(InvalidName::TooLong)
        );
        for text in ["a\0b", "a\u{202e}b", "a\u{200b}b", "a\nb"] {
            assert_eq!(
                OrganizationName::parse(text),
                Err(InvalidName::Deceptive),
                "{text:?}"
            );
        }
        // Latin with a Cyrillic а.
        assert_eq!(
            OrganizationName::parse("P\u{430}ypal"),
            Err(InvalidName::MixedScripts)
        );
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "\\PC{0,120}") {
            if let Ok(name) = OrganizationName::parse(&text) {
                prop_assert_eq!(OrganizationName::parse(name.as_str()), Ok(name.clone()));
            }
        }
    }
}
