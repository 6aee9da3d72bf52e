//! How often something may be done by the same caller: counted in a table of fixed size, whoever calls.
//!
//! The rule is the generic cell rate algorithm (ITU-T I.371, annex A), as `governor` has it: COUNT at once, then one more
//! whenever its share of the time is over. A refused try is not counted, so that a refusal ends by itself.

mod allowance;
mod key;
#[cfg(test)]
mod tests;

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use aws_lc_rs::hmac::{self, HMAC_SHA256, sign};
use governor::{
    Quota as Rate, RateLimiter,
    clock::Clock as RateClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};

pub use self::{
    allowance::{Allowance, InvalidAllowance},
    key::Key,
};
use crate::{clock::Clock, id::Ids};

/// Counters of a throttle: 1 MiB of them. A caller shares its counter with one of n others with a probability of
/// n / 2¹⁷; then the two have one allowance between them.
const COUNTERS: usize = 1 << 17;

/// Shortest wait that a refused caller is told, and what waits are rounded up to: refusals shall look alike.
const WAIT_UNIT: Duration = Duration::from_secs(1);

/// A caller did something too often, and when it may come back: whole seconds, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("too often; again in {} s", .0.as_secs())]
pub struct RetryAfter(pub Duration);

impl RetryAfter {
    /// The wait, rounded up.
    fn at_least(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self(Duration::from_secs(seconds).max(WAIT_UNIT))
    }
}

/// Refuses who comes too often. Safe to share: of any number of tries at one time, the allowed number passes.
pub struct Throttle(Option<Limiter>);

type Limiter = RateLimiter<Key, Counters, Ticks, NoOpMiddleware<Nanos>>;

impl Throttle {
    /// A throttle that counts each key by itself; one that admits everything, and has no table, if there is no limit.
    /// Which keys share a counter is as random as `ids`.
    pub fn new(allowance: Allowance, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self::with_counters(COUNTERS, allowance, clock, ids)
    }

    /// A throttle with one counter for all keys together.
    pub fn of_all(allowance: Allowance, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self::with_counters(1, allowance, clock, ids)
    }

    fn with_counters(counters: usize, allowance: Allowance, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        let rate = rate(allowance);
        Self(rate.map(|rate| RateLimiter::new(rate, Counters::new(counters, ids), Ticks(clock))))
    }

    /// Counts one try of this key.
    ///
    /// # Errors
    /// [`RetryAfter`] when there were too many; then this one is not counted.
    pub fn admit(&self, key: &Key) -> Result<(), RetryAfter> {
        let Some(limiter) = &self.0 else {
            return Ok(());
        };
        limiter
            .check_key(key)
            .map_err(|refused| RetryAfter::at_least(refused.wait_time_from(limiter.clock().now())))
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Throttle(on)"
        } else {
            "Throttle(off)"
        })
    }
}

/// COUNT at once, and one more after each COUNTth part of the time.
fn rate(allowance: Allowance) -> Option<Rate> {
    let count = NonZeroU32::new(allowance.count())?;
    Some(Rate::with_period(allowance.per() / count.get())?.allow_burst(count))
}

/// The counters, each for all the keys that fall on it.
struct Counters {
    cells: Box<[InMemoryState]>,
    /// Unknown outside: nobody can choose a key that shares a given one's counter.
    secret: hmac::Key,
}

impl Counters {
    fn new(count: usize, ids: &dyn Ids) -> Self {
        let mut secret = [0; 32];
        ids.fill_random(&mut secret);
        Self {
            cells: std::iter::repeat_with(InMemoryState::default)
                .take(count)
                .collect(),
            secret: hmac::Key::new(HMAC_SHA256, &secret),
        }
    }

    fn place(&self, key: &Key) -> usize {
        let tag = sign(&self.secret, key.as_bytes());
        let number = tag
            .as_ref()
            .first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        // The remainder is below the number of cells, which is a usize.
        usize::try_from(number % self.cells.len() as u64).unwrap_or(0)
    }
}

impl StateStore for Counters {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.cells[self.place(key)].measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

/// The clock's monotonic time, as the limiter counts it.
struct Ticks(Arc<dyn Clock>);

impl RateClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        // Half of what 64 bits hold, 292 years: a counter's sums stay within.
        let most = u64::MAX / 2;
        Nanos::new(
            u64::try_from(self.0.monotonic().as_nanos())
                .unwrap_or(most)
                .min(most),
        )
    }
}
