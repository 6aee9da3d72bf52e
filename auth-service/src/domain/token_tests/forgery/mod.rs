//! Tokens that nobody issued, made in every way that is known, by the hundred thousand: none is accepted.
//!
//! `TENANTRY_FORGED_TOKENS` says how many, `TENANTRY_FORGERY_SEED` which; `cargo xtask forge` makes a million.

mod claims;
mod forger;
mod headers;
mod mutations;
mod signatures;

use std::{
    collections::{BTreeMap, HashSet},
    env,
    hash::{DefaultHasher, Hash, Hasher},
    thread,
};

use fastrand::Rng;

use super::*;
use forger::Forger;

/// How many are made where nothing is said.
const COUNT: u64 = 100_000;
const SEED: u64 = 20_261_201;
/// How many a thread makes in one go, from one state of the random numbers.
const BATCH: u64 = 500;

/// One way to make tokens that were not issued.
struct Family {
    name: &'static str,
    forge: fn(&Forger, &mut Rng) -> String,
}

const fn family(name: &'static str, forge: fn(&Forger, &mut Rng) -> String) -> Family {
    Family { name, forge }
}

fn families() -> Vec<&'static Family> {
    [
        mutations::FAMILIES,
        signatures::FAMILIES,
        headers::FAMILIES,
        claims::FAMILIES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How many of each family were made, and what was accepted, or called expired as only a genuine one may be.
#[derive(Default)]
struct Tally {
    made: BTreeMap<&'static str, u64>,
    accepted: Vec<String>,
    genuine: u64,
    /// Hashes of all: the same forgery twice proves it once.
    different: HashSet<u64>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (name, made) in other.made {
            *self.made.entry(name).or_default() += made;
        }
        self.accepted.extend(other.accepted);
        self.genuine += other.genuine;
        self.different.extend(other.different);
    }
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The tokens of a batch, each family in turn. Every one of them is fit to be repeated by seed and batch.
fn batch(forger: &Forger, seed: u64, number: u64, size: u64) -> Tally {
    let mut rng = Rng::with_seed(seed.wrapping_add(number));
    let families = families();
    let mut tally = Tally::default();
    let mut made = 0;
    let mut turn = rng.usize(..families.len());
    while made < size {
        let Family { name, forge } = families[turn % families.len()];
        turn += 1;
        let token = forge(forger, &mut rng);
        // A change may take itself back.
        if forger.is_issued(&token) {
            continue;
        }
        made += 1;
        *tally.made.entry(name).or_default() += 1;
        let mut hasher = DefaultHasher::new();
        token.hash(&mut hasher);
        tally.different.insert(hasher.finish());
        if forger.tokens.verify(&token, NOW) != Err(TokenRejected::Invalid) {
            let shown: String = token.chars().take(2_000).collect();
            tally.accepted.push(format!("{name}, batch {number}: {shown}"));
        }
    }
    // That nothing is refused for a reason of its own.
    let genuine = forger.issued(&mut rng);
    tally.genuine += u64::from(forger.tokens.verify(genuine, NOW).is_ok());
    tally
}

fn forge(count: u64, seed: u64) -> Tally {
    let forger = Forger::new(seed, count);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let batches = count.div_ceil(BATCH);
    let size = |number: u64| BATCH.min(count - number * BATCH);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let work = (0..threads).map(|first| {
            let forger = &forger;
            scope.spawn(move || {
                let mut tally = Tally::default();
                for number in (first..batches).step_by(threads as usize) {
                    tally.add(batch(forger, seed, number, size(number)));
                }
                tally
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter().for_each(|work| tally.add(work.join().unwrap()));
    });
    assert_eq!(tally.genuine, batches, "genuine tokens were refused");
    tally
}

#[test]
#[expect(clippy::print_stdout, reason = "the tally, and the seed to repeat it with")]
fn no_forged_or_mutated_token_is_accepted() {
    let count = setting("TENANTRY_FORGED_TOKENS").unwrap_or(COUNT);
    let seed = setting("TENANTRY_FORGERY_SEED").unwrap_or(SEED);
    println!("TENANTRY_FORGERY_SEED={seed}");
    let tally = forge(count, seed);
    for (name, made) in &tally.made {
        println!("{made:>9}  {name}");
    }
    let made: u64 = tally.made.values().sum();
    let (different, accepted) = (tally.different.len() as u64, tally.accepted.len());
    println!("{made:>9}  made, {different} of them different, {accepted} accepted");
    assert_eq!(made, count);
    assert!(different * 10 > made * 9, "the same ones over and over");
    assert!(tally.accepted.is_empty(), "seed {seed}: {:#?}", tally.accepted);
}

/// Were a forged token accepted, it would be told.
#[test]
fn what_is_accepted_is_counted() {
    let tally = batch(&Forger::in_control(SEED, 2_000), SEED, 0, 2_000);
    assert!(tally.accepted.len() > 5, "{}", tally.accepted.len());
    assert_eq!(tally.genuine, 0);
}

/// A family whose tokens can all be made no more, or that makes the same one over and over, proves nothing.
#[test]
fn every_family_makes_many_different_tokens() {
    let forger = Forger::new(SEED, 2_000);
    let mut rng = Rng::with_seed(SEED);
    for Family { name, forge } in families() {
        let made: HashSet<_> = (0..60).map(|_| forge(&forger, &mut rng)).collect();
        let forged = made.iter().filter(|token| !forger.is_issued(token)).count();
        assert!(forged > 30, "{name}: {forged}");
    }
}
