//! What a password must be. org-service checks it before it writes anything, auth-service before it hashes.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// A password that keeps the rules, in NFKC (NIST SP 800-63B-4, section 3.1.1.2). Its Debug shows nothing.
#[derive(Clone)]
pub struct Password(SecretString);

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Fewer than [`Password::MIN_CHARS`] code points.
    #[error("must have at least {} characters", Password::MIN_CHARS)]
    TooShort,
    /// More than [`Password::MAX_CHARS`] code points.
    #[error("must have at most {} characters", Password::MAX_CHARS)]
    TooLong,
    /// Holds U+0000.
    #[error("must not hold the character NUL")]
    Nul,
}

impl Password {
    /// Fewest code points after NFKC.
    pub const MIN_CHARS: usize = 8;
    /// Most code points after NFKC.
    pub const MAX_CHARS: usize = 1_024;

    /// Takes a password as it was typed; nothing is trimmed or folded but by NFKC.
    ///
    /// # Errors
    /// [`InvalidPassword`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        // NFKC turns one code point into 18 at most, and never eighteen into fewer than one.
        let normal: String = text.nfkc().take(Self::MAX_CHARS + 1).collect();
        if normal.contains('\0') {
            return Err(InvalidPassword::Nul);
        }
        match normal.chars().count() {
            0..Self::MIN_CHARS => Err(InvalidPassword::TooShort),
            Self::MIN_CHARS..=Self::MAX_CHARS => Ok(Self(normal.into())),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// The password's UTF-8 bytes, for the hash and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_code_points() {
        assert_eq!(Password::parse("1234567").unwrap_err(), InvalidPassword::TooShort);
        assert!(Password::parse("12345678").is_ok());
        assert!(Password::parse("ありがとうございます").is_ok());
        assert!(Password::parse(&"é".repeat(1_024)).is_ok());
        assert_eq!(
            Password::parse(&"é".repeat(1_025)).unwrap_err(),
            InvalidPassword::TooLong
        );
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(Password::parse("1234\x005678").unwrap_err(), InvalidPassword::Nul);
    }

    #[test]
    fn both_spellings_of_a_letter_are_one_password() {
        let composed = Password::parse("caf\u{e9}-caf\u{e9}").unwrap();
        assert_eq!(
            composed.expose(),
            Password::parse("cafe\u{301}-cafe\u{301}").unwrap().expose()
        );
    }

    #[test]
    fn debug_shows_nothing() {
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
