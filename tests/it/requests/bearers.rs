//! Every kind of token at every method: each opens what it is for, and nothing else.

use prost::Message;
use prost_reflect::MethodDescriptor;
use tenantry_common::rpc::status::reason_of;
use tenantry_proto::{
    auth::v1::{RefreshTokenRequest, ValidateTokenRequest},
    organization::v1::ListOrganizationsRequest,
};
use tonic::Code;

use super::{
    methods,
    platform::{Caller, Platform},
};

/// Methods that ask for no bearer token; with sign-up open, as it is here.
const OPEN: [&str; 5] = [
    "auth.v1.AuthService.Login",
    "auth.v1.AuthService.RefreshToken",
    "auth.v1.AuthService.ValidateToken",
    "auth.v1.AuthService.GetJsonWebKeySet",
    "organization.v1.OrganizationService.CreateOrganization",
];
/// Its methods ask for the service credential.
const PROVISIONING: &str = "auth.v1.AdminProvisioningService";

type Refusal = (Code, String);

fn refusal(answer: Result<Vec<u8>, tonic::Status>) -> Option<Refusal> {
    let status = answer.err()?;
    Some((status.code(), reason_of(&status).unwrap_or_default()))
}

fn unauthenticated(reason: &str) -> Option<Refusal> {
    Some((Code::Unauthenticated, reason.to_owned()))
}

/// What is not an access token, in the place of one.
fn foreign(platform: &Platform) -> Vec<String> {
    let word = |name: &str| platform.words[name][0].clone();
    let access = &platform.owner.access_token;
    vec![
        format!("Bearer {}", platform.owner.refresh_token),
        format!("Bearer {}", word("page_token")),
        format!("Bearer {}", word("session_id")),
        format!("Bearer {}.{}", access, platform.owner.refresh_token),
        format!("Basic {access}"),
        access.clone(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_access_token_opens_a_method_that_is_not_open_to_all() {
    let platform = Platform::start().await;
    let foreign = foreign(&platform);
    let is_open = |method: &MethodDescriptor| OPEN.contains(&method.full_name());
    for method in methods().iter().filter(|method| !is_open(method)) {
        let name = method.full_name();
        let provisioning = method.parent_service().full_name() == PROVISIONING;
        let (missing, invalid) = if provisioning {
            // Whoever bears a token is no service.
            let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
            (unauthenticated("SERVICE_CREDENTIAL_INVALID"), Some(denied))
        } else {
            (unauthenticated("TOKEN_MISSING"), unauthenticated("TOKEN_INVALID"))
        };
        let nobody = platform.call(Caller::Nobody, method, Vec::new()).await;
        assert_eq!(refusal(nobody), missing, "{name}");
        for token in &foreign {
            let metadata = Some(("authorization", token.clone()));
            let answer = platform.call_with(method, Vec::new(), metadata).await;
            assert_eq!(refusal(answer), invalid, "{name}: {token}");
        }
    }
    // None of them was the wrong one because of what it carried.
    let current = methods()
        .into_iter()
        .find(|method| method.name() == "GetCurrentAdmin")
        .unwrap();
    assert!(platform.call(Caller::Owner, &current, Vec::new()).await.is_ok());
}

/// The owner's token for what wants another kind, and the other kinds for what wants it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_in_the_place_of_another_kind_is_refused() {
    let platform = Platform::start().await;
    let method = |name: &str| {
        methods()
            .into_iter()
            .find(|method| method.name() == name)
            .unwrap()
    };
    let (access_token, refresh_token) = (&platform.owner.access_token, &platform.owner.refresh_token);
    let page_token = &platform.words["page_token"][0];
    for token in [access_token, page_token] {
        let request = RefreshTokenRequest {
            refresh_token: token.clone(),
        };
        let answer = platform
            .call(Caller::Owner, &method("RefreshToken"), request.encode_to_vec())
            .await;
        assert_eq!(refusal(answer), unauthenticated("TOKEN_INVALID"), "{token}");
    }
    for token in [refresh_token, page_token] {
        let request = ValidateTokenRequest {
            access_token: token.clone(),
        };
        let answer = platform
            .call(Caller::Owner, &method("ValidateToken"), request.encode_to_vec())
            .await;
        assert_eq!(refusal(answer), unauthenticated("TOKEN_INVALID"), "{token}");
    }
    for token in [access_token, refresh_token] {
        let request = ListOrganizationsRequest {
            page_token: token.clone(),
            ..Default::default()
        };
        let answer = platform
            .call(
                Caller::Owner,
                &method("ListOrganizations"),
                request.encode_to_vec(),
            )
            .await;
        assert_eq!(
            refusal(answer),
            Some((Code::InvalidArgument, "INVALID_FIELDS".to_owned())),
            "{token}"
        );
    }
}
