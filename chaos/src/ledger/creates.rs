//! Request ids and e-mails of creates.

use uuid::Uuid;

use super::{Entry, Ledger, Promise, Violation, emails::is_given_up, returned};
use crate::{
    history::{Micros, Outcome, Request},
    linearizability::may_have_happened,
};

/// A create, taken apart.
struct Create<'h> {
    entry: Entry<'h>,
    request_id: Uuid,
    email: &'h str,
}

impl Create<'_> {
    fn organization(&self) -> Option<Uuid> {
        self.entry.1.seen().map(|seen| seen.id)
    }

    fn refusal(&self) -> Option<&str> {
        match &self.entry.1.outcome {
            Some(Outcome::Refused(reason)) => Some(reason),
            _ => None,
        }
    }

    fn returned(&self) -> Micros {
        returned(self.entry.1)
    }
}

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let creates: Vec<Create<'_>> = ledger
        .entries()
        .filter_map(|entry| match &entry.1.request {
            Request::Create {
                request_id, email, ..
            } => Some(Create {
                entry,
                request_id: *request_id,
                email,
            }),
            _ => None,
        })
        .collect();
    let mut violations = Vec::new();
    for (place, create) in creates.iter().enumerate() {
        violations.extend(taken_by_nobody(ledger, create, &creates));
        for other in creates.iter().skip(place + 1) {
            violations.extend(one_request_id(ledger, create, other));
            violations.extend(one_e_mail(ledger, create, other));
        }
    }
    violations
}

/// A request id names one organization, and is not refused once it was answered.
fn one_request_id(ledger: &Ledger<'_>, one: &Create<'_>, other: &Create<'_>) -> Option<Violation> {
    if one.request_id != other.request_id {
        return None;
    }
    let entries = [one.entry, other.entry];
    let violation = |what| Some(ledger.violation(Promise::RequestId, what, &entries));
    match (one.organization(), other.organization()) {
        (Some(one), Some(other)) if one != other => violation("one request id, two organizations"),
        (Some(_), None) if other.entry.1.invoked > one.returned() && says_it_is_new(other) => {
            violation("a request id that was answered is refused")
        }
        _ => None,
    }
}

/// Whether a refusal took the create for a new one.
fn says_it_is_new(create: &Create<'_>) -> bool {
    let reason = create.refusal().unwrap_or_default();
    matches!(reason, "HANDLE_TAKEN" | "HANDLE_RESTING" | "EMAIL_TAKEN")
}

/// An e-mail is one admin's until it is given up or the organization is purged.
fn one_e_mail(ledger: &Ledger<'_>, one: &Create<'_>, other: &Create<'_>) -> Option<Violation> {
    let (first, second) = (one.organization()?, other.organization()?);
    if one.email != other.email || first == second {
        return None;
    }
    let by = one.returned().max(other.returned());
    let may_be_purged = |organization| {
        let deletes = |request: &Request| matches!(request, Request::Delete { .. });
        ledger
            .writes(organization, deletes)
            .any(|(_, call)| call.invoked < by)
    };
    let may_be_given_up = |organization| {
        let mut changes = ledger.admins.changes_of_email(organization);
        changes.any(|((_, call), _)| call.invoked < by)
    };
    let may_be_gone = |organization| may_be_purged(organization) || may_be_given_up(organization);
    let twice = !may_be_gone(first) && !may_be_gone(second);
    let entries = [one.entry, other.entry];
    twice.then(|| ledger.violation(Promise::Email, "one e-mail, two admins", &entries))
}

/// An e-mail that no other create came with is free, and so is one that was given up.
fn taken_by_nobody(ledger: &Ledger<'_>, create: &Create<'_>, creates: &[Create<'_>]) -> Option<Violation> {
    if create.refusal() != Some("EMAIL_TAKEN") {
        return None;
    }
    let has_it = |other: &Create<'_>| {
        other.email == create.email
            && other.request_id != create.request_id
            && may_have_happened(other.entry.1)
            && other.entry.1.invoked < create.returned()
    };
    let gave_it_up = |other: &Create<'_>| {
        let organization = other.organization();
        organization
            .is_some_and(|organization| is_given_up(ledger, organization, create.email, create.entry.1))
    };
    let took_it = |(organization, (_, call)): (Uuid, Entry<'_>)| {
        call.invoked < create.returned() && !is_given_up(ledger, organization, create.email, create.entry.1)
    };
    let taken = creates.iter().any(|other| has_it(other) && !gave_it_up(other))
        || ledger.admins.claims(create.email).any(took_it);
    let what = "an e-mail is taken that nobody has";
    (!taken).then(|| ledger.violation(Promise::Email, what, &[create.entry]))
}
