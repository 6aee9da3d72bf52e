//! Who may log in, and which tokens are good.

use uuid::Uuid;

use super::{Entry, Ledger, Promise, Violation, opens, shuts, target};
use crate::{
    history::{Call, Micros, Outcome, Request, State},
    linearizability::sightings,
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let judged = ledger.entries().filter_map(|entry| match &entry.1.request {
        Request::Login { organization, .. } => login(ledger, *organization, entry),
        Request::Validate { organization, login } => {
            let login = (*login, ledger.calls.get(*login)?);
            dead_token(ledger, *organization, login, entry)
                .or_else(|| lost_token(ledger, *organization, login, entry))
        }
        _ => None,
    });
    judged.collect()
}

fn returned(call: &Call) -> Micros {
    call.returned.unwrap_or(Micros::MAX)
}

fn is_refused_for(call: &Call, reasons: &[&str]) -> bool {
    matches!(&call.outcome, Some(Outcome::Refused(reason)) if reasons.contains(&reason.as_str()))
}

/// The login of an organization whose state is beyond doubt.
fn login(ledger: &Ledger<'_>, organization: Uuid, login: Entry<'_>) -> Option<Violation> {
    let granted = login.1.outcome == Some(Outcome::Granted);
    if !granted && !is_refused_for(login.1, &["CREDENTIALS_INVALID"]) {
        return None;
    }
    let (sighting, state) = undisputed(ledger, organization, login.1)?;
    let what = match (state, granted) {
        (State::Active, false) => "the admin of an organization in use may not log in",
        (State::Suspended | State::Deleted | State::Purged, true) => "an admin logs in that may not",
        _ => return None,
    };
    Some(ledger.violation(Promise::Logins, what, &[sighting, login]))
}

/// The last answer that showed the organization before this call, and the state in it, unless anything may have
/// changed that from before the answer until after the call.
fn undisputed<'h>(ledger: &Ledger<'h>, organization: Uuid, call: &Call) -> Option<(Entry<'h>, State)> {
    let shown = |entry: Entry<'h>| {
        let seen = sightings(entry.1).iter().find(|seen| seen.id == organization)?;
        (returned(entry.1) < call.invoked).then_some((entry, seen.state))
    };
    let last = ledger
        .entries()
        .filter_map(shown)
        .max_by_key(|((_, call), _)| returned(call))?;
    let ((sighting, seen_by), _) = last;
    let disputes = |(index, write): Entry<'_>| {
        index != sighting && ledger.last_instant(write) >= seen_by.invoked && write.invoked <= returned(call)
    };
    let changes = |request: &Request| target(request).is_some();
    (!ledger.writes(organization, changes).any(disputes)).then_some(last)
}

/// A token of before an acknowledged suspension or deletion that is still good after it.
fn dead_token(
    ledger: &Ledger<'_>,
    organization: Uuid,
    login: Entry<'_>,
    validation: Entry<'_>,
) -> Option<Violation> {
    if validation.1.outcome != Some(Outcome::Granted) {
        return None;
    }
    let killed = |(_, shut): &Entry<'_>| {
        let between = shut.invoked > login.1.invoked && returned(shut) < validation.1.invoked;
        between
            && matches!(shut.outcome, Some(Outcome::Organization(_)))
            && !outlived(ledger, organization, login.1, shut)
    };
    let killer = ledger.writes(organization, shuts).find(killed)?;
    let what = "a token outlives what ends it";
    Some(ledger.violation(Promise::TokensDie, what, &[login, killer, validation]))
}

/// Whether the login may have come after the shutting: it took longer, and the organization was opened meanwhile.
fn outlived(ledger: &Ledger<'_>, organization: Uuid, login: &Call, shut: &Call) -> bool {
    let opened =
        |(_, open): Entry<'_>| open.invoked < returned(login) && ledger.last_instant(open) > shut.invoked;
    returned(login) > shut.invoked && ledger.writes(organization, opens).any(opened)
}

/// A token that is refused although nothing ended it.
fn lost_token(
    ledger: &Ledger<'_>,
    organization: Uuid,
    login: Entry<'_>,
    validation: Entry<'_>,
) -> Option<Violation> {
    if !is_refused_for(validation.1, &["TOKEN_REVOKED", "TOKEN_INVALID", "TOKEN_MISSING"]) {
        return None;
    }
    let ended = |(_, shut): Entry<'_>| {
        ledger.last_instant(shut) >= login.1.invoked && shut.invoked <= returned(validation.1)
    };
    let lost = !ledger.writes(organization, shuts).any(ended);
    let what = "a token is refused that nothing has ended";
    lost.then(|| ledger.violation(Promise::TokensLast, what, &[login, validation]))
}
