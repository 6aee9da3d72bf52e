//! What the fuzz targets do, a little of it in every test run: changed seeds, and any bytes.

use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use tenantry_promises::ALL;

use crate::seeds;

/// One change of a seed.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Put(Index, Vec<u8>),
    Take(Index, Index),
    /// From here on as another seed.
    Splice(Index, Index),
    Repeat(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || any::<Index>();
    let text = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..5),
        "\\PC{1,4}".prop_map(String::into_bytes),
        "[.$:@_-]{1,2}|[0-9]{1,20}|[\"'{}\\[\\],]".prop_map(String::into_bytes),
    ];
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        (at(), text).prop_map(|(at, text)| Change::Put(at, text)),
        (at(), at()).prop_map(|(from, to)| Change::Take(from, to)),
        (at(), at()).prop_map(|(at, other)| Change::Splice(at, other)),
        (at(), any::<u8>()).prop_map(|(at, times)| Change::Repeat(at, times)),
    ]
}

fn changed(seeds: &[Vec<u8>], which: Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = which.get(seeds).clone();
    for change in changes {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match change {
            Change::Flip(at, bits) => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= bits);
            }
            Change::Put(at, text) => {
                let at = place(at);
                bytes.splice(at..at, text.iter().copied());
            }
            Change::Take(from, to) => {
                let (from, to) = (place(from), place(to));
                bytes.drain(from.min(to)..from.max(to));
            }
            Change::Splice(at, other) => {
                let at = place(at);
                let other = other.get(seeds);
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(at..).unwrap_or_default());
            }
            Change::Repeat(at, times) => {
                let at = place(at);
                if let Some(&byte) = bytes.get(at) {
                    bytes.splice(at..at, std::iter::repeat_n(byte, usize::from(*times)));
                }
            }
        }
    }
    bytes
}

/// Asks for every promise with as many values as PROPTEST_CASES says, and shows the least one that breaks it.
fn check<S: Strategy<Value = Vec<u8>>>(strategy: impl Fn(Vec<Vec<u8>>) -> S) {
    for (name, promise) in ALL {
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let seeds = seeds(name).into_iter().map(|(_, seed)| seed).collect();
        let outcome = TestRunner::new(config).run(&strategy(seeds), |bytes| {
            promise(&bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_promise_holds_for_changed_seeds() {
    check(|seeds| {
        let changes = prop::collection::vec(change(), 1..6);
        (any::<Index>(), changes).prop_map(move |(which, changes)| changed(&seeds, which, &changes))
    });
}

#[test]
fn every_promise_holds_for_any_bytes_and_any_text() {
    check(|_| {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            "\\PC{0,200}".prop_map(String::into_bytes),
            "(?s).{0,100}".prop_map(String::into_bytes),
        ]
    });
}
