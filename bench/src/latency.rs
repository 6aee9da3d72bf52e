//! How long answers took.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::Failure;

/// Longest answer that is told apart, in nanoseconds: a hundred seconds.
const LONGEST: u64 = 100_000_000_000;
/// Shortest, in nanoseconds.
const SHORTEST: u64 = 1_000;
/// Digits that hold, whatever the size.
const DIGITS: u8 = 3;

/// How long each of many answers took.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

/// What is told of them, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many answers.
    pub count: u64,
    /// Half of them took no longer.
    pub p50_us: u64,
    /// All but one in a hundred took no longer.
    pub p99_us: u64,
    /// All but one in a thousand took no longer.
    pub p99_9_us: u64,
    /// None took longer.
    pub max_us: u64,
}

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// None with these bounds.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self(Histogram::new_with_bounds(SHORTEST, LONGEST, DIGITS)?))
    }

    /// One more.
    pub fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST);
        self.0.saturating_record(nanos);
    }

    /// All of these as well.
    ///
    /// # Errors
    /// None: all have the same bounds.
    pub fn add(&mut self, more: &Self) -> Result<(), Failure> {
        Ok(self.0.add(&more.0)?)
    }

    /// What is told of them; all zero where there are none.
    pub fn summary(&self) -> Summary {
        let micros = |nanos: u64| (nanos + 500) / 1_000;
        let at = |quantile| micros(self.0.value_at_quantile(quantile));
        Summary {
            count: self.0.len(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: micros(self.0.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_hold_to_three_digits() {
        let mut latencies = Latencies::new().unwrap();
        for micros in 1..=1_000 {
            latencies.record(Duration::from_micros(micros * 100));
        }
        let summary = latencies.summary();
        let near = |value: u64, right: u64| value.abs_diff(right) * 1_000 <= right;
        assert_eq!(summary.count, 1_000);
        assert!(
            near(summary.p50_us, 50_000) && near(summary.p99_us, 99_000),
            "{summary:?}"
        );
        assert!(
            near(summary.p99_9_us, 99_900) && near(summary.max_us, 100_000),
            "{summary:?}"
        );
    }

    #[test]
    fn nothing_is_too_long_or_too_short_to_count() {
        let mut latencies = Latencies::new().unwrap();
        assert_eq!(latencies.summary(), Summary::default());
        latencies.record(Duration::ZERO);
        latencies.record(Duration::MAX);
        let mut both = latencies.clone();
        both.add(&latencies).unwrap();
        assert_eq!(both.summary().count, 4);
        assert!(both.summary().max_us >= 100_000_000);
    }
}
