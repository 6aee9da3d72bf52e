//! Other spellings of a method's path: none of them gets around the check of who calls.

use prost_reflect::MethodDescriptor;
use tonic::Code;

use crate::requests::{
    methods,
    platform::{Caller, Platform},
};

/// Paths that some server or proxy takes for `/SERVICE/METHOD`.
fn spellings(method: &MethodDescriptor) -> Vec<String> {
    let (service, name) = (method.parent_service().full_name().to_owned(), method.name());
    let path = format!("/{service}/{name}");
    let (first, rest) = name.split_at(1);
    let encoded = format!("%{:02X}", first.as_bytes()[0]);
    vec![
        format!("/{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path};x=1"),
        format!("{path}%00"),
        format!("{path}%3Fx=1"),
        format!("/{service}//{name}"),
        format!("/{service}/./{name}"),
        format!("/.{path}"),
        format!("/auth.v1.AuthService/..{path}"),
        format!("/auth.v1.AuthService/Login/..{path}"),
        format!("/{service}/{encoded}{rest}"),
        format!("/{service}%2F{name}"),
        path.to_lowercase(),
        path.to_uppercase(),
        format!("/{service}/{}{rest}", first.to_lowercase()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_spelling_of_a_path_reaches_a_method() {
    let platform = Platform::start().await;
    for method in methods() {
        for path in spellings(&method) {
            let nobody = platform.call_at(&method, path.clone(), Vec::new(), None).await;
            let code = nobody.map_or_else(|status| status.code(), |_| Code::Ok);
            // Who is not known need not be told whether there is such a method.
            let refused = [Code::Unauthenticated, Code::Unimplemented].contains(&code);
            assert!(refused, "{path}: {code:?}");
            let bearer = Some((
                "authorization",
                format!("Bearer {}", platform.operator.access_token),
            ));
            let operator = platform.call_at(&method, path.clone(), Vec::new(), bearer).await;
            let code = operator.map_or_else(|status| status.code(), |_| Code::Ok);
            let is_provisioning = method.parent_service().name() == "AdminProvisioningService";
            assert!(
                code == Code::Unimplemented || is_provisioning && refused,
                "{path}: {code:?}"
            );
        }
    }
}

/// What follows a `?` does reach the method, behind the same check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_changes_nothing_of_what_a_caller_may() {
    let platform = Platform::start().await;
    for method in methods() {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let plain = platform.call(Caller::Nobody, &method, Vec::new()).await;
        let plain = plain.map_or_else(|status| status.code(), |_| Code::Ok);
        for query in ["?x=1", "?/auth.v1.AuthService/Login", "?"] {
            let answer = platform
                .call_at(&method, format!("{path}{query}"), Vec::new(), None)
                .await;
            let code = answer.map_or_else(|status| status.code(), |_| Code::Ok);
            assert_eq!(code, plain, "{path}{query}");
        }
    }
    let whoami = methods()
        .into_iter()
        .find(|method| method.name() == "GetCurrentAdmin")
        .unwrap();
    assert!(platform.call(Caller::Owner, &whoami, Vec::new()).await.is_ok());
}
