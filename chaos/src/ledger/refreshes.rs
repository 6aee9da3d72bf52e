//! What a refresh token brings, and how often.

use std::{collections::HashMap, time::Duration};

use uuid::Uuid;

use super::{Entry, Ledger, Promise, Violation, admins::Token, returned};
use crate::{
    history::{Micros, Outcome, Request},
    linearizability::may_have_happened,
};

/// How long the token that was used may be shown again, for the same answer.
const GRACE: Duration = Duration::from_secs(10);
/// That, and a second for clocks that do not run alike.
const SURELY_OVER: Micros = 11_000_000;

/// A refresh that was answered OK.
struct Refresh<'h> {
    entry: Entry<'h>,
    /// What it was asked with.
    used: Token,
    /// The digest of what it brought.
    next: u64,
}

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let mut sessions: HashMap<usize, Vec<Refresh<'_>>> = HashMap::new();
    let refreshes = ledger.entries().filter_map(|entry| refresh(ledger, entry));
    for refresh in refreshes {
        sessions.entry(refresh.used.login).or_default().push(refresh);
    }
    let mut violations = Vec::new();
    for refreshes in sessions.values() {
        for (place, one) in refreshes.iter().enumerate() {
            violations.extend(refreshes.iter().find_map(|other| used_up(ledger, one, other)));
            let others = refreshes.iter().skip(place + 1);
            violations.extend(others.filter_map(|other| successors(ledger, one, other)));
        }
    }
    violations
}

fn refresh<'h>(ledger: &Ledger<'h>, entry: Entry<'h>) -> Option<Refresh<'h>> {
    match (&entry.1.request, &entry.1.outcome) {
        (Request::Refresh { token, .. }, Some(Outcome::Refreshed(next))) => Some(Refresh {
            entry,
            used: ledger.admins.token(*token)?,
            next: *next,
        }),
        _ => None,
    }
}

/// One token has one successor, and two have two.
fn successors(ledger: &Ledger<'_>, one: &Refresh<'_>, other: &Refresh<'_>) -> Option<Violation> {
    let (same_token, same_next) = (one.used == other.used, one.next == other.next);
    let what = match (same_token, same_next) {
        (true, false) => "one refresh token, two successors",
        (false, true) => "two refresh tokens, one successor",
        _ => return None,
    };
    Some(ledger.violation(Promise::Refreshes, what, &[one.entry, other.entry]))
}

/// A token that is good although its successor was used before, or had been out for long.
fn used_up(ledger: &Ledger<'_>, one: &Refresh<'_>, other: &Refresh<'_>) -> Option<Violation> {
    let (asked, used) = (one.entry.1.invoked, returned(other.entry.1));
    let spent = other.used.refreshes > one.used.refreshes && used < asked;
    let late = other.used == one.used && used.saturating_add(SURELY_OVER) < asked;
    let what = "a refresh token is good that was used up";
    (spent || late).then(|| ledger.violation(Promise::Refreshes, what, &[other.entry, one.entry]))
}

/// Whether a refresh may have come with a token that had been used up, and so ended its session.
pub(super) fn may_be_reuse(ledger: &Ledger<'_>, organization: Uuid, refresh: Entry<'_>) -> bool {
    let shown = |entry: Entry<'_>| match entry.1.request {
        Request::Refresh { token, .. } => ledger.admins.token(token),
        _ => None,
    };
    let Some(used) = shown(refresh) else {
        return false;
    };
    if matches!(refresh.1.outcome, Some(Outcome::Refreshed(_))) {
        return false;
    }
    let until = ledger.last_instant(refresh.1);
    let uses_it_up = |other: &Entry<'_>| {
        let (index, call) = *other;
        let Some(token) = shown(*other).filter(|token| token.login == used.login) else {
            return false;
        };
        let later = token.refreshes > used.refreshes && call.invoked <= until;
        let before = token == used && ledger.terms.may_have_passed(GRACE, call.invoked, until);
        index != refresh.0 && may_have_happened(call) && (later || before)
    };
    ledger.admins.of(organization).iter().any(uses_it_up)
}
