//! How passwords are stored: `bcrypt-sha384`, bcrypt over a keyed digest.

use std::{fmt, str::FromStr};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use bcrypt::{BcryptError, HashParts};
use serde::{Deserialize, Serialize};
use tenantry_common::password_rules::Password;

/// Names the scheme at the beginning of a stored hash; what follows is bcrypt's own text, `$2b$12$…`.
const TAG: &str = "bcrypt-sha384";

/// bcrypt's cost: each step doubles the work of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u32);

/// A cost outside [`Cost::MIN`] to [`Cost::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from {} to {}", Cost::MIN.0, Cost::MAX.0)]
pub struct InvalidCost;

impl Cost {
    /// Less is too cheap to guess against. Where failpoints are, nothing is worth guessing, and load shall be more than
    /// hashing.
    pub const MIN: Self = Self(if cfg!(feature = "failpoints") { 4 } else { 10 });
    /// More takes seconds, so that a stored hash could stall a thread.
    pub const MAX: Self = Self(14);

    /// This cost.
    ///
    /// # Errors
    /// [`InvalidCost`] outside the bounds.
    pub fn new(cost: u32) -> Result<Self, InvalidCost> {
        if (Self::MIN.0..=Self::MAX.0).contains(&cost) {
            Ok(Self(cost))
        } else {
            Err(InvalidCost)
        }
    }
}

impl FromStr for Cost {
    type Err = InvalidCost;

    fn from_str(text: &str) -> Result<Self, InvalidCost> {
        text.parse().map_err(|_| InvalidCost).and_then(Self::new)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A password as the store keeps it. Its Debug shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
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

/// A stored hash that is not of this scheme, is damaged, or has a cost outside the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored password hash is unusable")]
pub struct UnusableHash;

/// Hashes and verifies: `bcrypt(base64(HMAC-SHA-384(pepper, password)))`.
///
/// bcrypt alone stops at a NUL and at 72 bytes; the digest's 64 characters hold no NUL and are taken whole.
#[derive(Clone)]
pub struct PasswordScheme {
    pepper: hmac::Key,
    cost: Cost,
}

impl PasswordScheme {
    /// The scheme with a pepper, which may be empty, and a cost for new hashes.
    ///
    /// Hashes made under one pepper verify under no other.
    pub fn new(pepper: &[u8], cost: Cost) -> Self {
        Self {
            pepper: hmac::Key::new(hmac::HMAC_SHA384, pepper),
            cost,
        }
    }

    /// Hashes a password with a random salt. This takes long: a third of a second at cost 12.
    ///
    /// # Errors
    /// None that the bounds of [`Cost`] leave possible.
    pub fn hash(&self, password: &Password, salt: [u8; 16]) -> Result<PasswordHash, BcryptError> {
        let digest = self.digest(password.expose());
        let parts = bcrypt::non_truncating_hash_with_salt(digest, self.cost.0, salt)?;
        Ok(PasswordHash(format!("{TAG}{parts}")))
    }

    /// Whether the password is the one that was stored. Takes as long as hashing at the stored cost.
    ///
    /// # Errors
    /// [`UnusableHash`], at once.
    pub fn verify(&self, password: &Password, stored: &PasswordHash) -> Result<bool, UnusableHash> {
        self.verify_text(password.expose(), stored)
    }

    /// Answers as [`Self::verify`], but always for the price of one hash, and false for whatever is amiss.
    ///
    /// `dummy` is a hash of this scheme that stands in where there is none, so that an unknown e-mail, a password
    /// that nobody can have and a damaged hash cannot be told from a wrong password by time.
    pub fn verify_at_full_price(
        &self,
        password: Option<&Password>,
        stored: Option<&PasswordHash>,
        dummy: &PasswordHash,
    ) -> bool {
        if let (Some(password), Some(stored)) = (password, stored) {
            match self.verify(password, stored) {
                Ok(verdict) => return verdict,
                Err(error) => tracing::error!(%error, "a password was not accepted"),
            }
        }
        let _ = std::hint::black_box(self.verify_text(password.map_or("", Password::expose), dummy));
        false
    }

    fn verify_text(&self, password: &str, stored: &PasswordHash) -> Result<bool, UnusableHash> {
        let bcrypt_text = stored.0.strip_prefix(TAG).ok_or(UnusableHash)?;
        let parts: HashParts = bcrypt_text.parse().map_err(|_| UnusableHash)?;
        Cost::new(parts.get_cost()).map_err(|_| UnusableHash)?;
        bcrypt::non_truncating_verify(self.digest(password), bcrypt_text).map_err(|_| UnusableHash)
    }

    fn digest(&self, password: &str) -> String {
        STANDARD.encode(hmac::sign(&self.pepper, password.as_bytes()))
    }
}

/// Shows neither pepper nor anything derived from it.
impl fmt::Debug for PasswordScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordScheme")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn scheme() -> PasswordScheme {
        PasswordScheme::new(b"pepper", Cost::MIN)
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_password_verifies_against_its_hash_alone() {
        let stored = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
        assert!(
            stored
                .as_str()
                .starts_with(&format!("bcrypt-sha384$2b${:02}$", Cost::MIN.0)),
            "{}",
            stored.as_str()
        );
        assert_eq!(scheme().verify(&password("correct horse"), &stored), Ok(true));
        assert_eq!(scheme().verify(&password("correct horsf"), &stored), Ok(false));
    }

    #[test]
    fn another_pepper_verifies_nothing() {
        let stored = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
        let other = PasswordScheme::new(b"", Cost::MIN);
        assert_eq!(other.verify(&password("correct horse"), &stored), Ok(false));
    }

    /// bcrypt hears of the digest alone, so passwords are as different as their digests are.
    #[test]
    fn nothing_of_a_long_password_is_cut_off() {
        let mut digests = HashSet::new();
        let mut count = 0;
        for length in [8, 55, 56, 70, 71, 72, 73, 128, 1_000] {
            for tail in ["", "x", "y", "xx", "é", "e\u{301}x", "日", "\u{1f980}"] {
                count += 1;
                digests.insert(scheme().digest(&format!("{}{tail}", "P".repeat(length))));
            }
        }
        for text in ["P\0P", "P", "\0", "", "P\0"] {
            count += 1;
            digests.insert(scheme().digest(text));
        }
        assert_eq!(digests.len(), count);
        assert!(
            digests
                .iter()
                .all(|digest| digest.len() == 64 && !digest.contains('\0'))
        );
    }

    #[test]
    fn passwords_that_differ_after_72_bytes_do_not_verify_for_each_other() {
        let long = "P".repeat(72);
        let stored = scheme().hash(&password(&format!("{long}x")), [7; 16]).unwrap();
        assert_eq!(
            scheme().verify(&password(&format!("{long}y")), &stored),
            Ok(false)
        );
        assert_eq!(scheme().verify(&password(&long), &stored), Ok(false));
        assert_eq!(scheme().verify(&password(&format!("{long}x")), &stored), Ok(true));
    }

    #[test]
    fn a_cost_outside_the_bounds_is_refused_without_hashing() {
        let least = if cfg!(feature = "failpoints") { 4 } else { 10 };
        let stored = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
        let too_cheap = (0..least).map(|cost| format!("{cost:02}"));
        for cost in too_cheap.chain(["15", "31", "99", "-1", "+3"].map(str::to_owned)) {
            let other = format!("${cost}$");
            let text = stored.as_str().replace(&format!("${least:02}$"), &other);
            assert!(text.contains(&other), "{text}");
            let verdict = scheme().verify(&password("correct horse"), &PasswordHash(text));
            assert_eq!(verdict, Err(UnusableHash), "{cost}");
        }
        assert!(Cost::new(least - 1).is_err() && "15".parse::<Cost>().is_err());
        assert!(Cost::new(least).is_ok() && "14".parse::<Cost>().is_ok());
    }

    #[test]
    fn what_is_amiss_is_a_no() {
        let dummy = scheme().hash(&password("dummy dummy"), [1; 16]).unwrap();
        let right = password("dummy dummy");
        assert!(!scheme().verify_at_full_price(Some(&right), None, &dummy));
        assert!(!scheme().verify_at_full_price(None, Some(&dummy), &dummy));
        let damaged = PasswordHash("bcrypt-sha384$2b$31$".to_owned());
        assert!(!scheme().verify_at_full_price(Some(&right), Some(&damaged), &dummy));
        assert!(scheme().verify_at_full_price(Some(&right), Some(&dummy), &dummy));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?} {:?}", scheme(), PasswordHash("canary".to_owned()));
        assert!(!shown.contains("pepper") && !shown.contains("canary"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_stored_text_makes_verification_panic(text in "\\PC{0,80}") {
            let _ = scheme().verify(&password("correct horse"), &PasswordHash(text));
        }

        #[test]
        fn no_damaged_hash_makes_verification_panic(
            cost in "[0-9+ -]{2}", at in 0usize..73, with in any::<char>(), cut in 0usize..80,
        ) {
            // Costs within the bounds are left out: they hash, which is slow and proves nothing here.
            prop_assume!(cost.parse::<u32>().map_or(true, |cost| Cost::new(cost).is_err()));
            let mut chars: Vec<char> = format!("{TAG}$2b${cost}${}", "a".repeat(53)).chars().collect();
            if !(TAG.len() + 4..TAG.len() + 6).contains(&at) {
                chars[at] = with;
            }
            let text: String = chars.into_iter().take(cut).collect();
            let _ = scheme().verify(&password("correct horse"), &PasswordHash(text));
        }
    }
}
