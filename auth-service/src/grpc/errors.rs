//! Every use case's errors and the one answer that each of them gets.

use std::time::Duration;

use tenantry_common::{
    rpc::status::{Failure, published, reason},
    store::error::StoreError,
};
use tenantry_proto::auth::v1::ErrorReason;
use tonic::{Code, Status};

use crate::{
    activate_admin::ChangeAdminError, hashing::NotHashed, login::LoginError, passwords::HashError,
    prepare_admin::PrepareAdminError, set_gate::SetGateError, validate_token::TokenError,
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
            LoginError::NotHashed(error) => not_hashed(error),
            LoginError::Store(error) => store(&error),
            LoginError::Signing(error) => Failure::internal(&error),
        }
        .into()
    }
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
            PrepareAdminError::EmailTaken => failure(
                Code::AlreadyExists,
                ErrorReason::EmailTaken,
                "an admin with this e-mail exists",
            ),
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
mod tests {
    use tenantry_common::rpc::status::reason_of;

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
    fn every_error_has_its_code_and_a_published_reason() {
        let away = || StoreError::Unavailable("mongodb://canary".to_owned());
        let broken = || StoreError::Corrupt("canary".to_owned());
        for (status, code, reason) in [
            (
                LoginError::CredentialsInvalid.into(),
                Code::Unauthenticated,
                "CREDENTIALS_INVALID",
            ),
            (
                LoginError::from(NotHashed::QueueFull).into(),
                Code::ResourceExhausted,
                "OVERLOADED",
            ),
            (
                LoginError::from(NotHashed::DeadlineExceeded).into(),
                Code::DeadlineExceeded,
                "DEADLINE_EXCEEDED",
            ),
            (
                LoginError::from(NotHashed::Panicked).into(),
                Code::Internal,
                "INTERNAL",
            ),
            (
                LoginError::from(away()).into(),
                Code::Unavailable,
                "STORE_UNAVAILABLE",
            ),
            (LoginError::from(broken()).into(), Code::Internal, "INTERNAL"),
            (TokenError::Invalid.into(), Code::Unauthenticated, "TOKEN_INVALID"),
            (TokenError::Expired.into(), Code::Unauthenticated, "TOKEN_EXPIRED"),
            (TokenError::Revoked.into(), Code::Unauthenticated, "TOKEN_REVOKED"),
            (
                TokenError::from(away()).into(),
                Code::Unavailable,
                "STORE_UNAVAILABLE",
            ),
            (token_missing(), Code::Unauthenticated, "TOKEN_MISSING"),
            (
                PrepareAdminError::EmailTaken.into(),
                Code::AlreadyExists,
                "EMAIL_TAKEN",
            ),
            (
                PrepareAdminError::AdminState.into(),
                Code::FailedPrecondition,
                "ADMIN_STATE",
            ),
            (
                PrepareAdminError::Hash(NotHashed::QueueFull.into()).into(),
                Code::ResourceExhausted,
                "OVERLOADED",
            ),
            (
                PrepareAdminError::Hash(HashError::Bcrypt("canary".to_owned())).into(),
                Code::Internal,
                "INTERNAL",
            ),
            (
                PrepareAdminError::from(away()).into(),
                Code::Unavailable,
                "STORE_UNAVAILABLE",
            ),
            (
                ChangeAdminError::from(StoreError::NotFound).into(),
                Code::FailedPrecondition,
                "ADMIN_STATE",
            ),
            (
                ChangeAdminError::from(StoreError::Conflict).into(),
                Code::FailedPrecondition,
                "ADMIN_STATE",
            ),
            (
                ChangeAdminError::from(away()).into(),
                Code::Unavailable,
                "STORE_UNAVAILABLE",
            ),
            (
                SetGateError::StaleEpoch.into(),
                Code::FailedPrecondition,
                "STALE_EPOCH",
            ),
            (
                SetGateError::from(away()).into(),
                Code::Unavailable,
                "STORE_UNAVAILABLE",
            ),
        ] as [(Status, Code, &str); 21]
        {
            assert_eq!(
                (status.code(), reason_of(&status).as_deref()),
                (code, Some(reason))
            );
            assert!(
                ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")).is_some(),
                "{reason}"
            );
            assert!(!status.message().contains("canary"), "{}", status.message());
        }
    }
}
