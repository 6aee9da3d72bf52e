//! What a wrong password costs, in rounds of bcrypt: counted, not timed.

use std::cell::Cell;

use bcrypt::HashParts;

use super::{
    super::{derived::Derived, imported::ImportedHash},
    *,
};

/// The thread's own work, with its rounds counted. Its time passes by rounds: a microsecond for each.
#[derive(Default)]
struct Counted {
    rounds: Cell<u64>,
    /// What a derivation counts for.
    derivation: u64,
}

impl Counted {
    fn count(&self, rounds: u64) {
        self.rounds.set(self.rounds.get() + rounds);
    }
}

impl Work for Counted {
    fn bcrypt(&self, input: &[u8], cost: u32, salt: [u8; 16]) -> Option<HashParts> {
        let hashed = ThisThread.bcrypt(input, cost, salt);
        self.count(hashed.as_ref().map_or(0, |_| 1 << cost));
        hashed
    }

    fn derive(&self, key: &Derived, password: &[u8]) -> Result<bool, UnusableHash> {
        self.count(self.derivation);
        ThisThread.derive(key, password)
    }

    fn cpu_time(&self) -> Duration {
        Duration::from_micros(self.rounds.get())
    }
}

/// The current cost, and what a hash at it takes.
const CURRENT: u32 = 10;
const FULL: u64 = 1 << CURRENT;
/// What the tests' decoy is a hash of. The real one's is nobody's.
const DECOY: &str = "decoy horse";
const PBKDF2: &str = "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$99bV.pKqUWKQUi1d2HhkR3ILvGqybbv4Jxx1sMp8D6s";

fn scheme(cost: u32) -> PasswordScheme {
    PasswordScheme::new(Peppers::default(), Cost::new(cost).unwrap())
}

fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

/// The scheme's decoy, its price in microseconds for rounds.
fn decoy(scheme: &PasswordScheme) -> Decoy {
    Decoy {
        hash: scheme.hash(&password(DECOY), [1; 16]).unwrap(),
        price: Duration::from_micros(1 << scheme.cost.get()),
    }
}

/// The verdict, and the rounds that it took.
fn verified(work: &Counted, current: u32, typed: &str, stored: Option<&PasswordHash>) -> (Verdict, u64) {
    let typed = Password::typed(typed).ok();
    let scheme = scheme(current);
    let verdict = scheme.verify_with(work, typed.as_ref(), stored, &decoy(&scheme));
    (verdict, work.rounds.get())
}

fn priced(typed: &str, stored: Option<&PasswordHash>) -> (Verdict, u64) {
    verified(&Counted::default(), CURRENT, typed, stored)
}

fn imported(text: &str) -> PasswordHash {
    ImportedHash::parse(text).unwrap()
}

const WRONG: (Verdict, u64) = (Verdict::Wrong, FULL);

#[test]
fn whatever_is_missing_or_amiss_costs_as_much_as_a_wrong_password() {
    let good = scheme(CURRENT).hash(&password("correct horse"), [7; 16]).unwrap();
    assert_eq!(priced("wrong horse", Some(&good)), WRONG);
    assert_eq!(priced("correct horse", Some(&good)), (Verdict::Right, FULL));
    // An unknown e-mail.
    assert_eq!(priced("correct horse", None), WRONG);
    assert_eq!(priced(DECOY, None), WRONG);
    assert_eq!(priced("", None), WRONG);
    // Passwords that nobody can have, and long ones.
    for typed in [
        "",
        "\0",
        "P\0P",
        &"P".repeat(71),
        &"P".repeat(72),
        &"P".repeat(1_000),
        &"P".repeat(2_000),
    ] {
        assert_eq!(priced(typed, Some(&good)), WRONG, "{typed}");
    }
    // Hashes that cannot be used.
    let unknown_pepper = good.as_str().replace(':', ":f").replace("$2b$", "0$2b$");
    let dear = good.as_str().replace("$10$", "$31$");
    assert_ne!(dear, good.as_str());
    for text in [
        "",
        "x",
        "bcrypt-sha384:",
        &good.as_str()[..40],
        &dear,
        &unknown_pepper,
        &"$2b$10$".repeat(100_000),
    ] {
        let damaged = PasswordHash::from_stored(text.to_owned());
        assert_eq!(priced("correct horse", Some(&damaged)), WRONG, "{}", text.len());
    }
}

#[test]
fn a_hash_under_an_unknown_pepper_costs_as_much() {
    let pepper = crate::domain::Pepper::new(b"lost");
    let lost = PasswordScheme::new(Peppers::new(pepper, Vec::new()), Cost::MIN);
    let lost = lost.hash(&password("correct horse"), [7; 16]).unwrap();
    assert_eq!(priced("correct horse", Some(&lost)), WRONG);
}

#[test]
fn a_wrong_password_for_an_old_cost_costs_as_much() {
    const RAISED: u32 = 12;
    let price = |typed: &str, old: &PasswordHash| verified(&Counted::default(), RAISED, typed, Some(old));
    for cost in [10, 11] {
        let old = scheme(cost).hash(&password("correct horse"), [7; 16]).unwrap();
        let wrong = price("wrong horse", &old);
        assert_eq!(wrong, (Verdict::Wrong, 1 << RAISED), "{cost}");
        // Who knows the password learns nothing, and will wait for the new hash as well.
        let right = price("correct horse", &old);
        assert_eq!(right, (Verdict::RightButStale, 1 << cost));
    }
}

#[test]
fn a_wrong_password_for_an_imported_bcrypt_hash_costs_as_much() {
    const RAISED: u32 = 11;
    let old = imported("$2a$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2");
    let price = |typed: &str| verified(&Counted::default(), RAISED, typed, Some(&old));
    for typed in ["wrong horse", "", "P\0P", &"P".repeat(72), &"P".repeat(1_000)] {
        assert_eq!(price(typed), (Verdict::Wrong, 1 << RAISED), "{typed}");
    }
    assert_eq!(price("correct horse battery"), (Verdict::RightButStale, 1 << 10));
}

#[test]
fn a_derived_key_is_made_up_for_by_time() {
    let old = imported(PBKDF2);
    for derivation in [0, 1, 100, FULL / 2, FULL - 1] {
        let work = Counted {
            derivation,
            ..Counted::default()
        };
        let (verdict, spent) = verified(&work, CURRENT, "wrong horse", Some(&old));
        assert_eq!(verdict, Verdict::Wrong);
        assert!(
            (FULL..FULL + (1 << SMALL_COST)).contains(&spent),
            "{derivation}: {spent}"
        );
    }
    // One that takes longer is not made up for, and the right one neither.
    for (derivation, typed, verdict) in [
        (2 * FULL, "wrong horse", Verdict::Wrong),
        (100, "correct horse battery", Verdict::RightButStale),
    ] {
        let work = Counted {
            derivation,
            ..Counted::default()
        };
        assert_eq!(verified(&work, CURRENT, typed, Some(&old)), (verdict, derivation));
    }
}

/// A thread whose clock cannot be read.
struct Stopped(Counted);

impl Work for Stopped {
    fn bcrypt(&self, input: &[u8], cost: u32, salt: [u8; 16]) -> Option<HashParts> {
        self.0.bcrypt(input, cost, salt)
    }

    fn derive(&self, key: &Derived, password: &[u8]) -> Result<bool, UnusableHash> {
        self.0.derive(key, password)
    }

    fn cpu_time(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn a_clock_that_stands_still_does_not_make_it_endless() {
    let work = Stopped(Counted::default());
    let scheme = scheme(CURRENT);
    let verdict = scheme.verify_with(
        &work,
        Some(&password("wrong horse")),
        Some(&imported(PBKDF2)),
        &decoy(&scheme),
    );
    assert_eq!((verdict, work.0.rounds.get()), WRONG);
}

#[test]
fn a_decoys_price_is_what_a_hash_takes() {
    let [cheap, dear] =
        [Cost::MIN.get(), Cost::MIN.get() + 3].map(|cost| scheme(cost).decoy().unwrap().price);
    // Eight times, give or take what else the processor does.
    assert!(cheap > Duration::ZERO && dear > 2 * cheap, "{cheap:?} {dear:?}");
}
