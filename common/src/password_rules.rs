//! What a password must be. org-service checks it before it writes anything, auth-service before it hashes.
//!
//! The rules hold when a password is set, never when one is typed to log in: a rule that becomes stricter locks nobody
//! out, and imported passwords may be weak.

mod blocklist;
mod personal;

use std::fmt;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

pub use personal::Context;

/// A password in NFKC (NIST SP 800-63B-4, section 3.1.1.2), and as it was typed. Its Debug shows nothing.
#[derive(Clone)]
pub struct Password {
    normal: SecretString,
    /// None where it was typed in NFKC.
    typed: Option<SecretString>,
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Nothing at all.
    #[error("must not be empty")]
    Empty,
    /// More than [`Password::MAX_CHARS`] code points.
    #[error("must have at most {} characters", Password::MAX_CHARS)]
    TooLong,
    /// Holds U+0000.
    #[error("must not hold the character NUL")]
    Nul,
    /// Fewer code points than the rules ask for.
    #[error("must have at least {min_chars} characters")]
    TooShort {
        /// How many they ask for.
        min_chars: usize,
    },
    /// One of those that are guessed first.
    #[error("is one of the most common passwords: choose one that nobody else has, such as a few words")]
    Common,
    /// One of the account's own names.
    #[error(
        "is the e-mail, the organization's name or a part of them: choose one that cannot be told from these"
    )]
    Personal,
}

impl Password {
    /// Most code points after NFKC.
    pub const MAX_CHARS: usize = 1_024;

    /// Takes a password as it was typed to log in; nothing is trimmed or folded but by NFKC.
    ///
    /// # Errors
    /// [`InvalidPassword`] where nobody can have such a password.
    pub fn typed(text: &str) -> Result<Self, InvalidPassword> {
        // One more than may be tells that there are too many, however long the text is.
        let normal: String = text.nfkc().take(Self::MAX_CHARS + 1).collect();
        let normal = SecretString::from(normal);
        let exposed = normal.expose_secret();
        if exposed.contains('\0') {
            return Err(InvalidPassword::Nul);
        }
        match exposed.chars().count() {
            0 => Err(InvalidPassword::Empty),
            1..=Self::MAX_CHARS => {
                let typed = (exposed != text).then(|| SecretString::from(text));
                Ok(Self { normal, typed })
            }
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// The password's UTF-8 bytes in NFKC, for the hash and for nothing else.
    pub fn expose(&self) -> &str {
        self.normal.expose_secret()
    }

    /// The password's UTF-8 bytes as they were typed, for hashes that others made of them.
    pub fn expose_typed(&self) -> &str {
        self.typed.as_ref().unwrap_or(&self.normal).expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a new password must keep to.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordRules {
    /// Fewest characters of a new password, 8 to 64; NIST SP 800-63B-4 asks for 15 where nothing else is asked for.
    /// Passwords that are set already stay good.
    #[arg(long = "password-min-length", env = "PASSWORD_MIN_LENGTH", default_value_t = Self::DEFAULT_MIN_CHARS, value_parser = parse_min_chars)]
    pub min_chars: usize,
}

impl Default for PasswordRules {
    /// What holds where nothing is set.
    fn default() -> Self {
        Self {
            min_chars: Self::DEFAULT_MIN_CHARS,
        }
    }
}

impl PasswordRules {
    /// Fewest code points where nothing is set, and the least that can be (NIST SP 800-63B-4, section 3.1.1.2).
    const DEFAULT_MIN_CHARS: usize = 8;
    /// The longest that may be asked for: every verifier has to take as many (the same section).
    const MAX_MIN_CHARS: usize = 64;

    /// A new password, for whom the context says.
    ///
    /// # Errors
    /// [`InvalidPassword`] names the broken rule, and what to do.
    pub fn check(&self, text: &str, context: &Context<'_>) -> Result<Password, InvalidPassword> {
        let password = Password::typed(text)?;
        let exposed = password.expose();
        if exposed.chars().count() < self.min_chars {
            let min_chars = self.min_chars;
            return Err(InvalidPassword::TooShort { min_chars });
        }
        if blocklist::is_common(exposed) {
            return Err(InvalidPassword::Common);
        }
        if context.names(exposed) {
            return Err(InvalidPassword::Personal);
        }
        Ok(password)
    }
}

fn parse_min_chars(text: &str) -> Result<usize, String> {
    let bounds = PasswordRules::DEFAULT_MIN_CHARS..=PasswordRules::MAX_MIN_CHARS;
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| {
        format!(
            "must be a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::email::Email;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        rules: PasswordRules,
    }

    fn check(text: &str) -> Result<Password, InvalidPassword> {
        PasswordRules::default().check(text, &Context::default())
    }

    const TOO_SHORT: InvalidPassword = InvalidPassword::TooShort { min_chars: 8 };

    #[test]
    fn length_counts_code_points() {
        assert_eq!(check("1k2m3n4").unwrap_err(), TOO_SHORT);
        assert!(check("1k2m3n4p").is_ok());
        assert!(check("ありがとうございます").is_ok());
        assert!(check(&"é".repeat(1_024)).is_ok());
        assert_eq!(check(&"é".repeat(1_025)).unwrap_err(), InvalidPassword::TooLong);
        // One code point may become eighteen.
        assert_eq!(
            check(&"\u{fdfa}".repeat(57)).unwrap_err(),
            InvalidPassword::TooLong
        );
    }

    #[test]
    fn what_is_typed_need_not_keep_the_rules_for_new_passwords() {
        for text in ["1", "password1", "ada@example.com", &"é".repeat(1_024)] {
            assert_eq!(Password::typed(text).unwrap().expose(), text);
        }
        for (text, why) in [
            ("", InvalidPassword::Empty),
            ("1234\x005678", InvalidPassword::Nul),
            ("\0", InvalidPassword::Nul),
            (&"é".repeat(1_025), InvalidPassword::TooLong),
        ] {
            assert_eq!(Password::typed(text).unwrap_err(), why);
            assert_eq!(check(text).unwrap_err(), why);
        }
    }

    #[test]
    fn common_and_personal_passwords_are_refused_with_a_reason() {
        assert_eq!(check("PASSWORD1").unwrap_err(), InvalidPassword::Common);
        // Full-width letters are the same letters in NFKC.
        assert_eq!(check("ｐａｓｓｗｏｒｄ１").unwrap_err(), InvalidPassword::Common);
        let email = Email::parse("ada.lovelace@example.com").unwrap();
        let context = Context {
            email: Some(&email),
            ..Context::default()
        };
        let rules = PasswordRules::default();
        let refused = rules.check("Ada-Lovelace-1815", &context).unwrap_err();
        assert_eq!(refused, InvalidPassword::Personal);
        assert!(rules.check("correct horse battery", &context).is_ok());
    }

    #[test]
    fn the_least_length_is_a_setting() {
        let rules =
            |flags: &[&str]| Flags::try_parse_from(["server"].iter().chain(flags)).map(|flags| flags.rules);
        let fifteen = rules(&["--password-min-length", "15"]).unwrap();
        let context = Context::default();
        let refused = fifteen.check("fourteen chars", &context).unwrap_err();
        assert_eq!(refused.to_string(), "must have at least 15 characters");
        assert!(fifteen.check("fifteen chars !", &context).is_ok());
        for bad in ["7", "65", "+9x", "x", ""] {
            let error = rules(&["--password-min-length", bad])
                .map(|rules| rules.min_chars)
                .unwrap_err();
            assert!(error.to_string().contains("from 8 to 64"), "{error}");
        }
    }

    #[test]
    fn both_spellings_of_a_letter_are_one_password() {
        let composed = Password::typed("caf\u{e9}-caf\u{e9}").unwrap();
        let decomposed = Password::typed("cafe\u{301}-cafe\u{301}").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        assert_eq!(composed.expose_typed(), "caf\u{e9}-caf\u{e9}");
        assert_eq!(decomposed.expose_typed(), "cafe\u{301}-cafe\u{301}");
    }

    #[test]
    fn debug_shows_nothing() {
        let password = Password::typed("correct horse e\u{301}").unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
    }

    proptest! {
        #[test]
        fn a_passwords_form_is_stable(text in "\\PC{1,40}") {
            let once = Password::typed(&text).unwrap();
            let twice = Password::typed(once.expose()).unwrap();
            prop_assert_eq!(twice.expose(), once.expose());
            prop_assert_eq!(twice.expose_typed(), once.expose());
            prop_assert_eq!(once.expose_typed(), text);
        }

        #[test]
        fn no_text_makes_the_rules_panic(text in "(?s).{0,60}", email in "[a-z.+0-9é]{1,12}@[a-z0-9ü-]{1,12}\\.[a-z]{2,4}", name in "\\PC{0,30}") {
            let email = Email::parse(&email).ok();
            let context = Context { email: email.as_ref(), organization: Some(&name), handle: None };
            if let Ok(password) = PasswordRules::default().check(&text, &context) {
                // A rule is about the password, not about how it was spelled.
                prop_assert!(PasswordRules::default().check(password.expose(), &context).is_ok());
            }
        }
    }
}
