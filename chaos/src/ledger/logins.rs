//! Who may log in.

use uuid::Uuid;

use super::{
    Entry, Ledger, Promise, Violation, emails::beyond_doubt, is_refused_for, may_have_changed, returned,
    target,
};
use crate::{
    history::{Call, Outcome, Request, State},
    linearizability::sightings,
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let judged = ledger.entries().filter_map(|entry| match &entry.1.request {
        Request::Login { organization, email } => by_state(ledger, *organization, email, entry)
            .or_else(|| with_a_former_email(ledger, *organization, email, entry)),
        _ => None,
    });
    judged.collect()
}

/// The login of an organization whose state is beyond doubt.
fn by_state(ledger: &Ledger<'_>, organization: Uuid, email: &str, login: Entry<'_>) -> Option<Violation> {
    let granted = login.1.outcome == Some(Outcome::Granted);
    if !granted && !is_refused_for(login.1, &["CREDENTIALS_INVALID"]) {
        return None;
    }
    let (sighting, state) = undisputed(ledger, organization, login.1)?;
    let what = match (state, granted) {
        (State::Active, false) if is_admitted(ledger, organization, email, login.1) => {
            "the admin of an organization in use may not log in"
        }
        (State::Suspended | State::Deleted | State::Purged, true) => "an admin logs in that may not",
        _ => return None,
    };
    Some(ledger.violation(Promise::Logins, what, &[sighting, login]))
}

/// Whether this is the admin's e-mail throughout the call, and nothing else was changed of the admin meanwhile.
fn is_admitted(ledger: &Ledger<'_>, organization: Uuid, email: &str, login: &Call) -> bool {
    let is_own = beyond_doubt(ledger, organization, login).is_some_and(|(_, own)| own == email);
    let overtakes = |(_, call): &Entry<'_>| {
        let changes = matches!(
            call.request,
            Request::RevokeAll { .. } | Request::ChangePassword { .. } | Request::ChangeEmail { .. }
        );
        let meanwhile = call.invoked <= returned(login) && ledger.last_instant(call) >= login.invoked;
        changes && may_have_changed(call) && meanwhile
    };
    is_own && !ledger.admins.of(organization).iter().any(overtakes)
}

/// A login with an e-mail that the admin had given up before.
fn with_a_former_email(
    ledger: &Ledger<'_>,
    organization: Uuid,
    email: &str,
    login: Entry<'_>,
) -> Option<Violation> {
    if login.1.outcome != Some(Outcome::Granted) {
        return None;
    }
    let (witness, _) = beyond_doubt(ledger, organization, login.1).filter(|(_, own)| *own != email)?;
    let what = "an admin logs in with an e-mail that was given up";
    Some(ledger.violation(Promise::Logins, what, &[witness, login]))
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
