//! What callers write into the metadata of their calls: none of it says who they are but the token, and none of it goes
//! on to auth-service but what names the call.

mod through;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::HeaderMap;
use tenantry_proto::organization::v1::{
    self as pb, maintenance_service_client::MaintenanceServiceClient,
    organization_service_client::OrganizationServiceClient,
};
use tokio::sync::oneshot;
use tonic::{Code, Request, metadata::MetadataMap};

use self::through::listening;
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    metadata_says_nothing_of_who_calls,
    more_than_one_token_is_none,
    a_service_credential_opens_no_organization,
    a_megabyte_of_metadata_is_refused,
    what_goes_on_to_auth_service_is_on_a_list,
}

/// What other systems take for the caller, or for what the caller may do.
const POSED: [&str; 14] = [
    "x-org-id",
    "x-organization-id",
    "x-tenant-id",
    "x-internal-role",
    "x-internal-admin",
    "x-admin-id",
    "x-user-id",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-role",
    "baggage",
    "cookie",
    "tracestate",
    "proxy-authorization",
];

/// All that org-service has to say to auth-service.
const LISTED: [&str; 7] = [
    "content-type",
    "te",
    "user-agent",
    "grpc-timeout",
    "x-request-id",
    "traceparent",
    "tenantry-service-credential",
];

/// A request with these entries, and with every posed one set to `value`.
fn posing<T>(message: T, value: &str, entries: &[(&'static str, &str)]) -> Request<T> {
    let mut headers = HeaderMap::new();
    for key in POSED {
        headers.insert(key, value.parse().unwrap());
    }
    for (key, value) in entries {
        headers.append(*key, value.parse().unwrap());
    }
    let mut request = Request::new(message);
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    request
}

fn by_id(id: &str) -> pb::GetOrganizationRequest {
    pb::GetOrganizationRequest {
        organization: Some(pb::get_organization_request::Organization::Id(id.to_owned())),
    }
}

async fn metadata_says_nothing_of_who_calls(place: Place) {
    let platform = Platform::start(place).await;
    let (mine, theirs) = (platform.create("Mine").await, platform.create("Theirs").await);
    let token = format!("Bearer {}", platform.token_of(&mine).await);
    let operator = format!("Bearer {}", platform.operator().await);
    let mut org = platform.org.clone();
    for posed in [
        theirs.id.as_str(),
        &theirs.admin_id,
        "operator",
        "ROLE_OPERATOR",
        "4",
        &operator,
    ] {
        let as_mine = [("authorization", token.as_str())];
        let got = org
            .get_organization(posing(by_id(&mine.id), posed, &as_mine))
            .await
            .unwrap();
        assert_eq!(got.into_inner().organization.unwrap(), mine);
        let listed = org
            .list_organizations(posing(Default::default(), posed, &as_mine))
            .await
            .unwrap();
        assert_eq!(listed.into_inner().organizations, std::slice::from_ref(&mine));
        let before = platform.store.calls();
        let answer = org
            .get_organization(posing(by_id(&theirs.id), posed, &as_mine))
            .await;
        refused(answer, Code::NotFound, "ORGANIZATION_NOT_FOUND");
        let binary = STANDARD_NO_PAD.encode(&operator);
        let nobody = [("authorization-bin", binary.as_str())];
        let answer = org
            .get_organization(posing(by_id(&theirs.id), posed, &nobody))
            .await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        assert_eq!(platform.store.calls(), before);
    }
}

async fn more_than_one_token_is_none(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let mut org = platform.org.clone();
    let token = format!("Bearer {}", platform.token_of(&acme).await);
    let operator = format!("Bearer {}", platform.operator().await);
    let before = platform.store.calls();
    for (first, second) in [(&token, &token), (&token, &operator), (&operator, &token)] {
        let entries = [("authorization", first.as_str()), ("authorization", second)];
        let answer = org.get_organization(posing(by_id(&acme.id), "x", &entries)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
        let joined = format!("{first}, {second}");
        let entries = [("authorization", joined.as_str())];
        let answer = org.get_organization(posing(by_id(&acme.id), "x", &entries)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
    }
    assert_eq!(platform.store.calls(), before);
}

async fn a_service_credential_opens_no_organization(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let mut org = platform.org.clone();
    let token = format!("Bearer {}", platform.token_of(&acme).await);
    let operator = format!("Bearer {}", platform.operator().await);
    let before = platform.store.calls();
    for credential in [CREDENTIAL, "another-credential-of-32-bytes-or-more"] {
        let entries = [("tenantry-service-credential", credential)];
        let answer = org.get_organization(posing(by_id(&acme.id), "x", &entries)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    }
    // Where it does open something, a wrong one is not passed over for the token beside it.
    let mut maintenance = MaintenanceServiceClient::new(connect(&platform.org_server.url).await);
    let wrong = (
        "tenantry-service-credential",
        "another-credential-of-32-bytes-or-more",
    );
    for authorization in [&token, &operator] {
        let entries = [wrong, ("authorization", authorization)];
        let answer = maintenance
            .list_findings(posing(Default::default(), "x", &entries))
            .await;
        refused(answer, Code::Unauthenticated, "SERVICE_CREDENTIAL_INVALID");
    }
    assert_eq!(platform.store.calls(), before);
    let entries = [wrong, ("authorization", &token)];
    let got = platform
        .org
        .clone()
        .get_organization(posing(by_id(&acme.id), "x", &entries))
        .await;
    assert!(got.is_ok(), "nobody asks for a credential here: {got:?}");
}

async fn a_megabyte_of_metadata_is_refused(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let token = format!("Bearer {}", platform.token_of(&acme).await);
    let before = platform.store.calls();
    let much = "a".repeat(1 << 20);
    for entries in [
        vec![("authorization", token.as_str()), ("x-much", &much)],
        vec![("authorization", much.as_str())],
    ] {
        let mut org = OrganizationServiceClient::new(connect(&platform.org_server.url).await);
        let answer = org.get_organization(posing(by_id(&acme.id), "x", &entries)).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    assert_eq!(platform.store.calls(), before);
    let entries = [("authorization", token.as_str())];
    assert!(
        platform
            .org
            .clone()
            .get_organization(posing(by_id(&acme.id), "x", &entries))
            .await
            .is_ok()
    );
}

async fn what_goes_on_to_auth_service_is_on_a_list(place: Place) {
    let (behind, auth) = oneshot::channel();
    let (auth_url, came) = listening(auth).await;
    let wishes = Wishes {
        auth_url: Some(auth_url),
        ..Wishes::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    behind
        .send(platform.auth_server.as_ref().unwrap().url.clone())
        .unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let of_the_call = [
        ("x-request-id", "r-17"),
        ("traceparent", trace),
        ("grpc-timeout", "9S"),
    ];
    let mut org = platform.org.clone();
    let created = org
        .create_organization(posing(create_request("Acme"), "posed", &of_the_call))
        .await;
    let acme = created.unwrap().into_inner().organization.unwrap();
    let token = format!("Bearer {}", platform.token_of(&acme).await);
    let entries = [&of_the_call[..], &[("authorization", &token)]].concat();
    org.get_organization(posing(by_id(&acme.id), "posed", &entries))
        .await
        .unwrap();
    let key = pb::delete_organization_request::Organization::Id(acme.id.clone());
    let delete = pb::DeleteOrganizationRequest {
        organization: Some(key),
        ..Default::default()
    };
    org.delete_organization(posing(delete, "posed", &entries))
        .await
        .unwrap();

    let came = came.lock().unwrap().clone();
    let called: BTreeSet<_> = came
        .iter()
        .map(|(path, _)| path.rsplit('/').next().unwrap())
        .collect();
    let expected = [
        "ActivateAdmin",
        "GetPreparedAdmin",
        "PrepareAdmin",
        "SetOrganizationGate",
        "ValidateToken",
    ];
    assert_eq!(called, BTreeSet::from(expected));
    for (path, headers) in &came {
        for (key, value) in headers {
            assert!(LISTED.contains(&key.as_str()), "{path}: {key}");
            assert!(
                !value.as_bytes().windows(5).any(|part| part == b"posed"),
                "{path}: {key}"
            );
        }
        // The token goes on in the message, and the credential only where it opens something.
        let credential = headers.get("tenantry-service-credential").is_some();
        assert_eq!(credential, path.contains("AdminProvisioningService"), "{path}");
        assert_eq!(headers["x-request-id"], "r-17", "{path}");
        // What outlives the call is no part of its trace.
        let traced = headers.get("traceparent").is_some_and(|value| value == trace);
        assert!(traced || path.contains("AdminProvisioningService"), "{path}");
    }
}
