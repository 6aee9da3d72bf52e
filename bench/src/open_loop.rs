//! Calls that begin when they should, whether or not those before them were answered, and whose latency counts from
//! when they should have begun. A client that waits for answers asks less while the server is slow, and so measures
//! the good times alone (coordinated omission).

use std::{
    future::Future,
    io,
    num::NonZeroU32,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde::Serialize;
use tokio::{
    io::{Interest, unix::AsyncFd},
    task::JoinSet,
    time::timeout,
};

use crate::{
    Failure,
    latency::{Latencies, Summary},
};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// How long the answers to the last calls are waited for; longer than the server lets any call take.
const PATIENCE: Duration = Duration::from_secs(20);

/// When which call should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    interval: Duration,
    calls: u64,
}

impl Schedule {
    /// So many calls per second, evenly, for so long; at least one call.
    pub fn new(rate: NonZeroU32, time: Duration) -> Self {
        let interval =
            Duration::from_nanos(NANOS_PER_SECOND / u64::from(rate.get())).max(Duration::from_nanos(1));
        let calls = u64::try_from(time.as_nanos() / interval.as_nanos()).unwrap_or(u64::MAX);
        Self {
            interval,
            calls: calls.max(1),
        }
    }

    /// When a call should begin; the first one has the number 0.
    fn intended(&self, start: Instant, number: u64) -> Instant {
        let nanos = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        start + Duration::from_nanos(nanos.saturating_mul(number + 1))
    }
}

/// What callers saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Probed {
    /// From when a call should have begun to its answer, whatever the answer was.
    pub latency: Summary,
    /// Calls that were not answered as they should have been.
    pub failed: u64,
    /// Why the first of them was not.
    pub first_failure: Option<String>,
}

/// Makes the calls of a schedule; `call` gets a call's number. Best on a runtime of one thread that does nothing else.
///
/// # Errors
/// When there is no timer. A call that fails is counted.
pub async fn probe<F, C>(schedule: Schedule, mut call: F) -> Result<Probed, Failure>
where
    F: FnMut(u64) -> C,
    C: Future<Output = Result<(), String>> + Send + 'static,
{
    let ticker = Ticker::start(schedule.interval)?;
    let mut calls = JoinSet::new();
    let mut begun = 0;
    while begun < schedule.calls {
        let due = begun.saturating_add(ticker.tick().await?).min(schedule.calls);
        for number in begun..due {
            let (intended, answer) = (schedule.intended(ticker.started, number), call(number));
            calls.spawn(async move {
                let answer = answer.await;
                (intended.elapsed(), answer)
            });
        }
        begun = due;
    }
    collect(calls).await
}

async fn collect(mut calls: JoinSet<(Duration, Result<(), String>)>) -> Result<Probed, Failure> {
    let mut latencies = Latencies::new()?;
    let mut probed = Probed::default();
    let mut fail = |why: String| {
        probed.failed += 1;
        probed.first_failure.get_or_insert(why);
    };
    let all = async {
        while let Some(call) = calls.join_next().await {
            match call {
                Ok((took, answer)) => {
                    latencies.record(took);
                    answer.err().into_iter().for_each(&mut fail);
                }
                Err(error) => fail(error.to_string()),
            }
        }
    };
    let all_answered = timeout(PATIENCE, all).await.is_ok();
    if !all_answered {
        (0..calls.len()).for_each(|_| fail(format!("no answer within {PATIENCE:?}")));
    }
    probed.latency = latencies.summary();
    Ok(probed)
}

/// A timer of the kernel's. Tokio's own tell time in milliseconds, which is as long as ten calls take.
struct Ticker {
    timer: AsyncFd<OwnedFd>,
    started: Instant,
}

impl Ticker {
    #[expect(
        deprecated,
        reason = "unsound for owners that change their descriptor, which OwnedFd does not; its successor is unsafe"
    )]
    fn start(interval: Duration) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = AsyncFd::with_interest(
            timerfd_create(TimerfdClockId::Monotonic, flags)?,
            Interest::READABLE,
        )?;
        let interval = Timespec::try_from(interval).map_err(io::Error::other)?;
        let started = Instant::now();
        let every = Itimerspec {
            it_interval: interval,
            it_value: interval,
        };
        timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &every)?;
        Ok(Self { timer, started })
    }

    /// Waits for the end of an interval, and tells how many have ended since the last one was waited for.
    async fn tick(&self) -> io::Result<u64> {
        let mut ended = [0; 8];
        let read = |timer: &OwnedFd| Ok(rustix::io::read(timer, &mut ended)?);
        self.timer.async_io(Interest::READABLE, read).await?;
        Ok(u64::from_ne_bytes(ended))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn schedule(rate: u32, millis: u64) -> Schedule {
        Schedule::new(NonZeroU32::new(rate).unwrap(), Duration::from_millis(millis))
    }

    #[test]
    fn calls_are_spread_evenly() {
        let schedule = schedule(500, 1_000);
        assert_eq!(
            (schedule.interval, schedule.calls),
            (Duration::from_millis(2), 500)
        );
        let start = Instant::now();
        assert_eq!(schedule.intended(start, 0), start + Duration::from_millis(2));
        assert_eq!(schedule.intended(start, 499), start + Duration::from_secs(1));
    }

    #[test]
    fn there_is_always_a_call() {
        assert_eq!(schedule(1, 10).calls, 1);
        assert_eq!(schedule(u32::MAX, 0).interval, Duration::from_nanos(1));
    }

    #[tokio::test]
    async fn every_call_is_made_and_every_failure_counted() {
        let call = |number| async move {
            match number % 10 {
                0 => Err(format!("call {number}")),
                _ => Ok(()),
            }
        };
        let probed = probe(schedule(2_000, 50), call).await.unwrap();
        assert_eq!((probed.latency.count, probed.failed), (100, 10));
        assert!(probed.first_failure.unwrap().starts_with("call "));
    }

    #[tokio::test]
    async fn what_had_to_wait_for_a_slow_answer_counts_its_wait() {
        const STALL: Duration = Duration::from_millis(60);
        // Nothing else runs while the first call holds the only thread.
        let call = |number| async move {
            if number == 0 {
                thread::sleep(STALL);
            }
            Ok(())
        };
        let probed = probe(schedule(1_000, 100), call).await.unwrap();
        assert_eq!(probed.latency.count, 100);
        // Of a hundred calls, those that should have begun in the first half of the stall waited for the other half.
        assert!(probed.latency.max_us >= 59_000, "{probed:?}");
        assert!(probed.latency.p99_us >= 50_000, "{probed:?}");
    }
}
