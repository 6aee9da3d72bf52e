//! Whether a history could have happened one call after the other.
//!
//! It is taken apart: every organization is a register of its own, and so is every handle, each with all the calls
//! that concern it. That each of them is linearizable is less than that all are together, and enough: organizations
//! meet in handles alone, and those rest for longer than calls take. What counts as a step of a call is said at the
//! two registers.
//!
//! A call without an answer may take effect up to the next barrier, or never. A refusal changes nothing, but that of a
//! create for its e-mail, which held the handle for a while.

mod handle;
mod organization;
mod registers;
mod search;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, time::Duration};

use uuid::Uuid;

pub(crate) use self::registers::{last_instant, may_have_happened, sightings};
use self::{
    handle::Handle,
    organization::Organization,
    registers::Registers,
    search::{Found, Interval, Stuck, search},
};
use crate::{
    history::{Call, Micros, Outcome, Seen},
    stack::{HANDLE_REST, RETENTION},
};

/// How long the servers keep things, and how far ahead of the host's clock theirs were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From a delete's end to its purge, at the least.
    pub retention: Duration,
    /// How long a handle that was given up is kept from others, at the least.
    pub handle_rest: Duration,
    /// From which instant on some org-service's clock was how far ahead.
    pub ahead: Vec<(Micros, Duration)>,
}

impl Terms {
    /// Those of a stack's servers.
    pub fn of_a_stack(ahead: Vec<(Micros, Duration)>) -> Self {
        Self {
            retention: RETENTION,
            handle_rest: HANDLE_REST,
            ahead,
        }
    }
}

impl Terms {
    /// Whether a server may have counted so much time between these two instants.
    pub(crate) fn may_have_passed(&self, wanted: Duration, from: Micros, until: Micros) -> bool {
        let ahead = self.ahead.iter().filter(|(since, _)| *since <= until);
        let ahead = ahead.map(|(_, ahead)| *ahead).max().unwrap_or_default();
        Duration::from_micros(until.saturating_sub(from)).saturating_add(ahead) >= wanted
    }
}

/// A register that no sequence of single calls explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlinearizable {
    /// The indexes of the register's calls in the longest explanation, and last the one that does not fit.
    pub calls: Vec<usize>,
    /// Which register, how far the longest explanation came, and what does not fit; for people.
    pub account: String,
}

/// What came of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// One for each register that no sequence explains.
    pub violations: Vec<Unlinearizable>,
    /// How many registers there were.
    pub registers: usize,
    /// How many states were visited.
    pub states: usize,
}

/// Checks every organization and every handle of the history.
pub fn check(calls: &[Call], barriers: &[Micros], terms: &Terms) -> Checked {
    let registers = Registers::new(calls, barriers, terms);
    let mut checked = Checked::default();
    for id in registers.organizations() {
        let calls = registers.of_organization(id);
        let found = search_organization(&registers, id, calls.clone());
        checked.add(&format!("organization {id}"), &calls, found);
    }
    for handle in registers.handles() {
        let calls = registers.of_handle(handle);
        let found = search_handle(&registers, handle, calls.clone());
        checked.add(&format!("handle {handle}"), &calls, found);
    }
    checked
}

fn search_organization(registers: &Registers<'_>, id: Uuid, calls: Vec<(Interval, &Call)>) -> Found {
    let intervals = intervals(&calls);
    let terms = registers.terms;
    search(&Organization { id, calls, terms }, &intervals)
}

fn search_handle(registers: &Registers<'_>, handle: &str, calls: Vec<(Interval, &Call)>) -> Found {
    let intervals = intervals(&calls);
    let register = Handle {
        handle,
        calls,
        owner_of: &|request_id| registers.owner_of(request_id),
        foundlings: registers.foundlings(handle),
        repeated: &|request_id| registers.is_repeated(request_id),
        terms: registers.terms,
    };
    search(&register, &intervals)
}

fn intervals(calls: &[(Interval, &Call)]) -> Vec<Interval> {
    calls.iter().map(|(interval, _)| *interval).collect()
}

impl Checked {
    fn add(&mut self, register: &str, calls: &[(Interval, &Call)], found: Found) {
        self.registers += 1;
        self.states += found.states;
        if let Some(stuck) = found.stuck {
            self.violations.push(unlinearizable(register, calls, &stuck));
        }
    }
}

/// How many of the last calls of the longest explanation are told.
const TOLD: usize = 8;

fn unlinearizable(register: &str, calls: &[(Interval, &Call)], stuck: &Stuck) -> Unlinearizable {
    let at = |place: &usize| calls.get(*place);
    let order: Vec<_> = stuck.order.iter().filter_map(at).collect();
    let verdict = if stuck.given_up {
        "no explanation found in good time"
    } else {
        "no explanation"
    };
    let mut account = format!(
        "{register}: {verdict}; {} of {} calls explained, the last of them:",
        order.len(),
        calls.len()
    );
    for (interval, call) in order.iter().skip(order.len().saturating_sub(TOLD)) {
        // Writing to a String cannot fail.
        let _ = write!(
            account,
            "\n  {}{}",
            described(interval.call, call),
            entry(register, call)
        );
    }
    let _ = write!(account, "\n  then it is {}", stuck.state);
    if let Some((interval, call)) = at(&stuck.blocked) {
        let _ = write!(
            account,
            "\n  which does not go with {}{}",
            described(interval.call, call),
            entry(register, call)
        );
    }
    let calls = order.into_iter().chain(at(&stuck.blocked));
    Unlinearizable {
        calls: calls.map(|(interval, _)| interval.call).collect(),
        account,
    }
}

/// What a list shows of the register.
fn entry(register: &str, call: &Call) -> String {
    let Some(Outcome::Organizations(all)) = &call.outcome else {
        return String::new();
    };
    let whose = |seen: &&Seen| {
        register == format!("organization {}", seen.id) || register == format!("handle {}", seen.handle)
    };
    let shown = all.iter().find(whose);
    shown.map_or(", without it".to_owned(), |seen| format!(", of them {seen:?}"))
}

/// A call as people read it.
pub(crate) fn described(index: usize, call: &Call) -> String {
    let seconds = |at: Micros| Duration::from_micros(at).as_secs_f64();
    let returned = call
        .returned
        .map_or("…".to_owned(), |at| format!("{:.6}", seconds(at)));
    let outcome = match &call.outcome {
        None => "under way".to_owned(),
        // The whole list would hide everything else.
        Some(Outcome::Organizations(all)) => format!("{} organizations", all.len()),
        Some(outcome) => format!("{outcome:?}"),
    };
    let (client, invoked, request) = (call.client, seconds(call.invoked), &call.request);
    format!("#{index} client {client} [{invoked:.6}–{returned} s] {request:?} → {outcome}")
}
