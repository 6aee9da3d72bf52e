//! What is tried, and what is told of it, with a service that is made up.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};
use tenantry_common::rpc::status::Failure;
use tenantry_proto::organization::v1::{
    FindingKind, FindingSeverity, ListFindingsResponse, repair_organization_request as request,
};
use tonic::Code;

use super::*;
use crate::output::Format;

/// Findings until the repairs, and after them; how each repair ends.
struct Service {
    before: Vec<Finding>,
    after: Vec<Finding>,
    refusal: Option<(Code, &'static str)>,
    walks: Cell<usize>,
    tried: RefCell<Vec<request::Target>>,
}

impl Pages for Service {
    async fn page(&self, token: String) -> Result<ListFindingsResponse, CommandError> {
        if token.is_empty() {
            self.walks.set(self.walks.get() + 1);
        }
        let all = if self.walks.get() == 1 {
            &self.before
        } else {
            &self.after
        };
        // One finding on a page.
        let at: usize = token.parse().unwrap_or(0);
        let next = Some(at + 1).filter(|next| *next < all.len());
        Ok(ListFindingsResponse {
            findings: all.get(at).cloned().into_iter().collect(),
            next_page_token: next.map(|next| next.to_string()).unwrap_or_default(),
            checked_count: 1,
            total_count: 1,
        })
    }
}

impl Repairs for Service {
    async fn repair(&self, target: request::Target) -> Result<Vec<String>, CommandError> {
        self.tried.borrow_mut().push(target);
        let Some((code, reason)) = self.refusal else {
            return Ok(vec!["moved it home".to_owned()]);
        };
        Err(CommandError::Refused {
            status: Box::new(Failure::new(code, reason, "no").into()),
            repeated: false,
            hint: None,
        })
    }
}

impl Service {
    fn new(before: Vec<Finding>, after: Vec<Finding>) -> Self {
        Self {
            before,
            after,
            refusal: None,
            walks: Cell::default(),
            tried: RefCell::default(),
        }
    }

    fn refusing(mut self, code: Code, reason: &'static str) -> Self {
        self.refusal = Some((code, reason));
        self
    }

    /// What repairing everything comes to, and the document that is printed.
    async fn everything(&self) -> (Result<Verdict, CommandError>, Value) {
        let mut out = Vec::new();
        let report = Report::new(Format::Json, &mut out);
        let verdict = everything(self, report, &Progress::on_terminal()).await;
        let document = if out.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&out).unwrap()
        };
        (verdict, document)
    }
}

fn damage(id: &str, kind: FindingKind, repairable: bool) -> Finding {
    Finding {
        kind: kind.into(),
        severity: FindingSeverity::Damage.into(),
        organization_id: id.to_owned(),
        repairable,
        ..Finding::default()
    }
}

fn id(id: &str) -> request::Target {
    request::Target::Id(id.to_owned())
}

#[tokio::test]
async fn each_organization_is_tried_once_and_what_is_not_repairable_never() {
    let found = vec![
        damage("a", FindingKind::CollectionMisplaced, true),
        damage("b", FindingKind::CollectionMissing, false),
        damage("c", FindingKind::GateDisagrees, true),
        damage("a", FindingKind::GateDisagrees, true),
    ];
    let left = vec![damage("b", FindingKind::CollectionMissing, false)];
    let service = Service::new(found, left);
    let (verdict, document) = service.everything().await;
    assert_eq!(verdict.unwrap(), Verdict::Damaged);
    assert_eq!(*service.tried.borrow(), [id("a"), id("c")]);
    assert_eq!(
        document["repairs"][0],
        json!({"organizationId": "a", "actions": ["moved it home"]})
    );
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["organizationId"], "b");
    assert_eq!(
        (&document["damage"], &document["sound"]),
        (&json!(1), &json!(false))
    );
}

#[tokio::test]
async fn only_a_second_look_tells_that_all_is_sound() {
    let found = || vec![damage("a", FindingKind::CollectionMisplaced, true)];
    let (verdict, _) = Service::new(found(), vec![]).everything().await;
    assert_eq!(verdict.unwrap(), Verdict::Sound);
    let (verdict, document) = Service::new(found(), found()).everything().await;
    assert_eq!(verdict.unwrap(), Verdict::Damaged);
    assert_eq!(document["repairs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_cannot_be_repaired_does_not_keep_others_from_it() {
    for (code, reason) in [
        (Code::FailedPrecondition, "OPERATION_HALTED"),
        (Code::NotFound, "ORGANIZATION_NOT_FOUND"),
        (Code::Unavailable, "OPERATION_IN_PROGRESS"),
    ] {
        let kind = FindingKind::OperationHalted;
        let found = vec![damage("a", kind, true), damage("b", kind, true)];
        let service = Service::new(found.clone(), found).refusing(code, reason);
        let (verdict, document) = service.everything().await;
        assert_eq!(verdict.unwrap(), Verdict::Damaged);
        assert_eq!(service.tried.borrow().len(), 2, "{reason}");
        let error = document["repairs"][1]["error"].as_str().unwrap();
        assert!(error.contains(reason) && !error.starts_with("error"), "{error}");
    }
}

#[tokio::test]
async fn what_is_wrong_for_all_ends_it_with_a_whole_document() {
    for (code, reason) in [
        (Code::Unavailable, "AUTH_UNAVAILABLE"),
        (Code::PermissionDenied, "PERMISSION_DENIED"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    ] {
        let kind = FindingKind::GateDisagrees;
        let found = vec![damage("a", kind, true), damage("b", kind, true)];
        let service = Service::new(found.clone(), found).refusing(code, reason);
        let (verdict, document) = service.everything().await;
        assert_eq!(verdict.unwrap_err().reason().as_deref(), Some(reason));
        assert_eq!(service.tried.borrow().len(), 1);
        assert_eq!(
            (&document["repairs"], &document["sound"]),
            (&json!([]), &Value::Null)
        );
    }
}

#[tokio::test]
async fn those_that_were_named_are_judged_one_by_one_without_a_walk() {
    let targets = || {
        vec![
            Target::OrganizationId("a".to_owned()),
            Target::CollectionName("org_x".to_owned()),
        ]
    };
    let service = Service::new(vec![], vec![]);
    let mut out = Vec::new();
    let verdict = named(&service, Report::new(Format::Table, &mut out), targets()).await;
    assert_eq!(verdict.unwrap(), Verdict::Sound);
    assert_eq!(service.walks.get(), 0);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("REPAIRED organization a\n  moved it home\n"),
        "{text}"
    );
    assert!(text.contains("REPAIRED collection org_x\n"), "{text}");
    assert!(
        text.lines().last().unwrap().starts_with("2 repaired, 0 not"),
        "{text}"
    );

    let service = service.refusing(Code::NotFound, "ORGANIZATION_NOT_FOUND");
    let mut out = Vec::new();
    let verdict = named(&service, Report::new(Format::Json, &mut out), targets()).await;
    assert_eq!(verdict.unwrap(), Verdict::Damaged);
    let document: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        (&document["repaired"], &document["failed"]),
        (&json!(0), &json!(2))
    );
}

#[tokio::test]
async fn a_plan_tells_and_does_nothing() {
    let kind = FindingKind::CollectionMisplaced;
    let service = Service::new(vec![damage("a", kind, true), damage("b", kind, true)], vec![]);
    let mut out = Vec::new();
    let only = [Target::OrganizationId("b".to_owned())];
    let report = Report::new(Format::Json, &mut out);
    let verdict = plan(&service, report, &Progress::on_terminal(), &only).await;
    assert_eq!(verdict.unwrap(), Verdict::Damaged);
    assert!(service.tried.borrow().is_empty());
    let document: Value = serde_json::from_slice(&out).unwrap();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!((findings.len(), &findings[0]["organizationId"]), (1, &json!("b")));
}
