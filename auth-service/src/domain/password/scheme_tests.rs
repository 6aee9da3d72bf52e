use proptest::prelude::*;

use super::*;
use crate::domain::Pepper;

const OLD: &[u8] = b"old pepper, 0123456789abcdef0123456789";
const NEW: &[u8] = b"new pepper, 0123456789abcdef0123456789";

fn scheme_of(current: &[u8], previous: &[&[u8]], cost: Cost) -> PasswordScheme {
    let previous = previous.iter().map(|secret| Pepper::new(secret)).collect();
    PasswordScheme::new(Peppers::new(Pepper::new(current), previous), cost)
}

fn scheme() -> PasswordScheme {
    scheme_of(NEW, &[], Cost::MIN)
}

fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

fn stored(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

#[test]
fn a_password_verifies_against_its_hash_alone() {
    let stored = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
    let form = format!(
        "bcrypt-sha384:{}$2b${:02}$",
        Pepper::new(NEW).id(),
        Cost::MIN.get()
    );
    assert!(stored.as_str().starts_with(&form), "{}", stored.as_str());
    assert_eq!(
        scheme().verify(&password("correct horse"), &stored),
        Ok(Verdict::Right)
    );
    assert_eq!(
        scheme().verify(&password("correct horsf"), &stored),
        Ok(Verdict::Wrong)
    );
}

#[test]
fn a_previous_pepper_verifies_and_an_unknown_one_does_not() {
    let right = password("correct horse");
    for made_under in [OLD, b""] {
        let stored = scheme_of(made_under, &[], Cost::MIN)
            .hash(&right, [7; 16])
            .unwrap();
        let rotated = scheme_of(NEW, &[b"", OLD], Cost::MIN);
        assert_eq!(rotated.verify(&right, &stored), Ok(Verdict::RightButStale));
        assert_eq!(
            rotated.verify(&password("correct horsf"), &stored),
            Ok(Verdict::Wrong)
        );
        assert_eq!(scheme().verify(&right, &stored), Err(UnusableHash::UnknownPepper));
    }
}

#[test]
fn a_hash_under_one_peppers_id_is_not_tried_under_another() {
    let right = password("correct horse");
    let rotated = scheme_of(NEW, &[OLD], Cost::MIN);
    let made = rotated.hash(&right, [7; 16]).unwrap();
    let [new, old] = [NEW, OLD].map(|secret| Pepper::new(secret).id().to_string());
    let renamed = stored(&made.as_str().replace(&new, &old));
    assert_ne!(renamed, made);
    assert_eq!(rotated.verify(&right, &renamed), Ok(Verdict::Wrong));
}

#[test]
fn a_hash_of_another_cost_is_stale() {
    let (right, next) = (password("correct horse"), Cost::new(Cost::MIN.get() + 1).unwrap());
    let [cheap, dear] = [Cost::MIN, next].map(|cost| scheme_of(NEW, &[], cost));
    let [from_cheap, from_dear] = [&cheap, &dear].map(|scheme| scheme.hash(&right, [7; 16]).unwrap());
    assert_eq!(cheap.verify(&right, &from_dear), Ok(Verdict::RightButStale));
    assert_eq!(dear.verify(&right, &from_cheap), Ok(Verdict::RightButStale));
    assert_eq!(dear.verify(&right, &from_dear), Ok(Verdict::Right));
}

/// The hash is passlib's, of `cafe\u{301}-noir` as it stands here.
#[test]
fn an_imported_hash_is_of_what_was_typed_and_is_stale() {
    let text = "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$YwHHzTKx6UJxgkPCs9Kl38e0XH3ytFoiUUIR.sJYCEc";
    let stored = crate::domain::ImportedHash::parse(text).unwrap();
    for (typed, verdict) in [
        ("cafe\u{301}-noir", Verdict::RightButStale),
        ("caf\u{e9}-noir", Verdict::Wrong),
    ] {
        assert_eq!(scheme().verify(&password(typed), &stored), Ok(verdict), "{typed}");
    }
}

#[test]
fn passwords_that_differ_after_71_or_72_bytes_do_not_verify_for_each_other() {
    for shared in [70, 71, 72] {
        let shared = "P".repeat(shared);
        let stored = scheme().hash(&password(&format!("{shared}é")), [7; 16]).unwrap();
        for (tail, verdict) in [
            ("é", Verdict::Right),
            // The first of the two bytes is the same.
            ("è", Verdict::Wrong),
            ("", Verdict::Wrong),
            ("éx", Verdict::Wrong),
        ] {
            let typed = password(&format!("{shared}{tail}"));
            assert_eq!(scheme().verify(&typed, &stored), Ok(verdict), "{tail}");
        }
    }
}

#[test]
fn a_cost_outside_the_bounds_is_refused_without_hashing() {
    let least = Cost::MIN.get();
    let made = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
    let too_cheap = (0..least).map(|cost| format!("{cost:02}"));
    for cost in too_cheap.chain(["15", "31", "99", "-1", "+3"].map(str::to_owned)) {
        let other = format!("${cost}$");
        let text = made.as_str().replace(&format!("${least:02}$"), &other);
        assert!(text.contains(&other), "{text}");
        let verdict = scheme().verify(&password("correct horse"), &stored(&text));
        assert!(
            matches!(verdict, Err(UnusableHash::OutOfBounds | UnusableHash::Damaged)),
            "{cost}: {verdict:?}"
        );
    }
}

#[test]
fn an_enormous_hash_is_not_looked_at() {
    let enormous = format!("$pbkdf2-sha256$29000${}${}", "A".repeat(1 << 20), "A".repeat(43));
    let verdict = scheme().verify(&password("correct horse"), &stored(&enormous));
    assert_eq!(verdict, Err(UnusableHash::TooLong));
}

#[test]
fn debug_shows_no_secret() {
    let hash = scheme().hash(&password("correct horse"), [7; 16]).unwrap();
    let read = Stored::parse(&hash).unwrap();
    let shown = format!("{:?} {hash:?} {read:?}", scheme());
    let secret = &hash.as_str()[hash.as_str().len() - 50..];
    assert!(
        !shown.contains("0123456789") && !shown.contains(&secret[30..]),
        "{shown}"
    );
    let salt_and_sum = [hash.as_str(), secret].map(|text| shown.contains(text));
    assert_eq!(salt_and_sum, [false, false], "{shown}");
}

/// Nothing that would be hashed: that is slow, and proves nothing here.
fn refused(text: &str) -> bool {
    let hash = stored(text);
    Stored::parse(&hash).is_ok() || scheme().verify(&password("correct horse"), &hash).is_err()
}

proptest! {
    #[test]
    fn no_stored_text_makes_verification_panic(text in "(?s).{0,120}") {
        prop_assert!(refused(&text));
    }

    #[test]
    fn no_damaged_hash_makes_verification_panic(
        beginning in "(bcrypt-sha384:([0-9a-f]{8}|[0-9a-fA-F+]{0,9}))?\\$2[abxy]\\$[0-9+ -]{2}\\$",
        at in 0usize..90, with in any::<char>(), cut in 0usize..90,
    ) {
        let mut chars: Vec<char> = format!("{beginning}{}", "a".repeat(53)).chars().collect();
        if let Some(one) = chars.get_mut(at) {
            *one = with;
        }
        let text: String = chars.into_iter().take(cut).collect();
        prop_assert!(refused(&text));
    }

    #[test]
    fn what_is_read_has_its_cost_within_the_bounds(cost in 0u32..100, id in "[0-9a-f]{8}", own: bool) {
        let bcrypt_text = format!("$2b${cost:02}${}", "a".repeat(53).replace('a', "."));
        let text = if own { format!("bcrypt-sha384:{id}{bcrypt_text}") } else { bcrypt_text };
        let read = Stored::parse(&stored(&text));
        prop_assert_eq!(read.is_ok(), Cost::new(cost).is_ok(), "{:?}", read);
    }
}
