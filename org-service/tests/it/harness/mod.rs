//! A platform of its own for each test.

mod calls;
mod counting;
pub mod empty;
mod ground;
mod messages;
mod place;
mod platform;
mod reopened;
mod servers;

use std::time::Duration;

use tenantry_common::clock::Timestamp;
use tonic::{Code, Status};
use tonic_types::StatusExt;

pub use self::{
    counting::CountingStore,
    ground::Ground,
    messages::{bearer, create_request, email_of, with_credential},
    place::{Place, embedded, on_mongo},
    platform::{Platform, Prepared},
    servers::{Server, Wishes, connect},
};

pub const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";
pub const OPERATOR: (&str, &str) = ("operator@platform.example", "operator password");
pub const PASSWORD: &str = "correct horse battery";

/// The tests' clock starts far off: MongoDB clears expired sessions by the server's own clock.
pub const START: Timestamp = Timestamp::from_millis(4_000_000_000_123);

/// The reason that every error must carry, with its code.
#[track_caller]
pub fn failure<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.expect_err("the call must fail");
    let info = status
        .get_details_error_info()
        .unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "tenantry");
    (status.code(), info.reason)
}

/// That the call failed with this code and for this reason.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, reason: &str) {
    assert_eq!(failure(outcome), (code, reason.to_owned()));
}

/// The paths of the fields that an INVALID_ARGUMENT names.
#[track_caller]
pub fn bad_fields<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Vec<String> {
    let status = outcome.expect_err("the call must fail");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("a BadRequest");
    details
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// Waits until `done`, for as long as a slow machine may need.
pub async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came true: {what}");
}
