//! Answers that no server ever gives.

use std::collections::HashSet;

use super::{Entry, Ledger, Promise, Violation};
use crate::{
    history::{Call, Outcome, Request},
    load::{MALFORMED_ANSWER, WRONG_PRINCIPAL},
};

/// Refusals of calls that were as they should be; and a halt, which nothing but damage leads to.
const NEVER: [&str; 14] = [
    "INVALID_FIELDS",
    "MALFORMED_REQUEST",
    "REQUEST_TOO_LARGE",
    "REQUEST_ID_REUSED",
    "InvalidArgument",
    "METHOD_UNKNOWN",
    "OPERATION_HALTED",
    "ETAG_MISMATCH",
    "PERMISSION_DENIED",
    "SIGN_UP_CLOSED",
    "TOO_MANY_ATTEMPTS",
    "QUOTA_EXCEEDED",
    "ADMIN_NOT_FOUND",
    MALFORMED_ANSWER,
];

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Violation> {
    let wrong = ledger.entries().filter(|(_, call)| is_wrong(ledger, call));
    let never = "an answer that is never given";
    wrong
        .map(|entry: Entry<'_>| ledger.violation(Promise::Answers, never, &[entry]))
        .collect()
}

fn is_wrong(ledger: &Ledger<'_>, call: &Call) -> bool {
    match &call.outcome {
        Some(Outcome::Refused(reason)) if reason == WRONG_PRINCIPAL => !was_used_again(ledger, &call.request),
        Some(Outcome::Refused(reason)) => {
            NEVER.contains(&reason.as_str()) || is_of_a_wrong_password(&call.request, reason)
        }
        // Without a reason it was the transport's own, about a connection that broke.
        Some(Outcome::Unknown(reason)) => ["Internal INTERNAL", "DataLoss", "Unimplemented"]
            .iter()
            .any(|never| reason.starts_with(never)),
        Some(Outcome::Organizations(all)) => {
            let ids: HashSet<_> = all.iter().map(|seen| seen.id).collect();
            ids.len() < all.len()
        }
        Some(Outcome::Organization(_) | Outcome::Granted | Outcome::Refreshed(_) | Outcome::Done) | None => {
            false
        }
    }
}

/// Whether an admin's password is refused: everybody has the right one.
fn is_of_a_wrong_password(request: &Request, reason: &str) -> bool {
    let shows_it = matches!(
        request,
        Request::ChangePassword { .. } | Request::ChangeEmail { .. }
    );
    shows_it && reason == "CREDENTIALS_INVALID"
}

/// Whether a login's e-mail may be another organization's by now.
fn was_used_again(ledger: &Ledger<'_>, request: &Request) -> bool {
    let Request::Login { email, organization } = request else {
        return false;
    };
    let taken_over = ledger
        .admins
        .claims(email)
        .any(|(whose, _)| whose != *organization);
    let requests: HashSet<_> = ledger
        .calls
        .iter()
        .filter_map(|call| match &call.request {
            Request::Create {
                request_id,
                email: used,
                ..
            } if used == email => Some(request_id),
            _ => None,
        })
        .collect();
    requests.len() > 1 || taken_over
}
