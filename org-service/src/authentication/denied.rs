//! Why a caller is not let in, and what is said of it.

use std::time::Duration;

use tenantry_common::{
    rpc::status::{Failure, published, reason_of},
    throttle::RetryAfter,
};
use tenantry_proto::{auth::v1::ErrorReason as AuthReason, organization::v1::ErrorReason};
use tonic::{Code, Status};

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Missing,
    Invalid,
    Expired,
    Revoked,
    /// The service credential is not the one.
    Credential,
    /// auth-service did not say yes or no.
    Unanswered,
    /// The organization's calls are used up.
    Quota(RetryAfter),
}

/// What auth-service's refusal to validate a token means.
pub(super) fn denied_by(status: &Status) -> Denied {
    let reason = reason_of(status);
    let is = |expected: AuthReason| reason.as_deref() == Some(published(expected.as_str_name()));
    match status.code() {
        Code::Unauthenticated if is(AuthReason::TokenExpired) => Denied::Expired,
        Code::Unauthenticated if is(AuthReason::TokenRevoked) => Denied::Revoked,
        Code::Unauthenticated | Code::InvalidArgument => Denied::Invalid,
        code => {
            tracing::warn!(%code, message = status.message(), "auth-service did not validate a token");
            Denied::Unanswered
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        let (code, reason, text) = match denied {
            Denied::Missing => (
                Code::Unauthenticated,
                ErrorReason::TokenMissing,
                "send `authorization: Bearer <access token>`",
            ),
            Denied::Invalid => (
                Code::Unauthenticated,
                ErrorReason::TokenInvalid,
                "the access token is not valid",
            ),
            Denied::Expired => (
                Code::Unauthenticated,
                ErrorReason::TokenExpired,
                "the access token has expired; log in again",
            ),
            Denied::Revoked => (
                Code::Unauthenticated,
                ErrorReason::TokenRevoked,
                "the session has ended; log in again",
            ),
            Denied::Credential => (
                Code::Unauthenticated,
                ErrorReason::ServiceCredentialInvalid,
                "the service credential is not the one of this server",
            ),
            Denied::Unanswered => (
                Code::Unavailable,
                ErrorReason::AuthUnavailable,
                "auth-service is not answering; nothing was done",
            ),
            Denied::Quota(retry) => {
                let reason = published(ErrorReason::QuotaExceeded.as_str_name());
                let text = "the organization's calls are used up for now; try again later";
                return Self::throttled(reason, text, "organization", retry);
            }
        };
        let failure = Failure::new(code, published(reason.as_str_name()), text);
        match denied {
            Denied::Unanswered => failure.retry_after(Duration::from_secs(1)),
            _ => failure,
        }
    }
}
