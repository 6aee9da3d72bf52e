//! The secrets that hashes depend on and that the store does not hold.

use std::{fmt, str::FromStr};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// What a pepper's id is the HMAC of.
const ID_TEXT: &[u8] = b"tenantry pepper id v1";

/// A pepper, which may be empty. Its Debug shows the id alone.
pub struct Pepper {
    id: PepperId,
    key: hmac::Key,
}

/// Names a pepper in the hashes made under it: the first 32 bits of HMAC-SHA-256(pepper, "tenantry pepper id v1"), in
/// eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PepperId(u32);

impl Pepper {
    /// Fewest bytes of one that is not empty: it has to be as hard to guess as the key of an HMAC-SHA-256 (RFC 2104,
    /// section 3).
    pub const MIN_BYTES: usize = 32;

    /// The pepper that is this secret.
    pub fn new(secret: &[u8]) -> Self {
        let id = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), ID_TEXT);
        let id = id.as_ref().iter().take(4);
        Self {
            id: PepperId(id.fold(0, |id, &byte| id << 8 | u32::from(byte))),
            key: hmac::Key::new(hmac::HMAC_SHA384, secret),
        }
    }

    pub(super) const fn id(&self) -> PepperId {
        self.id
    }

    /// `base64(HMAC-SHA-384(pepper, password))`: 64 characters, none of them NUL.
    pub(super) fn digest(&self, password: &str) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(hmac::sign(&self.key, password.as_bytes())))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", self.id)
    }
}

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for PepperId {
    type Err = ();

    /// The one spelling that Display gives.
    fn from_str(text: &str) -> Result<Self, ()> {
        let id = u32::from_str_radix(text, 16).map(Self).map_err(|_| ())?;
        Some(id).filter(|id| id.to_string() == text).ok_or(())
    }
}

/// The pepper for new hashes, and those that older ones may be under.
#[derive(Debug)]
pub struct Peppers {
    current: Pepper,
    previous: Vec<Pepper>,
}

impl Default for Peppers {
    /// The empty pepper alone.
    fn default() -> Self {
        Self::new(Pepper::new(b""), Vec::new())
    }
}

impl Peppers {
    /// These peppers.
    pub const fn new(current: Pepper, previous: Vec<Pepper>) -> Self {
        Self { current, previous }
    }

    pub(super) const fn current(&self) -> &Pepper {
        &self.current
    }

    pub(super) fn find(&self, id: PepperId) -> Option<&Pepper> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|pepper| pepper.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// Computed with Python's hmac.
    #[test]
    fn a_peppers_id_and_digests_do_not_change_between_releases() {
        assert_eq!(Pepper::new(b"").id().to_string(), "946cf3a7");
        let pepper = Pepper::new(b"0123456789abcdef0123456789abcdef");
        assert_eq!(pepper.id().to_string(), "6930f4e8");
        assert_eq!(
            *pepper.digest("correct horse"),
            "Pshsc7iedHrLpe2KaaaWWkQxDOfERPwdttwLA6LOhQT2JlilOqM51WC2uSvbt5ff"
        );
    }

    /// bcrypt hears of the digest alone, so passwords are as different as their digests are.
    #[test]
    fn nothing_of_a_long_password_is_cut_off() {
        let pepper = Pepper::new(b"");
        let mut digests = HashSet::new();
        let mut count = 0;
        for length in [8, 55, 56, 70, 71, 72, 73, 128, 1_000] {
            for tail in ["", "x", "y", "xx", "é", "e\u{301}x", "日", "\u{1f980}"] {
                count += 1;
                let digest = pepper.digest(&format!("{}{tail}", "P".repeat(length)));
                digests.insert(digest.to_string());
            }
        }
        for text in ["P\0P", "P", "\0", "", "P\0"] {
            count += 1;
            digests.insert(pepper.digest(text).to_string());
        }
        assert_eq!(digests.len(), count);
        assert!(
            digests
                .iter()
                .all(|digest| digest.len() == 64 && !digest.contains('\0'))
        );
    }

    #[test]
    fn a_pepper_is_found_by_its_id() {
        let peppers = Peppers::new(Pepper::new(b"new"), vec![Pepper::new(b"old"), Pepper::new(b"")]);
        for secret in [&b"new"[..], b"old", b""] {
            let pepper = Pepper::new(secret);
            let found = peppers.find(pepper.id()).unwrap();
            assert_eq!(found.digest("correct horse"), pepper.digest("correct horse"));
        }
        assert!(peppers.find(Pepper::new(b"lost").id()).is_none());
        assert!(!format!("{peppers:?}").contains("old"));
    }

    proptest! {
        #[test]
        fn an_id_has_one_spelling(text in "[0-9a-fA-F+]{0,9}") {
            match text.parse::<PepperId>() {
                Ok(id) => prop_assert_eq!(id.to_string(), text),
                Err(()) => prop_assert!(text.len() != 8 || text.chars().any(|c| c.is_ascii_uppercase() || c == '+')),
            }
        }
    }
}
