use proptest::prelude::*;
use tenantry_common::password_rules::Password;

use super::{super::work::ThisThread, *};

/// Made by Python's passlib 1.7.4 (pbkdf2_sha256, argon2), argon2-cffi 25.1.0 and bcrypt 4.0.1, the last by way of
/// passlib. The salt is `0123456789abcdef` where it has sixteen bytes, in PBKDF2's last one the bytes from 0xf0 to 0xff,
/// and bcrypt's `abcdefghijklmnopqrstuu`.
const VECTORS: [(&str, &str); 15] = [
    (
        "correct horse battery",
        "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$HwysB.Ke0YuzHEd/zzqZI6iTbuC8ephxy6jSfQdwV8M",
    ),
    (
        "短いパスワード",
        "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$K4ng999TEfrFG8N0gO02lD5Bn8b1F0fcTPua17JEqHE",
    ),
    (
        "cafe\u{301}-noir",
        "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$YwHHzTKx6UJxgkPCs9Kl38e0XH3ytFoiUUIR.sJYCEc",
    ),
    (
        "short",
        "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$xCyory5CpQaofZYJkogndx/Dv2WR.X4uhDmYCWXizik",
    ),
    (
        "correct horse battery",
        "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$99bV.pKqUWKQUi1d2HhkR3ILvGqybbv4Jxx1sMp8D6s",
    ),
    (
        "correct horse battery",
        "$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Qd/uPU2dNuqz/ljLQKUryhqKULDfO/egRNHbpCY1GDk",
    ),
    (
        "correct horse battery",
        "$argon2id$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$9DZCYrXiagRKJnCA7LhyETwiZbGbnLQttbZP+n2fgfY",
    ),
    (
        "cafe\u{301}-noir",
        "$argon2id$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$ZhMOS3JgpYSV9kgyPuw+hBYNxBTqaGegpC35Ukhn+Pk",
    ),
    (
        "correct horse battery",
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$69I7qCjDTsQwhQqFvpQJiqEI0lGQvxC84fXE0Ktxca4",
    ),
    (
        "correct horse battery",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$+/n7MQqMfJmGNtwB+1rxmQ",
    ),
    (
        "correct horse battery",
        "$argon2id$v=19$m=256,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$UmMMA9eKaJeujd7Zk9VnfQwuMkyRD2XP/gZtZkkH4qc",
    ),
    (
        "correct horse battery",
        "$2a$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2",
    ),
    (
        "correct horse battery",
        "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2",
    ),
    (
        "correct horse battery",
        "$2y$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2",
    ),
    (
        "cafe\u{301}-noir",
        "$2b$10$abcdefghijklmnopqrstuuo1Lcfs/BicqiUBzqi3U0Y5t.xIPNYDq",
    ),
];

fn is_of(hash: &str, typed: &str) -> bool {
    let hash = ImportedHash::read(ImportedHash::parse(hash).unwrap().as_str()).unwrap();
    let password = Password::typed(typed).unwrap();
    hash.is_of(password.expose_typed(), &ThisThread).unwrap()
}

#[test]
fn hashes_of_other_systems_verify_for_their_passwords_alone() {
    for (password, hash) in VECTORS {
        assert!(is_of(hash, password), "{hash}");
        assert!(!is_of(hash, &format!("{password}x")), "{hash}");
    }
}

#[test]
fn what_was_typed_counts_and_not_its_normal_form() {
    for (password, hash) in VECTORS
        .into_iter()
        .filter(|(password, _)| password.starts_with("cafe"))
    {
        assert!(is_of(hash, password) && !is_of(hash, "caf\u{e9}-noir"), "{hash}");
    }
}

/// Those of 71 and 72 times P, and of P, from Python's bcrypt, which cuts off at 72 bytes.
#[test]
fn nothing_that_bcrypt_would_cut_off_is_ever_equal() {
    let [seventy_one, seventy_two, one] = [
        "$2b$10$abcdefghijklmnopqrstuuMHTOnlkuUio4VHsNXZJWWpxxgjhwyJW",
        "$2b$10$abcdefghijklmnopqrstuuiPCddGoCj9R3TnGBL6kgR3RiK9TykcG",
        "$2b$10$abcdefghijklmnopqrstuujLE8ffgHzS5z9eI5YYsLDy1fV//Qq7O",
    ];
    assert!(is_of(seventy_one, &"P".repeat(71)) && is_of(one, "P"));
    for typed in [
        "P".repeat(72),
        "P".repeat(73),
        format!("{}é", "P".repeat(70)),
        format!("{}x", "P".repeat(72)),
    ] {
        assert!(
            !is_of(seventy_one, &typed) && !is_of(seventy_two, &typed),
            "{typed}"
        );
    }
    // A NUL is no part of any password that can be typed; were it one, bcrypt would stop at it.
    let one = ImportedHash::read(one).unwrap();
    assert!(!one.is_of("P\0P", &ThisThread).unwrap() && !one.is_of("P\0", &ThisThread).unwrap());
    assert!(one.is_of("P", &ThisThread).unwrap());
}

#[test]
fn a_hash_that_is_damaged_or_out_of_bounds_is_refused() {
    let (salt, sum) = (
        "MDEyMzQ1Njc4OWFiY2RlZg",
        "HwysB.Ke0YuzHEd/zzqZI6iTbuC8ephxy6jSfQdwV8M",
    );
    let argon2 = |parameters: &str| format!("$argon2id${parameters}${salt}${}", sum.replace('.', "+"));
    use UnusableHash::{Damaged, OutOfBounds, TooLong, UnknownScheme};
    for (text, why) in [
        (String::new(), UnknownScheme),
        ("correct horse".to_owned(), UnknownScheme),
        (
            "$2x$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2".to_owned(),
            UnknownScheme,
        ),
        (format!("bcrypt-sha384:b613679a{}", VECTORS[12].1), UnknownScheme),
        (format!("$pbkdf2-sha512$29000${salt}${sum}"), UnknownScheme),
        (
            argon2("v=19$m=64,t=1,p=1").replace("argon2id", "argon2i"),
            UnknownScheme,
        ),
        (
            "$2b$31$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2".to_owned(),
            OutOfBounds,
        ),
        (
            "$2b$03$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2".to_owned(),
            OutOfBounds,
        ),
        (
            "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/".to_owned(),
            Damaged,
        ),
        (format!("$pbkdf2-sha256$999${salt}${sum}"), OutOfBounds),
        (format!("$pbkdf2-sha256$2000001${salt}${sum}"), OutOfBounds),
        (
            format!("$pbkdf2-sha256$99999999999999999999${salt}${sum}"),
            OutOfBounds,
        ),
        (format!("$pbkdf2-sha256$+29000${salt}${sum}"), Damaged),
        (format!("$pbkdf2-sha256$029000${salt}${sum}"), Damaged),
        (format!("$pbkdf2-sha256$29000${salt}${}", &sum[1..]), Damaged),
        (
            format!("$pbkdf2-sha256$29000${salt}${}", sum.replace('.', "+")),
            Damaged,
        ),
        (format!("$pbkdf2-sha256$29000$${sum}"), Damaged),
        (format!("$pbkdf2-sha256$29000${salt}${sum}$"), Damaged),
        (format!("$pbkdf2-sha256$29000${salt}"), Damaged),
        (argon2("v=16$m=64,t=1,p=1"), OutOfBounds),
        (argon2("m=64,t=1,p=1"), OutOfBounds),
        (argon2("v=19$m=262145,t=1,p=1"), OutOfBounds),
        (argon2("v=19$m=64,t=17,p=1"), OutOfBounds),
        (argon2("v=19$m=4096,t=1,p=17"), OutOfBounds),
        (argon2("v=19$m=64,t=1,p=1,keyid=AAAA"), Damaged),
        (argon2("v=19$m=64,t=1"), Damaged),
        (argon2("v=19$m=64,m=64,t=1"), Damaged),
        (argon2("v=19$m=7,t=1,p=1"), Damaged),
        (argon2("v=19$m=64,t=0,p=1"), Damaged),
        (argon2("v=19$m=99999999999,t=1,p=1"), Damaged),
        (format!("$argon2id$v=19$m=64,t=1,p=1${salt}"), Damaged),
        ("$argon2id$".to_owned(), Damaged),
        (format!("$argon2id${}", "v".repeat(503)), TooLong),
    ] {
        assert_eq!(ImportedHash::parse(&text), Err(why), "{text}");
    }
    assert!(ImportedHash::parse(&argon2("v=19$m=262144,t=16,p=16")).is_ok());
    assert!(ImportedHash::parse(&format!("$pbkdf2-sha256$2000000${salt}${sum}")).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(?s).{0,100}") {
        prop_assert!(ImportedHash::parse(&text).is_err());
    }

    #[test]
    fn no_damaged_hash_makes_the_parser_panic(
        vector in 0..VECTORS.len(), at in 0usize..100, with in "(?s).|[$=,0-9./+]", cut in 0usize..120,
    ) {
        let mut chars: Vec<String> = VECTORS[vector].1.chars().map(String::from).collect();
        if let Some(one) = chars.get_mut(at) {
            *one = with;
        }
        let text: String = chars.into_iter().take(cut).collect();
        if let Ok(hash) = ImportedHash::parse(&text) {
            prop_assert_eq!(hash.as_str(), text);
        }
    }

    #[test]
    fn parameters_are_within_the_bounds_or_refused(m: u32, t: u32, p: u32, rounds: u32) {
        let argon2 = format!("$argon2id$v=19$m={m},t={t},p={p}$c2FsdHNhbHQ$+/n7MQqMfJmGNtwB+1rxmQ");
        let fits = (8..=262_144).contains(&m) && (1..=16).contains(&t) && (1..=16).contains(&p) && m >= 8 * p;
        prop_assert_eq!(ImportedHash::parse(&argon2).is_ok(), fits);
        let pbkdf2 = VECTORS[0].1.replace("29000", &rounds.to_string());
        prop_assert_eq!(ImportedHash::parse(&pbkdf2).is_ok(), (1_000..=2_000_000).contains(&rounds));
    }
}
