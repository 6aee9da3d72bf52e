//! Which e-mail an admin has.

use uuid::Uuid;

use super::{Entry, Ledger, Promise, Violation, is_refused_for, returned};
use crate::{
    history::{Call, Outcome, Request},
    linearizability::may_have_happened,
};

/// Changes of an e-mail to one that is another admin's, or that is refused and nobody's.
pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let judged = ledger.entries().filter_map(|entry| match &entry.1.request {
        Request::ChangeEmail {
            organization, email, ..
        } => another_admins(ledger, *organization, email, entry)
            .or_else(|| nobodys(ledger, *organization, email, entry)),
        _ => None,
    });
    judged.collect()
}

fn another_admins(
    ledger: &Ledger<'_>,
    organization: Uuid,
    email: &str,
    change: Entry<'_>,
) -> Option<Violation> {
    if change.1.outcome != Some(Outcome::Done) {
        return None;
    }
    let deletes = |request: &Request| matches!(request, Request::Delete { .. });
    let has_it = |other: Uuid| {
        let (witness, own) = beyond_doubt(ledger, other, change.1)?;
        let may_be_purged = ledger
            .writes(other, deletes)
            .any(|(_, call)| call.invoked <= returned(change.1));
        (own == email && returned(witness.1) < change.1.invoked && !may_be_purged).then_some(witness)
    };
    let mut others = ledger.admins.owners(email).filter(|other| *other != organization);
    let witness = others.find_map(has_it)?;
    let what = "one e-mail, two admins";
    Some(ledger.violation(Promise::Email, what, &[witness, change]))
}

fn nobodys(ledger: &Ledger<'_>, organization: Uuid, email: &str, change: Entry<'_>) -> Option<Violation> {
    if !is_refused_for(change.1, &["EMAIL_TAKEN"]) {
        return None;
    }
    let may_have_it = |other: Uuid| other != organization && !is_given_up(ledger, other, email, change.1);
    let creates_it = |(_, call): Entry<'_>| {
        let asks = matches!(&call.request, Request::Create { email: asked, .. } if asked == email);
        let in_time = may_have_happened(call) && call.invoked < returned(change.1);
        asks && in_time && call.seen().is_none_or(|seen| may_have_it(seen.id))
    };
    let takes_it =
        |(other, (_, call)): (Uuid, Entry<'_>)| call.invoked < returned(change.1) && may_have_it(other);
    let taken = ledger.entries().any(creates_it) || ledger.admins.claims(email).any(takes_it);
    let what = "an e-mail is taken that nobody has";
    (!taken).then(|| ledger.violation(Promise::Email, what, &[change]))
}

/// The e-mail that an organization's admin has throughout a call, and the call that tells, unless anything may have
/// changed it from before that one until after this.
pub(super) fn beyond_doubt<'h>(
    ledger: &Ledger<'h>,
    organization: Uuid,
    call: &Call,
) -> Option<(Entry<'h>, &'h str)> {
    let begun = |(change, email): (Entry<'h>, &'h str)| {
        (change.1.invoked <= returned(call)).then_some((change, email))
    };
    let changes: Vec<_> = ledger
        .admins
        .changes_of_email(organization)
        .filter_map(begun)
        .collect();
    let is_last = |(index, witness): &Entry<'_>| {
        let overtakes = |((other, change), _): &(Entry<'_>, &str)| {
            other != index && ledger.last_instant(change) >= witness.invoked
        };
        returned(witness) < call.invoked && !changes.iter().any(overtakes)
    };
    if changes.is_empty() {
        let born = ledger.admins.birth(organization)?;
        return told_by(born).map(|email| (born, email));
    }
    let mut calls = ledger.admins.of(organization).iter().rev();
    calls.find_map(|entry| {
        let email = told_by(*entry)?;
        is_last(entry).then_some((*entry, email))
    })
}

/// The e-mail that the admin had at some time during a call.
fn told_by(entry: Entry<'_>) -> Option<&str> {
    match (&entry.1.request, &entry.1.outcome) {
        (Request::Create { email, .. }, Some(Outcome::Organization(_)))
        | (Request::Login { email, .. }, Some(Outcome::Granted))
        | (Request::ChangeEmail { email, .. }, Some(Outcome::Done)) => Some(email),
        _ => None,
    }
}

/// Whether an organization's admin has another e-mail throughout a call.
pub(super) fn is_given_up(ledger: &Ledger<'_>, organization: Uuid, email: &str, call: &Call) -> bool {
    beyond_doubt(ledger, organization, call).is_some_and(|(_, own)| own != email)
}
