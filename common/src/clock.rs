//! Time as the servers know it: milliseconds since the Unix epoch, from a clock that is passed in.

use std::{
    fmt,
    ops::{Add, Sub},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z; the precision that every store keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: a JWT's NumericDate (RFC 7519, section 2).
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// How long it is from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Milliseconds of a duration, saturating.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", prost_types::Timestamp::from(*self))
    }
}

impl From<Timestamp> for prost_types::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        let nanos = timestamp.0.rem_euclid(1_000) * 1_000_000;
        Self {
            seconds: timestamp.as_seconds(),
            nanos: i32::try_from(nanos).unwrap_or(0),
        }
    }
}

/// Where the servers take the time from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Time since an instant that stays the same while the process runs. Never goes back, whatever happens to the date;
    /// for spans alone.
    fn monotonic(&self) -> Duration;
}

/// The host's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the host's clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Timestamp(millis(since_epoch.unwrap_or_default()));
        #[cfg(feature = "failpoints")]
        let now = now + crate::failpoints::clock_ahead();
        now
    }

    /// CLOCK_MONOTONIC (clock_gettime(2)): not set by anybody, and stands still while the host sleeps.
    fn monotonic(&self) -> Duration {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        let since_boot = Duration::new(seconds, nanos);
        #[cfg(feature = "failpoints")]
        let since_boot = since_boot + crate::failpoints::clock_ahead();
        since_boot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_before_the_epoch_keeps_its_nanos_positive() {
        let timestamp = prost_types::Timestamp::from(Timestamp::from_millis(-1));
        assert_eq!((timestamp.seconds, timestamp.nanos), (-1, 999_000_000));
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::from_millis(0).since(end), Duration::ZERO);
    }

    #[test]
    fn the_hosts_monotonic_clock_goes_forward_alone() {
        let readings: Vec<Duration> = (0..1_000).map(|_| SystemClock.monotonic()).collect();
        assert!(readings.is_sorted());
        let begun = SystemClock.monotonic();
        while SystemClock.monotonic() == begun {
            std::hint::spin_loop();
        }
    }
}
