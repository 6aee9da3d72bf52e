//! What a password must not be because it is written on the door: the account's own names.

use unicode_normalization::UnicodeNormalization;

use crate::email::Email;

/// Names of fewer characters are in many good passwords' canonical forms by chance.
const MIN_NAME: usize = 4;

/// Whose password it will be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The admin's e-mail.
    pub email: Option<&'a Email>,
    /// The organization's name.
    pub organization: Option<&'a str>,
    /// The organization's handle.
    pub handle: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// Whose e-mail alone is known.
    pub const fn of_email(email: Option<&'a Email>) -> Self {
        Self {
            email,
            organization: None,
            handle: None,
        }
    }

    /// Whether the password is one of the names: the e-mail, its local part, its domain or a label of it but the last,
    /// the organization's name or handle. Only letters and digits count, in no particular case, without accents, and
    /// digits at the end are ignored: `Acme-2026!` is `acme`.
    pub(super) fn names(&self, password: &str) -> bool {
        let password = Canonical::of(password);
        self.all()
            .iter()
            .any(|name| Canonical::of(name).is_same(&password))
    }

    fn all(&self) -> Vec<String> {
        let given = [self.organization, self.handle];
        let mut names: Vec<String> = given.into_iter().flatten().map(str::to_owned).collect();
        if let Some((local, domain)) = self.email.and_then(|email| email.as_str().rsplit_once('@')) {
            names.push(local.to_owned());
            // As it is stored, and as people write it, where it is not in ASCII.
            for domain in [domain.to_owned(), idna::domain_to_unicode(domain).0] {
                let labels = domain.rsplit('.').skip(1).map(str::to_owned);
                names.extend(labels);
                names.push(format!("{local}@{domain}"));
                names.push(domain);
            }
        }
        names
    }
}

/// A text's letters and digits, with and without the digits at its end.
struct Canonical {
    whole: String,
    stem: String,
}

impl Canonical {
    fn of(text: &str) -> Self {
        let whole = canonical(text);
        let stem = whole.trim_end_matches(char::is_numeric).to_owned();
        Self { whole, stem }
    }

    /// Whether the other text is this name. A name of digits, such as a telephone number, counts whole.
    fn is_same(&self, other: &Self) -> bool {
        let long_enough = |text: &str| text.chars().count() >= MIN_NAME;
        (long_enough(&self.whole) && self.whole == other.whole)
            || (long_enough(&self.stem) && self.stem == other.stem)
    }
}

/// The letters and digits alone, in lower case. Compatibility decomposition, so that accents fall away with the rest.
fn canonical(text: &str) -> String {
    let lower = text.nfkd().flat_map(char::to_lowercase);
    let kept: String = lower.nfkd().filter(|c| c.is_alphanumeric()).collect();
    // Marks that are letters may have come to stand side by side, and have an order.
    kept.nfkd().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(email: &str, organization: &str, password: &str) -> bool {
        let email = Email::parse(email).unwrap();
        let context = Context {
            email: Some(&email),
            organization: Some(organization),
            handle: Some("bolt_works"),
        };
        context.names(password)
    }

    #[test]
    fn the_accounts_own_names_are_found_in_any_spelling() {
        for password in [
            "ada.lovelace@mail.example.com",
            "Ada.Lovelace",
            "adalovelace2026",
            "A.D.A. Lovelace!!",
            "ＡＤＡlovelace",
            "mail.example.com",
            "Example 1",
            "Acmé, Inc. 123",
            "acmeinc99",
            "Bolt-Works!",
        ] {
            assert!(
                names("ada.lovelace@mail.example.com", "Acme, Inc.", password),
                "{password}"
            );
        }
        for password in ["münchen-99", "xn--mnchen-3ya"] {
            assert!(names("ada@münchen.example", "Acme", password), "{password}");
        }
    }

    #[test]
    fn a_password_may_hold_a_name_and_more() {
        for password in [
            "acme is not enough",
            "example-horse-battery",
            "commerce",
            "2026",
            "!!!!!!!!",
        ] {
            assert!(
                !names("ada.lovelace@mail.example.com", "Acme, Inc.", password),
                "{password}"
            );
        }
        assert!(!Context::default().names("anything"));
    }

    #[test]
    fn short_names_are_ignored_and_numbers_count_whole() {
        assert!(!names("ada@example.com", "Bob", "Bob-2026"));
        assert!(!names("ada@example.com", "Bob", "ada-1815"));
        assert!(names("13800138000@example.com", "Bob", "13800138000"));
        assert!(!names("13800138000@example.com", "Bob", "13800138001"));
        assert!(names("ab123456@example.com", "Bob", "AB-123456"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_stable(text in "\\PC{0,30}") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once.clone());
            prop_assert!(once.chars().all(char::is_alphanumeric));
        }

        #[test]
        fn a_name_is_found_in_every_normal_form_and_case(name in "[\\p{L}\\p{N} .-]{4,24}", digits in "[0-9]{0,4}") {
            let has_name = Canonical::of(&name);
            prop_assume!(has_name.stem.chars().count() >= MIN_NAME);
            let context = Context { organization: Some(&name), ..Context::default() };
            for spelling in [name.nfc().collect::<String>(), name.nfd().collect(), name.nfkc().collect(), name.nfkd().collect()] {
                let password = format!("-{spelling}!{digits}");
                prop_assert!(context.names(&password), "{password}");
            }
        }
    }
}
