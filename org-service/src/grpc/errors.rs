//! The one table from a use case's error to a status.

use std::time::Duration;

use tenantry_common::{
    rpc::{
        fields::rejected,
        status::{Failure, published},
    },
    store::error::StoreError,
    throttle::RetryAfter,
};
use tenantry_proto::organization::v1::ErrorReason;
use tonic::Code;

use super::parse;
use crate::organizations::Error;

/// When to ask again while an operation is under way.
const IN_PROGRESS_RETRY: Duration = Duration::from_millis(500);
/// When to ask again while another service is away.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(1);

/// Too many organizations were created just now.
pub(super) fn too_many_sign_ups(retry: RetryAfter) -> Failure {
    let reason = published(ErrorReason::TooManySignUps.as_str_name());
    let text = "too many organizations were created just now; try again later";
    Failure::throttled(reason, text, "sign-up", retry)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure =
            |code, reason: ErrorReason| Self::new(code, published(reason.as_str_name()), error.to_string());
        match &error {
            Error::NotFound => failure(Code::NotFound, ErrorReason::OrganizationNotFound),
            Error::NotAllowed => failure(Code::PermissionDenied, ErrorReason::PermissionDenied),
            Error::SignUpClosed => failure(Code::PermissionDenied, ErrorReason::SignUpClosed),
            Error::HandleTaken(_) => failure(Code::AlreadyExists, ErrorReason::HandleTaken),
            Error::HandleResting { available, .. } => {
                failure(Code::AlreadyExists, ErrorReason::HandleResting).metadata(
                    "available_time",
                    prost_types::Timestamp::from(*available).to_string(),
                )
            }
            Error::EmailTaken => failure(Code::AlreadyExists, ErrorReason::EmailTaken),
            Error::NoHandle(invalid) => rejected("organization.handle", parse::no_handle(invalid.clone())),
            Error::RequestIdReused => rejected("request_id", error.to_string())
                .reason(published(ErrorReason::RequestIdReused.as_str_name())),
            Error::EtagMismatch => failure(Code::Aborted, ErrorReason::EtagMismatch),
            Error::Deleted | Error::NotDeleted => {
                failure(Code::FailedPrecondition, ErrorReason::OrganizationState)
            }
            Error::InProgress => {
                failure(Code::Unavailable, ErrorReason::OperationInProgress).retry_after(IN_PROGRESS_RETRY)
            }
            Error::Halted(_) => failure(Code::FailedPrecondition, ErrorReason::OperationHalted),
            Error::Overloaded(delay) => {
                failure(Code::ResourceExhausted, ErrorReason::Overloaded).retry_after(*delay)
            }
            Error::AuthUnavailable(cause) => {
                tracing::warn!(%cause, "auth-service unavailable");
                Self::new(
                    Code::Unavailable,
                    published(ErrorReason::AuthUnavailable.as_str_name()),
                    "auth-service is not answering; nothing was done",
                )
                .retry_after(UNAVAILABLE_RETRY)
            }
            Error::Store(StoreError::Unavailable(cause)) => Self::store_unavailable(cause),
            Error::Store(cause) => Self::internal(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::rpc::status::reason;

    use super::*;

    #[test]
    fn the_frames_reasons_are_published() {
        for reason in reason::ALL {
            assert!(
                ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")).is_some(),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_hidden_cause_stays_hidden() {
        for error in [
            Error::Store(StoreError::Unavailable("mongodb://secret".to_owned())),
            Error::Store(StoreError::Internal("secret".to_owned())),
            Error::Store(StoreError::Corrupt("secret".to_owned())),
            Error::AuthUnavailable("secret".to_owned()),
        ] {
            let status = tonic::Status::from(Failure::from(error));
            assert!(!status.message().contains("secret"), "{status:?}");
        }
    }
}
