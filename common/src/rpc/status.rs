//! The one shape of every error that leaves a server: a status with `google.rpc.ErrorInfo`.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::throttle::RetryAfter;

/// The `domain` of every ErrorInfo.
pub const DOMAIN: &str = "tenantry";

/// Metadata key that tells gRPC clients when to retry, in milliseconds (gRFC A6).
pub const RETRY_PUSHBACK_KEY: &str = "grpc-retry-pushback-ms";

/// Reasons that the server frame itself gives; both packages' `ErrorReason` hold them under the same names.
pub mod reason {
    /// See `ErrorReason` in the protos.
    pub const INVALID_FIELDS: &str = "INVALID_FIELDS";
    /// See `ErrorReason` in the protos.
    pub const MALFORMED_REQUEST: &str = "MALFORMED_REQUEST";
    /// See `ErrorReason` in the protos.
    pub const REQUEST_TOO_LARGE: &str = "REQUEST_TOO_LARGE";
    /// See `ErrorReason` in the protos.
    pub const METHOD_UNKNOWN: &str = "METHOD_UNKNOWN";
    /// See `ErrorReason` in the protos.
    pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
    /// See `ErrorReason` in the protos.
    pub const INTERNAL: &str = "INTERNAL";
    /// See `ErrorReason` in the protos.
    pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
    /// See `ErrorReason` in the protos.
    pub const OVERLOADED: &str = "OVERLOADED";
    /// See `ErrorReason` in the protos.
    pub const SHUTTING_DOWN: &str = "SHUTTING_DOWN";

    /// All of them, for the test that holds them and the published enums together.
    pub const ALL: [&str; 9] = [
        INVALID_FIELDS,
        MALFORMED_REQUEST,
        REQUEST_TOO_LARGE,
        METHOD_UNKNOWN,
        DEADLINE_EXCEEDED,
        INTERNAL,
        STORE_UNAVAILABLE,
        OVERLOADED,
        SHUTTING_DOWN,
    ];
}

/// The `reason` of a published enum value: its name without the prefix that `buf lint` wants.
pub fn published(enum_value_name: &'static str) -> &'static str {
    enum_value_name
        .strip_prefix("ERROR_REASON_")
        .unwrap_or(enum_value_name)
}

/// An error on its way out, made into a [`Status`] at the end.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    message: String,
    details: Box<Details>,
}

/// What the status carries beside code and text; boxed, so that a `Result` with a failure stays small.
#[derive(Debug)]
struct Details {
    reason: &'static str,
    metadata: HashMap<String, String>,
    violations: Vec<FieldViolation>,
    retry_after: Option<Duration>,
    /// Whose limit is used up.
    limited: Option<&'static str>,
}

impl Failure {
    /// A failure with a text for people that holds nothing internal.
    pub fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        let details = Details {
            reason,
            metadata: HashMap::new(),
            violations: Vec::new(),
            retry_after: None,
            limited: None,
        };
        Self {
            code,
            message: message.into(),
            details: Box::new(details),
        }
    }

    /// A fault of the server's: constant text outside, `cause` in the log, found by the request id.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::unexplained()
    }

    /// A fault of the server's whose cause is in the log already.
    pub fn unexplained() -> Self {
        Self::new(
            Code::Internal,
            reason::INTERNAL,
            "internal error; the x-request-id finds it in the log",
        )
    }

    /// The store is away: constant text outside, `cause` in the log.
    pub fn store_unavailable(cause: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%cause, "store unavailable");
        Self::new(
            Code::Unavailable,
            reason::STORE_UNAVAILABLE,
            "the store is not answering; try again",
        )
        .retry_after(Duration::from_secs(1))
    }

    /// A limit is used up until `retry`: RESOURCE_EXHAUSTED with RetryInfo and QuotaFailure. `subject` says what the limit
    /// is for, e.g. `organization`: never which one.
    pub fn throttled(
        reason: &'static str,
        message: impl Into<String>,
        subject: &'static str,
        retry: RetryAfter,
    ) -> Self {
        let mut failure = Self::new(Code::ResourceExhausted, reason, message).retry_after(retry.0);
        failure.details.limited = Some(subject);
        failure
    }

    /// Replaces the reason by a more telling one.
    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.details.reason = reason;
        self
    }

    /// Adds an entry to ErrorInfo's metadata.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Adds RetryInfo and the trailer that gRPC clients heed.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.details.retry_after = Some(delay);
        self
    }

    /// Adds the BadRequest detail.
    #[must_use]
    pub fn violations(mut self, violations: Vec<FieldViolation>) -> Self {
        self.details.violations = violations;
        self
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let Details {
            reason,
            metadata,
            violations,
            retry_after,
            limited,
        } = *failure.details;
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        if !violations.is_empty() {
            details.set_bad_request(violations);
        }
        if let Some(delay) = retry_after {
            details.set_retry_info(Some(delay));
        }
        if let Some(subject) = limited {
            details.add_quota_failure_violation(subject, failure.message.as_str());
        }
        let mut status = Self::with_error_details(failure.code, failure.message, details);
        if let Some(delay) = retry_after {
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            status
                .metadata_mut()
                .insert(RETRY_PUSHBACK_KEY, MetadataValue::from(millis));
        }
        status
    }
}

/// The reason in a status' ErrorInfo, if it is one of ours.
pub fn reason_of(status: &Status) -> Option<String> {
    status
        .get_details_error_info()
        .filter(|info| info.domain == DOMAIN)
        .map(|info| info.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_its_reason_and_when_to_retry() {
        let status = Status::from(
            Failure::new(Code::ResourceExhausted, reason::OVERLOADED, "busy")
                .metadata("queue", "hashing")
                .retry_after(Duration::from_millis(1_500)),
        );
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason_of(&status).as_deref(), Some("OVERLOADED"));
        assert_eq!(status.metadata().get(RETRY_PUSHBACK_KEY).unwrap(), "1500");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["queue"], "hashing");
        assert_eq!(
            details.retry_info().unwrap().retry_delay,
            Some(Duration::from_millis(1_500))
        );
    }

    #[test]
    fn a_used_up_limit_says_whose_it_is_and_when_it_is_over() {
        let retry = RetryAfter(Duration::from_secs(7));
        let status = Status::from(Failure::throttled(
            "QUOTA_EXCEEDED",
            "used up",
            "organization",
            retry,
        ));
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason_of(&status).as_deref(), Some("QUOTA_EXCEEDED"));
        assert_eq!(status.metadata().get(RETRY_PUSHBACK_KEY).unwrap(), "7000");
        let details = status.get_error_details();
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(retry.0));
        let violations = &details.quota_failure().unwrap().violations;
        let [violation] = violations.as_slice() else {
            panic!("{violations:?}");
        };
        assert_eq!(violation.subject, "organization");
        assert_eq!(violation.description, "used up");
    }

    #[test]
    fn a_published_reason_has_no_prefix() {
        assert_eq!(published("ERROR_REASON_HANDLE_TAKEN"), "HANDLE_TAKEN");
    }
}
