//! E-mail addresses in the one form that uniqueness, look-up and throttling use.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use idna::AsciiDenyList;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::text::is_deceptive;

/// An e-mail address in canonical form: trimmed, NFC, lower case, the domain in IDNA's ASCII form (UTS #46).
///
/// Two spellings that name one mailbox by these rules are equal; provider rules such as ignored dots are not applied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing, or white space alone.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`Email::MAX_BYTES`] in canonical form.
    #[error("must be at most {} bytes", Email::MAX_BYTES)]
    TooLong,
    /// Not of the form `local@domain` (RFC 5321, section 4.1.2), or with invisible characters.
    #[error("must be an e-mail address such as ada@example.com")]
    Malformed,
}

impl Email {
    /// Longest address in canonical form, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;

    /// Reads an address in any spelling.
    ///
    /// # Errors
    /// [`InvalidEmail`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        // No spelling shrinks fourfold, so this bounds the work without refusing an address that would fit.
        if text.len() > 4 * Self::MAX_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        if local
            .chars()
            .any(|c| is_deceptive(c) || c.is_whitespace() || c == '"')
        {
            return Err(InvalidEmail::Malformed);
        }
        let local: String = local.nfc().flat_map(char::to_lowercase).nfc().collect();
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| InvalidEmail::Malformed)?;
        let canonical = format!("{local}@{domain}");
        if canonical.len() > Self::MAX_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let options = Options::default().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&canonical, options).map_err(|_| InvalidEmail::Malformed)?;
        Ok(Self(canonical))
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the domain alone: logs hold no address.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        write!(f, "…@{domain}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for spelling in ["ada@example.com", "  Ada@Example.COM ", "ADA@EXAMPLE.com"] {
            assert_eq!(Email::parse(spelling).unwrap().as_str(), "ada@example.com");
        }
        let composed = Email::parse("jos\u{e9}@b\u{fc}cher.example").unwrap();
        assert_eq!(
            composed,
            Email::parse("JOSE\u{301}@xn--bcher-kva.example").unwrap()
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert_eq!(Email::parse(" "), Err(InvalidEmail::Empty));
        let long = format!("{}@example.com", "a".repeat(64_000));
        assert_eq!(Email::parse(&long), Err(InvalidEmail::TooLong));
        for text in [
            "ada",
            "@example.com",
            "ada@",
            "a da@example.com",
            "a\u{200b}@example.com",
            "a\0@b.c",
            "a@[1.2.3.4]",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::Malformed), "{text:?}");
        }
    }

    #[test]
    fn debug_keeps_the_mailbox_to_itself() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "…@example.com");
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_stable(text in "\\PC{1,20}@[\\PC.]{1,20}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert!(email.as_str().len() <= Email::MAX_BYTES);
            }
        }

        #[test]
        fn case_never_tells_addresses_apart(local in "[a-zA-Z0-9.+_-]{1,30}", domain in "[a-zA-Z]{1,20}\\.[a-zA-Z]{2,8}") {
            let text = format!("{local}@{domain}");
            prop_assert_eq!(Email::parse(&text.to_uppercase()), Email::parse(&text.to_lowercase()));
        }
    }
}
