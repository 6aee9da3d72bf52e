//! What was acknowledged must be there.

mod admins;
mod answers;
mod creates;
mod emails;
mod logins;
mod refreshes;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::admins::Admins;
use crate::{
    history::{Call, Micros, Outcome, Request},
    linearizability::{self, Terms, described, last_instant, may_have_happened},
};

/// A promise that answers contradict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Every organization and every handle behaves like one register: what was acknowledged is there.
    Linearizable,
    /// A request id that was answered OK names that organization ever after.
    RequestId,
    /// An e-mail belongs to one admin until it is given up or purged, and to nobody else's refused create.
    Email,
    /// A token is dead once it was acknowledged that its session has ended: by a suspension or a deletion, by a logout, by
    /// a revocation of all, by another session's change of the password; and once it was refused for that.
    TokensDie,
    /// A token lives while nothing ends its session.
    TokensLast,
    /// A refresh token has one successor, and none any more once that was used or had its time.
    Refreshes,
    /// The admin of an organization in use logs in, with the one e-mail, that of another one does not.
    Logins,
    /// No answer tells of a fault of the servers' own, or of somebody else.
    Answers,
}

/// Answers that contradict a promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which promise.
    pub promise: Promise,
    /// The calls involved, by their index, the one that does not fit last.
    pub calls: Vec<usize>,
    /// What contradicts what, for people.
    pub account: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.account)
    }
}

/// Checks a history against what was promised.
pub fn check(calls: &[Call], barriers: &[Micros], terms: &Terms) -> Vec<Violation> {
    let registers = linearizability::check(calls, barriers, terms)
        .violations
        .into_iter();
    let mut violations: Vec<Violation> = registers
        .map(|found| Violation {
            promise: Promise::Linearizable,
            calls: found.calls,
            account: found.account,
        })
        .collect();
    let ledger = Ledger {
        calls,
        barriers,
        terms,
        admins: Admins::new(calls),
    };
    violations.extend(answers::check(&ledger));
    violations.extend(creates::check(&ledger));
    violations.extend(emails::check(&ledger));
    violations.extend(logins::check(&ledger));
    violations.extend(tokens::check(&ledger));
    violations.extend(refreshes::check(&ledger));
    violations
}

/// The history, to be asked.
struct Ledger<'h> {
    calls: &'h [Call],
    barriers: &'h [Micros],
    terms: &'h Terms,
    admins: Admins<'h>,
}

/// A call and its index.
type Entry<'h> = (usize, &'h Call);

impl<'h> Ledger<'h> {
    fn entries(&self) -> impl Iterator<Item = Entry<'h>> {
        self.calls.iter().enumerate()
    }

    /// Writes of an organization that may have had an effect and are of such a kind.
    fn writes(&self, organization: Uuid, is_wanted: fn(&Request) -> bool) -> impl Iterator<Item = Entry<'h>> {
        self.entries().filter(move |(_, call)| {
            is_wanted(&call.request) && target(&call.request) == Some(organization) && may_have_happened(call)
        })
    }

    /// When a call's last effect may come.
    fn last_instant(&self, call: &Call) -> Micros {
        last_instant(call, self.barriers)
    }

    fn violation(&self, promise: Promise, what: &str, calls: &[Entry<'_>]) -> Violation {
        let told: Vec<String> = calls
            .iter()
            .map(|(index, call)| format!("\n  {}", described(*index, call)))
            .collect();
        Violation {
            promise,
            calls: calls.iter().map(|(index, _)| *index).collect(),
            account: format!("{what}:{}", told.concat()),
        }
    }
}

/// The organization that a write of state is about.
fn target(request: &Request) -> Option<Uuid> {
    match request {
        Request::Suspend { organization }
        | Request::Resume { organization }
        | Request::Delete { organization }
        | Request::Undelete { organization } => Some(*organization),
        _ => None,
    }
}

/// Whether it ends sessions.
fn shuts(request: &Request) -> bool {
    matches!(request, Request::Suspend { .. } | Request::Delete { .. })
}

/// When its answer came; never, if it did not.
fn returned(call: &Call) -> Micros {
    call.returned.unwrap_or(Micros::MAX)
}

fn is_refused_for(call: &Call, reasons: &[&str]) -> bool {
    matches!(&call.outcome, Some(Outcome::Refused(reason)) if reasons.contains(&reason.as_str()))
}

/// Whether a call of an admin may have changed something. One that met another change may be a repeat by the store's
/// driver, of a command that had been done.
fn may_have_changed(call: &Call) -> bool {
    may_have_happened(call) || is_refused_for(call, &["ADMIN_CHANGED"])
}

/// Whether logins may be possible after it.
fn opens(request: &Request) -> bool {
    matches!(request, Request::Resume { .. } | Request::Undelete { .. })
}
