//! Who may look after the stores, and what is said of a bad request.

use tenantry_proto::organization::v1::{
    ListFindingsRequest, RepairOrganizationRequest, repair_organization_request::Target,
};
use tonic::{Code, Request, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::Inspector;
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    operators_and_the_services_look_after_the_stores_and_nobody_else,
    the_services_credential_needs_no_auth_service_to_be_known,
    a_bad_request_names_its_field,
    health_knows_the_service,
}

const ID: &str = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

fn with<T>(metadata: &[(&'static str, &str)], message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (key, value) in metadata {
        request.metadata_mut().append(*key, value.parse().unwrap());
    }
    request
}

/// Both methods, called with this metadata.
async fn both(inspector: &Inspector, metadata: &[(&'static str, &str)]) -> [Result<(), Status>; 2] {
    let mut client = inspector.client.clone();
    let repair = RepairOrganizationRequest {
        target: Some(Target::Id(ID.to_owned())),
    };
    [
        client
            .list_findings(with(metadata, ListFindingsRequest::default()))
            .await
            .map(drop),
        client.repair_organization(with(metadata, repair)).await.map(drop),
    ]
}

async fn operators_and_the_services_look_after_the_stores_and_nobody_else(place: Place) {
    let inspector = Inspector::new(place).await;
    let platform = &inspector.platform;
    let acme = platform.create("Acme").await;
    let owner = format!("Bearer {}", platform.token_of(&acme).await);
    let operator = format!("Bearer {}", platform.operator().await);
    let credential = ("tenantry-service-credential", CREDENTIAL);
    let wrong = (
        "tenantry-service-credential",
        "a-wrong-credential-of-32-bytes-or-more",
    );
    let (token, denied) = (Code::Unauthenticated, Code::PermissionDenied);
    let before = platform.store.calls();
    for (metadata, code, reason) in [
        (&[][..], token, "TOKEN_MISSING"),
        (&[("authorization", "Bearer nonsense")], token, "TOKEN_INVALID"),
        (&[("authorization", owner.as_str())], denied, "PERMISSION_DENIED"),
        (&[wrong], token, "SERVICE_CREDENTIAL_INVALID"),
        (&[credential, credential], token, "SERVICE_CREDENTIAL_INVALID"),
        (
            &[("authorization", operator.as_str()), wrong],
            token,
            "SERVICE_CREDENTIAL_INVALID",
        ),
    ] {
        for outcome in both(&inspector, metadata).await {
            refused(outcome, code, reason);
        }
    }
    assert_eq!(platform.store.calls(), before, "nothing is looked up");
    for metadata in [&[credential][..], &[("authorization", operator.as_str())]] {
        let [findings, repair] = both(&inspector, metadata).await;
        findings.unwrap();
        refused(repair, Code::NotFound, "ORGANIZATION_NOT_FOUND");
    }
    // It opens nothing else.
    let mut org = platform.org.clone();
    let list = org
        .list_organizations(with(&[credential], Default::default()))
        .await;
    refused(list, token, "TOKEN_MISSING");
}

async fn the_services_credential_needs_no_auth_service_to_be_known(place: Place) {
    let mut inspector = Inspector::new(place).await;
    let acme = inspector.organization("Acme").await;
    let operator = inspector.platform.operator().await;
    inspector.platform.auth_server.take().unwrap().stop().await;
    let mut client = inspector.client.clone();
    let bad = ListFindingsRequest {
        page_size: -1,
        ..Default::default()
    };
    // Known by the credential, so that the request itself is judged.
    assert_eq!(
        bad_fields(client.list_findings(with_credential(bad)).await),
        ["page_size"]
    );
    let listed = client
        .list_findings(with_credential(ListFindingsRequest::default()))
        .await;
    refused(listed, Code::Unavailable, "AUTH_UNAVAILABLE");
    let repaired = inspector.repair(Target::Id(acme.id.to_string())).await;
    refused(repaired, Code::Unavailable, "AUTH_UNAVAILABLE");
    let asked = client
        .list_findings(bearer(&operator, ListFindingsRequest::default()))
        .await;
    refused(asked, Code::Unavailable, "AUTH_UNAVAILABLE");
}

async fn a_bad_request_names_its_field(place: Place) {
    let inspector = Inspector::new(place).await;
    let mut client = inspector.client.clone();
    let operator = inspector.platform.operator().await;
    let list = Default::default();
    let lists = inspector
        .platform
        .org
        .clone()
        .list_organizations(bearer(&operator, list))
        .await;
    assert_eq!(lists.unwrap().into_inner().next_page_token, "");
    for page_token in ["nonsense".to_owned(), "A".repeat(2_000), "AAAA".to_owned()] {
        let request = ListFindingsRequest {
            page_size: 1,
            page_token,
        };
        assert_eq!(
            bad_fields(client.list_findings(with_credential(request)).await),
            ["page_token"]
        );
    }
    let long = format!("org_{}", "a".repeat(300));
    for (target, field) in [
        (None, "target"),
        (Some(Target::Id("x".to_owned())), "id"),
        (
            Some(Target::CollectionName("organizations".to_owned())),
            "collection_name",
        ),
        (Some(Target::CollectionName(String::new())), "collection_name"),
        (Some(Target::CollectionName(long)), "collection_name"),
    ] {
        let request = RepairOrganizationRequest { target };
        let outcome = client.repair_organization(with_credential(request)).await;
        assert_eq!(bad_fields(outcome), [field]);
    }
}

async fn health_knows_the_service(place: Place) {
    let inspector = Inspector::new(place).await;
    let mut health = HealthClient::new(connect(&inspector.platform.org_server.url).await);
    eventually("the service is healthy", async || {
        let request = HealthCheckRequest {
            service: "organization.v1.MaintenanceService".to_owned(),
        };
        let reply = health.check(request).await;
        reply.unwrap().into_inner().status() == ServingStatus::Serving
    })
    .await;
}
