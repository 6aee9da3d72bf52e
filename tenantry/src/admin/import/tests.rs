//! What is tried how often, and what is told of it, with a service that is made up.

use std::{cell::RefCell, collections::VecDeque};

use serde_json::{Value, json};
use tenantry_common::rpc::status::Failure as Refusal;
use tonic::{Code, Status};

use super::*;
use crate::{admin::name::AdminName, output::Format};

/// Refuses the attempts for some admins, in turn.
#[derive(Default)]
struct Service {
    refusals: RefCell<Vec<(&'static str, VecDeque<Status>)>>,
    tried: RefCell<Vec<String>>,
}

impl Imports for Service {
    async fn import(&self, entry: &Entry) -> Result<(), CommandError> {
        let AdminName::Email(email) = &entry.admin else {
            panic!("these tests name admins by e-mail");
        };
        self.tried.borrow_mut().push(email.clone());
        let mut refusals = self.refusals.borrow_mut();
        let of_this = refusals.iter_mut().find(|(name, _)| name == email);
        of_this
            .and_then(|(_, statuses)| statuses.pop_front())
            .map_or(Ok(()), |status| {
                Err(CommandError::Refused {
                    status: Box::new(status),
                    repeated: false,
                    hint: None,
                })
            })
    }
}

impl Service {
    fn refusing(email: &'static str, statuses: impl IntoIterator<Item = Refusal>) -> Self {
        let statuses = statuses.into_iter().map(Status::from).collect();
        Self {
            refusals: RefCell::new(vec![(email, statuses)]),
            ..Self::default()
        }
    }

    /// What importing a, b and c comes to, and the document that is printed.
    async fn import_three(&self) -> (Result<Summary, CommandError>, Value) {
        let line = |email| format!("{{\"email\": \"{email}\", \"password_hash\": \"canary\"}}\n");
        let input = ["a", "b", "c"].map(line).concat();
        let mut out = Vec::new();
        let report = Report::new(Format::Json, &mut out);
        let ended = import(self, input.as_bytes(), report, &Progress::of_lines()).await;
        assert!(!String::from_utf8(out.clone()).unwrap().contains("canary"));
        (ended, serde_json::from_slice(&out).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_is_waited_for_as_long_as_it_asks() {
    for (code, reason) in [
        (Code::ResourceExhausted, "QUOTA_EXCEEDED"),
        (Code::Unavailable, "STORE_UNAVAILABLE"),
    ] {
        let busy = |seconds| Refusal::new(code, reason, "busy").retry_after(Duration::from_secs(seconds));
        let service = Service::refusing("b", [busy(7), busy(40)]);
        let begun = Instant::now();
        let (ended, document) = service.import_three().await;
        ended.unwrap();
        assert_eq!(document, json!({"failures": [], "imported": 3, "failed": 0}));
        assert_eq!(*service.tried.borrow(), ["a", "b", "b", "b", "c"]);
        assert_eq!(begun.elapsed().as_secs(), 47);
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_nothing_goes_on_behind_a_server_that_is_busy() {
    let busy = || Refusal::new(Code::ResourceExhausted, "OVERLOADED", "busy").retry_after(PATIENCE / 3);
    let service = Service::refusing("b", std::iter::repeat_with(busy).take(9));
    let (ended, document) = service.import_three().await;
    assert_eq!(ended.unwrap_err().reason().as_deref(), Some("OVERLOADED"));
    assert_eq!(
        document,
        json!({"failures": [], "imported": 1, "failed": 0, "brokenOffAtLine": 2})
    );
    assert_eq!(*service.tried.borrow(), ["a", "b", "b", "b"]);
}

#[tokio::test]
async fn one_that_is_refused_does_not_keep_the_others_from_it() {
    for (code, reason) in [
        (Code::NotFound, "ADMIN_NOT_FOUND"),
        (Code::InvalidArgument, "INVALID_FIELDS"),
        (Code::Aborted, "ADMIN_CHANGED"),
        (Code::Internal, "INTERNAL"),
        (Code::ResourceExhausted, "REQUEST_TOO_LARGE"),
    ] {
        let service = Service::refusing("b", [Refusal::new(code, reason, "no")]);
        let (ended, document) = service.import_three().await;
        assert_eq!(
            format!("{:?}", ended.unwrap().exit_code()),
            format!("{:?}", ExitCode::from(1))
        );
        assert_eq!(
            (&document["imported"], &document["failed"]),
            (&json!(2), &json!(1)),
            "{reason}"
        );
        let failure = &document["failures"][0];
        assert_eq!((&failure["line"], &failure["email"]), (&json!(2), &json!("b")));
        let error = failure["error"].as_str().unwrap();
        assert!(error.contains(reason) && !error.starts_with("error"), "{error}");
        assert_eq!(service.tried.borrow().len(), 3);
    }
}

#[tokio::test]
async fn what_is_wrong_for_all_ends_it() {
    for (code, reason) in [
        (Code::PermissionDenied, "PERMISSION_DENIED"),
        (Code::Unauthenticated, "TOKEN_REVOKED"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    ] {
        let service = Service::refusing("b", [Refusal::new(code, reason, "no")]);
        let (ended, document) = service.import_three().await;
        assert_eq!(ended.unwrap_err().reason().as_deref(), Some(reason));
        assert_eq!(document["brokenOffAtLine"], 2);
        assert_eq!(service.tried.borrow().len(), 2);
    }
}

#[tokio::test]
async fn for_people_there_is_a_block_for_each_failure_and_a_last_line() {
    let service = Service::refusing("a", [Refusal::new(Code::NotFound, "ADMIN_NOT_FOUND", "nobody")]);
    let input = "{\"email\": \"a\", \"password_hash\": \"h\"}\n\n?\n";
    let mut out = Vec::new();
    let report = Report::new(Format::Table, &mut out);
    import(&service, input.as_bytes(), report, &Progress::of_lines())
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "NOT IMPORTED line 1 a\n  nobody  [NOT_FOUND ADMIN_NOT_FOUND]\n\nNOT IMPORTED line 3\n  is no JSON at column 1\n\n\
         0 imported, 2 not\n"
    );
}
