//! What a throttle promises, with the manual clock.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::*;
use crate::{clock::Timestamp, id::SystemIds, testing::ManualClock};

/// Has the same keys share a counter in every run.
struct Fixed;

impl Ids for Fixed {
    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn allowance(text: &str) -> Allowance {
    text.parse().unwrap()
}

fn throttle(text: &str) -> (Throttle, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let throttle = Throttle::new(allowance(text), Arc::clone(&clock) as Arc<dyn Clock>, &Fixed);
    (throttle, clock)
}

fn key(text: &str) -> Key {
    Key::of("test", &[text.as_bytes()])
}

const fn seconds(seconds: u64) -> Result<(), RetryAfter> {
    Err(RetryAfter(Duration::from_secs(seconds)))
}

#[test]
fn the_count_passes_at_once_and_then_one_by_one() {
    let (throttle, clock) = throttle("100/1m");
    let key = key("a");
    for number in 0..100 {
        assert_eq!(throttle.admit(&key), Ok(()), "{number}");
    }
    // A hundredth of a minute is 600 ms.
    assert_eq!(throttle.admit(&key), seconds(1));
    clock.advance(Duration::from_millis(599));
    assert_eq!(throttle.admit(&key), seconds(1));
    clock.advance(Duration::from_millis(1));
    assert_eq!(throttle.admit(&key), Ok(()));
    assert_eq!(throttle.admit(&key), seconds(1));
    clock.advance(Duration::from_secs(6));
    let passed = (0..100).filter(|_| throttle.admit(&key).is_ok()).count();
    assert_eq!(passed, 10);
    clock.advance(Duration::from_secs(3_600));
    let passed = (0..200).filter(|_| throttle.admit(&key).is_ok()).count();
    assert_eq!(
        passed, 100,
        "what was not used is not kept for longer than the time"
    );
}

#[test]
fn a_refusal_tells_when_to_come_back_and_ends_then_by_itself() {
    let (throttle, clock) = throttle("2/10m");
    let key = key("a");
    assert_eq!([throttle.admit(&key), throttle.admit(&key)], [Ok(()); 2]);
    for _ in 0..1_000 {
        assert_eq!(
            throttle.admit(&key),
            seconds(300),
            "who tries on is kept out no longer"
        );
    }
    clock.advance(Duration::from_millis(1));
    assert_eq!(throttle.admit(&key), seconds(300), "rounded up");
    clock.advance(Duration::from_millis(299_998));
    assert_eq!(throttle.admit(&key), seconds(1));
    clock.advance(Duration::from_millis(1));
    assert_eq!(throttle.admit(&key), Ok(()));
}

#[test]
fn a_clock_that_is_put_back_keeps_nobody_out() {
    let (throttle, clock) = throttle("1/1m");
    let key = key("a");
    assert_eq!(throttle.admit(&key), Ok(()));
    clock.set(Timestamp::from_millis(0));
    assert_eq!(throttle.admit(&key), seconds(60));
    clock.advance(Duration::from_secs(60));
    assert_eq!(throttle.admit(&key), Ok(()));
    clock.set(Timestamp::from_millis(i64::MAX));
    assert_eq!(throttle.admit(&key), Ok(()));
    assert_eq!(throttle.admit(&key), seconds(60));
}

#[test]
fn of_ten_thousand_tries_at_one_time_the_count_passes() {
    for count in [1, 10, 137] {
        let (throttle, _clock) = throttle(&format!("{count}/1m"));
        let passed = AtomicUsize::new(0);
        let barrier = std::sync::Barrier::new(10);
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..1_000 {
                        if throttle.admit(&key("a")).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), count);
    }
}

#[test]
fn a_million_keys_take_no_more_memory_than_one() {
    let (throttle, _clock) = throttle("1000/1m");
    let refused = (0..1_000_000_u32).filter(|number| {
        let key = Key::of("test", &[&number.to_be_bytes()]);
        throttle.admit(&key).is_err()
    });
    assert_eq!(refused.count(), 0, "they are spread");
    let counters = throttle.0.unwrap().into_state_store();
    assert_eq!(size_of_val(&*counters.cells), 1 << 20);
    let unused = counters.cells.iter().filter(|cell| is_unused(cell)).count();
    // 2^17 e^(-1,000,000 / 2^17) = 64 are to be expected.
    assert!((10..200).contains(&unused), "{unused}");
}

fn is_unused(cell: &InMemoryState) -> bool {
    format!("{cell:?}") == format!("{:?}", InMemoryState::default())
}

#[test]
fn keys_are_counted_each_by_itself() {
    let (throttle, _clock) = throttle("1/1m");
    for kind in ["a", "b", "c"] {
        let key = Key::of(kind, &[b"x"]);
        assert_eq!(throttle.admit(&key), Ok(()));
        assert_eq!(throttle.admit(&key), seconds(60));
    }
}

#[test]
fn which_keys_share_a_counter_is_a_secret_of_the_process() {
    let places = |ids: &dyn Ids| {
        let counters = Counters::new(COUNTERS, ids);
        (0..20_u8)
            .map(|number| counters.place(&Key::of("test", &[&[number]])))
            .collect::<Vec<_>>()
    };
    assert_eq!(places(&Fixed), places(&Fixed));
    assert_ne!(places(&Fixed), places(&SystemIds));
}

#[test]
fn one_counter_may_be_for_all() {
    let clock = Arc::new(ManualClock::new());
    let throttle = Throttle::of_all(allowance("2/1m"), clock, &Fixed);
    assert_eq!(
        [throttle.admit(&key("a")), throttle.admit(&key("b"))],
        [Ok(()); 2]
    );
    assert_eq!(throttle.admit(&key("c")), seconds(30));
}

#[test]
fn without_a_limit_everything_passes_and_there_is_no_table() {
    let (throttle, _clock) = throttle("0");
    assert!(throttle.0.is_none());
    for _ in 0..100_000 {
        assert_eq!(throttle.admit(&key("a")), Ok(()));
    }
}

#[test]
fn the_largest_and_the_smallest_limits_are_kept() {
    for (text, wait) in [("1/24h", 86_400), ("1000000/24h", 1)] {
        let (throttle, _clock) = throttle(text);
        let count = allowance(text).count();
        let passed = (0..count).filter(|_| throttle.admit(&key("a")).is_ok()).count();
        assert_eq!(passed, count as usize, "{text}");
        assert_eq!(throttle.admit(&key("a")), seconds(wait), "{text}");
    }
}
