use tenantry_common::rpc::status::reason_of;

use super::*;
use crate::domain::ForgedRefreshToken;

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
    let retry = RetryAfter(Duration::from_secs(1));
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
        (
            LoginError::from(retry).into(),
            Code::ResourceExhausted,
            "TOO_MANY_ATTEMPTS",
        ),
        (quota_exceeded(retry), Code::ResourceExhausted, "QUOTA_EXCEEDED"),
        (operators_only(), Code::PermissionDenied, "PERMISSION_DENIED"),
        (
            RefreshError::Forged(ForgedRefreshToken).into(),
            Code::Unauthenticated,
            "TOKEN_INVALID",
        ),
        (
            RefreshError::Expired.into(),
            Code::Unauthenticated,
            "TOKEN_EXPIRED",
        ),
        (
            RefreshError::Revoked.into(),
            Code::Unauthenticated,
            "TOKEN_REVOKED",
        ),
        (
            RefreshError::from(away()).into(),
            Code::Unavailable,
            "STORE_UNAVAILABLE",
        ),
        (
            OwnChangeError::CredentialsInvalid.into(),
            Code::Unauthenticated,
            "CREDENTIALS_INVALID",
        ),
        (
            OwnChangeError::from(retry).into(),
            Code::ResourceExhausted,
            "TOO_MANY_ATTEMPTS",
        ),
        (
            OwnChangeError::from(StoreError::NotFound).into(),
            Code::Unauthenticated,
            "TOKEN_REVOKED",
        ),
        (
            OwnChangeError::EmailTaken.into(),
            Code::AlreadyExists,
            "EMAIL_TAKEN",
        ),
        (
            OwnChangeError::from(StoreError::Conflict).into(),
            Code::Aborted,
            "ADMIN_CHANGED",
        ),
        (
            OwnChangeError::from(NotHashed::QueueFull).into(),
            Code::ResourceExhausted,
            "OVERLOADED",
        ),
        (OwnChangeError::from(broken()).into(), Code::Internal, "INTERNAL"),
        (
            ReplacePasswordError::NotFound.into(),
            Code::NotFound,
            "ADMIN_NOT_FOUND",
        ),
        (
            ReplacePasswordError::from(away()).into(),
            Code::Unavailable,
            "STORE_UNAVAILABLE",
        ),
    ] as [(Status, Code, &str); 37]
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
