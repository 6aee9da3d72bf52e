//! E-mail addresses: one canonical form, which stays what it is.

use tenantry_common::email::Email;

/// Takes the bytes for an address.
pub fn email(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Ok(email) = Email::parse(&text) else {
        return false;
    };
    let canonical = email.as_str();
    assert_eq!(Email::parse(canonical).as_ref(), Ok(&email), "{text:?}");
    assert_eq!(
        Email::parse(&format!(" {text}\t")).as_ref(),
        Ok(&email),
        "{text:?}"
    );
    assert!(canonical.len() <= Email::MAX_BYTES, "{canonical:?}");
    let plain = |c: char| !c.is_ascii_uppercase() && !c.is_control() && !c.is_whitespace();
    assert!(canonical.chars().all(plain), "{canonical:?}");
    let (local, domain) = canonical.rsplit_once('@').unwrap_or_default();
    assert!(
        !local.is_empty() && domain.is_ascii() && !domain.is_empty(),
        "{canonical:?}"
    );
    assert_eq!(format!("{email:?}"), format!("…@{domain}"));
    true
}
