//! The rules for new passwords: what they let through is a password however it is spelled, and can be typed.

use tenantry_common::{
    email::Email,
    password_rules::{Context, Password, PasswordRules},
};

/// Takes the first line for the admin's e-mail, the second for the organization's name, and the rest for a password.
pub fn password_rules(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (email, organization, typed) = (Email::parse(part()).ok(), part(), part());
    let context = Context {
        email: email.as_ref(),
        organization: Some(organization),
        handle: None,
    };
    let rules = PasswordRules::default();
    let Ok(password) = rules.check(typed, &context) else {
        return false;
    };
    let normal = password.expose();
    assert_eq!(password.expose_typed(), typed);
    assert!(
        (rules.min_chars..=Password::MAX_CHARS).contains(&normal.chars().count()),
        "{typed:?}"
    );
    assert!(!normal.contains('\0'), "{typed:?}");
    assert_eq!(format!("{password:?}"), "Password(…)");
    for spelling in [typed, normal] {
        let again = Password::typed(spelling).map(|password| password.expose().to_owned());
        assert_eq!(again.as_deref(), Ok(normal), "{typed:?}");
        assert!(rules.check(spelling, &context).is_ok(), "{typed:?}");
    }
    true
}
