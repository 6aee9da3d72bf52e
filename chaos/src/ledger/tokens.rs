//! Which tokens are good.

use std::{collections::HashSet, time::Duration};

use uuid::Uuid;

use super::{
    Entry, Ledger, Promise, Violation, admins::Token, is_refused_for, may_have_changed, opens,
    refreshes::may_be_reuse, returned, shuts,
};
use crate::history::{Call, Outcome, Request};

/// Most sessions that an admin has; a login beyond them ends the oldest.
const MAX_SESSIONS: usize = 100;
/// How long access tokens of a stack live.
const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Refusals of what was shown, not of what was asked.
const OF_THE_TOKEN: [&str; 4] = ["TOKEN_REVOKED", "TOKEN_INVALID", "TOKEN_MISSING", "TOKEN_EXPIRED"];

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    // Of each session the first is told: the others say the same.
    let mut told = HashSet::new();
    let judged = ledger.entries().filter_map(|entry| {
        let (organization, token) = entry.1.request.token()?;
        let token = ledger.admins.token(token)?;
        let shown = Shown {
            ledger,
            organization,
            token,
            login: (token.login, ledger.calls.get(token.login)?),
            entry,
        };
        let violation = shown.outlives().or_else(|| shown.is_lost())?;
        told.insert((token.login, violation.promise)).then_some(violation)
    });
    judged.collect()
}

/// A token that a call showed.
struct Shown<'l, 'h> {
    ledger: &'l Ledger<'h>,
    organization: Uuid,
    token: Token,
    /// Where its session began.
    login: Entry<'h>,
    entry: Entry<'h>,
}

/// Whether the answer says that the token is good. A logout is answered whatever has become of the session.
fn is_good(call: &Call) -> bool {
    match &call.outcome {
        Some(Outcome::Granted | Outcome::Refreshed(_) | Outcome::Done) => {
            !matches!(call.request, Request::Logout { .. })
        }
        _ => is_refused_for(
            call,
            &[
                "ADMIN_CHANGED",
                "CREDENTIALS_INVALID",
                "EMAIL_TAKEN",
                "ORGANIZATION_NOT_FOUND",
            ],
        ),
    }
}

impl<'h> Shown<'_, 'h> {
    /// A token that is good after it was acknowledged that its session has ended.
    fn outlives(&self) -> Option<Violation> {
        if !is_good(self.entry.1) {
            return None;
        }
        let before = |call: &Call| returned(call) < self.entry.1.invoked;
        let mut shuts = self.ledger.writes(self.organization, shuts);
        let shut = shuts.find(|(_, call)| before(call) && self.is_shut_out_by(call));
        let killer = shut.or_else(|| {
            let mut calls = self.calls().iter().copied();
            calls.find(|(_, call)| before(call) && self.is_ended_by(call))
        })?;
        let what = "a token outlives what ends it";
        let calls = [self.login, killer, self.entry];
        Some(self.ledger.violation(Promise::TokensDie, what, &calls))
    }

    /// Whether an acknowledged suspension or deletion ended the session.
    fn is_shut_out_by(&self, shut: &Call) -> bool {
        let login = self.login.1;
        let opened = |(_, open): Entry<'_>| {
            open.invoked < returned(login) && self.ledger.last_instant(open) > shut.invoked
        };
        // The login may have come after the shutting: it took longer, and the organization was opened meanwhile.
        let outlived =
            returned(login) > shut.invoked && self.ledger.writes(self.organization, opens).any(opened);
        let acknowledged = matches!(shut.outcome, Some(Outcome::Organization(_)));
        acknowledged && shut.invoked > login.invoked && !outlived
    }

    /// Whether the answer to a call of the admin's says that the session has ended.
    fn is_ended_by(&self, call: &Call) -> bool {
        let own = self.is_of_this_session(call);
        let done = call.outcome == Some(Outcome::Done);
        let is_older = returned(self.login.1) < call.invoked;
        match call.request {
            Request::Logout { .. } => done && own,
            Request::RevokeAll { keep_current, .. } => done && is_older && !(keep_current && own),
            Request::ChangePassword { .. } => done && is_older && !own,
            Request::Validate { .. } | Request::Visit { .. } | Request::Refresh { .. } => {
                own && is_refused_for(call, &["TOKEN_REVOKED"])
            }
            _ => false,
        }
    }

    /// A token that is refused although nothing ended its session.
    fn is_lost(&self) -> Option<Violation> {
        let (_, call) = self.entry;
        let is_logout = matches!(call.request, Request::Logout { .. });
        if !is_refused_for(call, &OF_THE_TOKEN) || (self.may_be_over() && !is_logout) {
            return None;
        }
        let what = "a token is refused that nothing has ended";
        let calls = [self.login, self.entry];
        Some(self.ledger.violation(Promise::TokensLast, what, &calls))
    }

    /// Whether anything may have ended the session, or the token, by the answer.
    fn may_be_over(&self) -> bool {
        let (_, login) = self.login;
        let until = returned(self.entry.1);
        let in_time = |call: &Call| self.ledger.last_instant(call) >= login.invoked && call.invoked <= until;
        let mut shuts = self.ledger.writes(self.organization, shuts);
        let mut calls = self.calls().iter();
        if is_refused_for(self.entry.1, &["TOKEN_EXPIRED"]) {
            let terms = self.ledger.terms;
            return terms.may_have_passed(TOKEN_LIFETIME, login.invoked, until);
        }
        shuts.any(|(_, shut)| in_time(shut))
            || calls.any(|entry| in_time(entry.1) && self.may_be_ended_by(*entry))
            || self.may_be_surplus(in_time)
    }

    fn may_be_ended_by(&self, entry: Entry<'_>) -> bool {
        let (_, call) = entry;
        let own = self.is_of_this_session(call);
        match call.request {
            Request::Logout { .. } => may_have_changed(call) && own,
            Request::RevokeAll { keep_current, .. } => may_have_changed(call) && !(keep_current && own),
            Request::ChangePassword { .. } => may_have_changed(call) && !own,
            Request::Refresh { .. } => own && may_be_reuse(self.ledger, self.organization, entry),
            _ => false,
        }
    }

    /// Whether there may have been so many younger logins that this one had to go.
    fn may_be_surplus(&self, in_time: impl Fn(&Call) -> bool) -> bool {
        let younger = |(index, call): &&Entry<'_>| {
            matches!(call.request, Request::Login { .. }) && *index != self.token.login && in_time(call)
        };
        let younger = self.calls().iter().filter(younger).count();
        younger + self.ledger.admins.strangers() >= MAX_SESSIONS
    }

    fn calls(&self) -> &[Entry<'h>] {
        self.ledger.admins.of(self.organization)
    }

    fn is_of_this_session(&self, call: &Call) -> bool {
        self.ledger.admins.session(call) == Some(self.token.login)
    }
}
