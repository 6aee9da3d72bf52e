//! Named points at which a test has a server die, stand still or fail. In builds with the feature `failpoints` alone.
//!
//! A server of such a build takes orders on standard input, `DEED POINT [NTH]`, and tells on standard output what
//! happened: `hit POINT` the instant before a deed is done. It ends when standard input does, so that it outlives
//! nobody. Orders for points that are passed before the first order could arrive stand in [`ORDERS`].

mod points;

use std::{
    io::{self, BufRead, Write},
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, kill_process};

pub use self::points::{are_well_formed, around, know};
use crate::store::error::StoreError;

/// Environment variable with orders, separated by `;`, that hold from the start.
pub const ORDERS: &str = "TENANTRY_FAILPOINTS";

/// Environment variable with how far ahead of the host's this process's clock is, e.g. `8d`: what takes days is seen
/// at once.
pub const CLOCK_AHEAD: &str = "TENANTRY_CLOCK_AHEAD";

/// What a server does at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It kills itself with SIGKILL.
    Kill,
    /// It stops itself with SIGSTOP and goes on when it is told to.
    Stop,
    /// The step fails: not done before it, its answer lost after it.
    Fail,
}

/// A step was made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a failpoint")]
pub struct Injected;

impl From<Injected> for StoreError {
    /// What a store that is away answers.
    fn from(injected: Injected) -> Self {
        Self::Unavailable(injected.to_string())
    }
}

/// What is to be done where: the `nth` time the point is passed, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub deed: Deed,
    /// Where.
    pub point: String,
    /// Counted from 1.
    pub nth: u64,
}

/// A text is not an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order is `kill|stop|fail POINT [NTH]`, of a point that there is, NTH from 1")]
pub struct InvalidOrder;

impl FromStr for Order {
    type Err = InvalidOrder;

    fn from_str(text: &str) -> Result<Self, InvalidOrder> {
        let mut words = text.split_whitespace();
        let deed = match words.next() {
            Some("kill") => Deed::Kill,
            Some("stop") => Deed::Stop,
            Some("fail") => Deed::Fail,
            _ => return Err(InvalidOrder),
        };
        let point = words.next().ok_or(InvalidOrder)?.to_owned();
        let nth = words.next().map_or(Ok(1), str::parse).map_err(|_| InvalidOrder)?;
        if nth == 0 || words.next().is_some() {
            return Err(InvalidOrder);
        }
        Ok(Self { deed, point, nth })
    }
}

impl Order {
    /// Has it hold from now on, in the place of the one for the same point before it.
    ///
    /// # Errors
    /// When there is no such point, and what the failpoints' registry says.
    pub fn give(self) -> Result<(), String> {
        let Self { deed, point, nth } = self;
        if !points::may_be_passed(&point) {
            return Err(format!("there is no point {point}"));
        }
        if deed == Deed::Fail {
            return fail::cfg(point, &format!("{}*off->1*return->off", nth - 1));
        }
        let passed = AtomicU64::new(0);
        let named = point.clone();
        fail::cfg_callback(point, move || {
            if passed.fetch_add(1, Ordering::SeqCst) + 1 == nth {
                tell(&format!("hit {named}"));
                send_to_self(deed);
            }
        })
    }
}

/// Passes a point: does what was ordered there.
///
/// # Errors
/// [`Injected`] when the step shall fail.
///
/// # Panics
/// When it is not among the points that this server says it has.
pub fn pass(point: &str) -> Result<(), Injected> {
    assert!(points::may_be_passed(point), "no list of points has {point}");
    fail::fail_point!(point, |_| {
        tell(&format!("hit {point}"));
        Err(Injected)
    });
    Ok(())
}

/// Tells a line to whoever started this process.
pub fn tell(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody is left to hear of an error here.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// What [`CLOCK_AHEAD`] says.
///
/// # Panics
/// When that is no duration: a test that relied on it would see nothing.
pub fn clock_ahead() -> Duration {
    static AHEAD: OnceLock<Duration> = OnceLock::new();
    *AHEAD.get_or_init(|| {
        let text = std::env::var(CLOCK_AHEAD).unwrap_or_default();
        let ahead = (!text.is_empty()).then(|| humantime::parse_duration(&text));
        assert!(!matches!(ahead, Some(Err(_))), "{CLOCK_AHEAD} is no duration");
        ahead.and_then(Result::ok).unwrap_or_default()
    })
}

/// Takes the orders of the environment, tells which points there are, and takes orders until standard input ends,
/// and the process with it. Without [`ORDERS`] in the environment, even empty, it does nothing.
///
/// # Errors
/// [`InvalidOrder`] for one in the environment.
pub fn obey(points: &[&'static str]) -> Result<(), InvalidOrder> {
    know(points);
    let Ok(orders) = std::env::var(ORDERS) else {
        return Ok(());
    };
    for order in orders.split(';').filter(|order| !order.trim().is_empty()) {
        let order: Order = order.parse()?;
        order.give().map_err(|_| InvalidOrder)?;
    }
    tell(&format!("points {}", points.join(" ")));
    thread::spawn(|| {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let given = line.parse::<Order>().map_err(|error| error.to_string());
            // Who passes the point at once tells of it after this, and so dies after this.
            let _answered_first = io::stdout().lock();
            match given.and_then(Order::give) {
                Ok(()) => tell(&format!("armed {line}")),
                Err(error) => tell(&format!("refused {line}: {error}")),
            }
        }
        let _ = kill_process(getpid(), Signal::KILL);
    });
    Ok(())
}

fn send_to_self(deed: Deed) {
    let me: Pid = getpid();
    let signal = if deed == Deed::Kill {
        Signal::KILL
    } else {
        Signal::STOP
    };
    // A process may always signal itself.
    let _ = kill_process(me, signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        let order = |deed, point: &str, nth| {
            let point = point.to_owned();
            Ok(Order { deed, point, nth })
        };
        assert_eq!("kill a.b".parse(), order(Deed::Kill, "a.b", 1));
        assert_eq!(" stop  a.b 3 ".parse(), order(Deed::Stop, "a.b", 3));
        assert_eq!("fail a 2".parse(), order(Deed::Fail, "a", 2));
        for bad in ["", "kill", "burn a", "kill a 0", "kill a x", "kill a 1 1"] {
            assert_eq!(bad.parse::<Order>(), Err(InvalidOrder), "{bad:?}");
        }
    }

    #[test]
    fn a_step_fails_once_and_when_it_was_ordered_to() {
        let order: Order = "fail common.test.third 3".parse().unwrap();
        order.give().unwrap();
        let passed: Vec<_> = (0..5).map(|_| pass("common.test.third").is_ok()).collect();
        assert_eq!(passed, [true, true, false, true, true]);
        assert_eq!(pass("common.test.other"), Ok(()));
    }
}
