//! Every use case's errors and the one answer that each of them gets.

use std::time::Duration;

use tenantry_common::{
    rpc::status::{Failure, published, reason},
    store::error::StoreError,
    throttle::RetryAfter,
};
use tenantry_proto::auth::v1::ErrorReason;
use tonic::{Code, Status};

use crate::{
    activate_admin::ChangeAdminError, hashing::NotHashed, login::LoginError, own_password::OwnChangeError,
    passwords::HashError, prepare_admin::PrepareAdminError, refresh::RefreshError,
    replace_password::ReplacePasswordError, set_gate::SetGateError, validate_token::TokenError,
};

/// When to come back to a full hashing queue: a few hashes later.
const HASHING_RETRY: Duration = Duration::from_secs(1);

/// A failure with a reason of the published enum.
pub fn failure(code: Code, reason: ErrorReason, message: &str) -> Failure {
    Failure::new(code, published(reason.as_str_name()), message)
}

/// The metadata has no bearer token.
pub fn token_missing() -> Status {
    let text = "this method needs metadata `authorization: Bearer <access token>`";
    failure(Code::Unauthenticated, ErrorReason::TokenMissing, text).into()
}

/// An operator's method was called by somebody else.
pub fn operators_only() -> Status {
    let text = "only operators may do this";
    failure(Code::PermissionDenied, ErrorReason::PermissionDenied, text).into()
}

/// Nobody who may log in has the id or e-mail, or the caller may not know.
pub fn admin_not_found() -> Status {
    let text = "no admin who may log in has this id or e-mail";
    failure(Code::NotFound, ErrorReason::AdminNotFound, text).into()
}

/// Too many passwords were tried; the answer is the same whatever they were.
fn too_many_attempts(retry: RetryAfter) -> Failure {
    let text = "too many attempts; try again later";
    throttled(ErrorReason::TooManyAttempts, text, "attempts", retry)
}

fn throttled(reason: ErrorReason, text: &str, subject: &'static str, retry: RetryAfter) -> Failure {
    Failure::throttled(published(reason.as_str_name()), text, subject, retry)
}

/// The organization's calls are used up for now.
pub fn quota_exceeded(retry: RetryAfter) -> Status {
    let text = "the organization's calls are used up for now; try again later";
    throttled(ErrorReason::QuotaExceeded, text, "organization", retry).into()
}

/// What became of a call that can fail for nothing but its store.
pub fn store(error: &StoreError) -> Failure {
    match error {
        StoreError::Unavailable(_) => Failure::store_unavailable(error),
        StoreError::NotFound
        | StoreError::AlreadyExists(_)
        | StoreError::Conflict
        | StoreError::Corrupt(_)
        | StoreError::Internal(_) => Failure::internal(error),
    }
}

fn not_hashed(error: NotHashed) -> Failure {
    match error {
        NotHashed::QueueFull => {
            let text = "too many passwords wait to be checked; try again";
            Failure::new(Code::ResourceExhausted, reason::OVERLOADED, text).retry_after(HASHING_RETRY)
        }
        NotHashed::DeadlineExceeded => {
            let text = "not done within the call's deadline; nothing was changed";
            Failure::new(Code::DeadlineExceeded, reason::DEADLINE_EXCEEDED, text)
        }
        NotHashed::Panicked => Failure::internal(&error),
    }
}

fn hash(error: &HashError) -> Failure {
    match error {
        HashError::NotHashed(error) => not_hashed(*error),
        HashError::Bcrypt(_) => Failure::internal(error),
    }
}

impl From<LoginError> for Status {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::CredentialsInvalid => {
                let text = "the e-mail or the password is wrong, or the account may not log in";
                failure(Code::Unauthenticated, ErrorReason::CredentialsInvalid, text)
            }
            LoginError::TooManyAttempts(retry) => too_many_attempts(retry),
            LoginError::NotHashed(error) => not_hashed(error),
            LoginError::Store(error) => store(&error),
            LoginError::Signing(error) => Failure::internal(&error),
        }
        .into()
    }
}

impl From<RefreshError> for Status {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Forged(_) => failure(
                Code::Unauthenticated,
                ErrorReason::TokenInvalid,
                "the refresh token is invalid",
            ),
            RefreshError::Expired => {
                let text = "the session has expired; log in again";
                failure(Code::Unauthenticated, ErrorReason::TokenExpired, text)
            }
            RefreshError::Revoked => {
                let text = "the session has ended; log in again";
                failure(Code::Unauthenticated, ErrorReason::TokenRevoked, text)
            }
            RefreshError::Store(error) => store(&error),
            RefreshError::Signing(error) => Failure::internal(&error),
        }
        .into()
    }
}

impl From<OwnChangeError> for Status {
    fn from(error: OwnChangeError) -> Self {
        match error {
            OwnChangeError::CredentialsInvalid => {
                let text = "the current password is wrong";
                failure(Code::Unauthenticated, ErrorReason::CredentialsInvalid, text)
            }
            OwnChangeError::TooManyAttempts(retry) => too_many_attempts(retry),
            OwnChangeError::Revoked => return TokenError::Revoked.into(),
            OwnChangeError::EmailTaken => email_taken(),
            OwnChangeError::Changed => {
                let text = "the admin was changed at the same time; try again";
                failure(Code::Aborted, ErrorReason::AdminChanged, text)
            }
            OwnChangeError::Hash(error) => hash(&error),
            OwnChangeError::Store(error) => store(&error),
        }
        .into()
    }
}

impl From<ReplacePasswordError> for Status {
    fn from(error: ReplacePasswordError) -> Self {
        match error {
            ReplacePasswordError::NotFound => return admin_not_found(),
            ReplacePasswordError::Hash(error) => hash(&error),
            ReplacePasswordError::Store(error) => store(&error),
        }
        .into()
    }
}

fn email_taken() -> Failure {
    let text = "an admin with this e-mail exists";
    failure(Code::AlreadyExists, ErrorReason::EmailTaken, text)
}

impl From<TokenError> for Status {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => failure(
                Code::Unauthenticated,
                ErrorReason::TokenInvalid,
                "the access token is invalid",
            ),
            TokenError::Expired => {
                let text = "the access token has expired; log in again";
                failure(Code::Unauthenticated, ErrorReason::TokenExpired, text)
            }
            TokenError::Revoked => {
                let text = "the access token's session has ended; log in again";
                failure(Code::Unauthenticated, ErrorReason::TokenRevoked, text)
            }
            TokenError::Store(error) => store(&error),
        }
        .into()
    }
}

impl From<PrepareAdminError> for Status {
    fn from(error: PrepareAdminError) -> Self {
        match error {
            PrepareAdminError::EmailTaken => email_taken(),
            PrepareAdminError::AdminState => {
                let text = "the admin's id is used up: cancelled, purged, or somebody else's";
                failure(Code::FailedPrecondition, ErrorReason::AdminState, text)
            }
            PrepareAdminError::Hash(error) => hash(&error),
            PrepareAdminError::Store(error) => store(&error),
        }
        .into()
    }
}

impl From<ChangeAdminError> for Status {
    fn from(error: ChangeAdminError) -> Self {
        match error {
            ChangeAdminError::AdminState => {
                let text = "the admin's state does not allow this";
                failure(Code::FailedPrecondition, ErrorReason::AdminState, text)
            }
            ChangeAdminError::Store(error) => store(&error),
        }
        .into()
    }
}

impl From<SetGateError> for Status {
    fn from(error: SetGateError) -> Self {
        match error {
            SetGateError::StaleEpoch => {
                let text = "the gate has moved on, or its organization is purged";
                failure(Code::FailedPrecondition, ErrorReason::StaleEpoch, text)
            }
            SetGateError::Store(error) => store(&error),
        }
        .into()
    }
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
