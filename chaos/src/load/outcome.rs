//! From answers to outcomes.

use tenantry_proto::organization::v1::{Organization, OrganizationState};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::history::{Outcome, Seen, State};

/// Reason of an OK that does not say what it must.
pub(crate) const MALFORMED_ANSWER: &str = "MALFORMED_ANSWER";
/// Reason of an OK about somebody else.
pub(crate) const WRONG_PRINCIPAL: &str = "WRONG_PRINCIPAL";

/// A login's or a validation's OK.
pub(super) fn granted(whose: Option<String>, organization: Uuid) -> Outcome {
    if whose == Some(organization.to_string()) {
        Outcome::Granted
    } else {
        Outcome::Refused(WRONG_PRINCIPAL.to_owned())
    }
}

/// The organization in an OK.
pub(super) fn seen(organization: Option<Organization>) -> Result<Seen, Status> {
    let well_formed = || {
        let organization = organization?;
        Some(Seen {
            id: organization.id.parse().ok()?,
            state: state(organization.state())?,
            epoch: organization.etag.trim_matches('"').parse().ok()?,
            handle: organization.handle,
            collection: organization.collection_name,
        })
    };
    well_formed().ok_or_else(|| Status::failed_precondition(MALFORMED_ANSWER))
}

fn state(state: OrganizationState) -> Option<State> {
    match state {
        OrganizationState::Active => Some(State::Active),
        OrganizationState::Suspended => Some(State::Suspended),
        OrganizationState::Deleted => Some(State::Deleted),
        OrganizationState::Purged => Some(State::Purged),
        OrganizationState::Unspecified => None,
    }
}

/// What an error says: a definite refusal by its reason, or nothing certain by its code and reason. A status without a
/// reason was made by the transport.
pub(super) fn failed(status: &Status) -> Outcome {
    let reason = status.get_details_error_info().map(|info| info.reason);
    let code = status.code();
    match code {
        _ if status.message() == MALFORMED_ANSWER => Outcome::Refused(MALFORMED_ANSWER.to_owned()),
        Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::Aborted
        | Code::ResourceExhausted => Outcome::Refused(reason.unwrap_or_else(|| format!("{code:?}"))),
        _ => Outcome::Unknown(match reason {
            Some(reason) => format!("{code:?} {reason}"),
            None => format!("{code:?}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_by_its_reason_and_a_lost_answer_by_its_code() {
        let details = tonic_types::ErrorDetails::with_error_info("HANDLE_TAKEN", "tenantry", []);
        let taken = Status::with_error_details(Code::AlreadyExists, "", details.clone());
        assert_eq!(failed(&taken), Outcome::Refused("HANDLE_TAKEN".to_owned()));
        assert_eq!(
            failed(&Status::not_found("")),
            Outcome::Refused("NotFound".to_owned())
        );
        assert_eq!(
            failed(&Status::unavailable("")),
            Outcome::Unknown("Unavailable".to_owned())
        );
        let away = Status::with_error_details(Code::Unavailable, "", details);
        assert_eq!(
            failed(&away),
            Outcome::Unknown("Unavailable HANDLE_TAKEN".to_owned())
        );
    }

    #[test]
    fn an_ok_without_its_organization_is_an_answer_of_its_own() {
        let malformed = Outcome::Refused(MALFORMED_ANSWER.to_owned());
        assert_eq!(failed(&seen(None).unwrap_err()), malformed);
        let stateless = Organization {
            id: Uuid::nil().to_string(),
            etag: "\"3\"".to_owned(),
            ..Organization::default()
        };
        assert_eq!(failed(&seen(Some(stateless.clone())).unwrap_err()), malformed);
        let active = Organization {
            state: 1,
            ..stateless
        };
        let seen = seen(Some(active)).unwrap();
        assert_eq!((seen.state, seen.epoch), (State::Active, 3));
        assert_eq!(
            granted(None, Uuid::nil()),
            Outcome::Refused(WRONG_PRINCIPAL.to_owned())
        );
    }
}
