//! What the frame does around a call: request ids, deadlines, traces, health and reflection.

use std::time::Duration;

use prost::Message;
use tenantry_common::rpc::{server::ServerSettings, status::reason_of};
use tonic::{Code, Request};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

use crate::{
    carrier::{Running, login},
    raw::{self, LOGIN, framed},
};

const ID: &str = "x-request-id";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn with(says: &str, key: &'static str, value: &str) -> Request<tenantry_proto::auth::v1::LoginRequest> {
    let mut request = Request::new(login(says));
    request.metadata_mut().insert(key, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_callers_request_id_is_used_and_returned() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let answer = client
        .login(with("request id", ID, "order-17.a_B"))
        .await
        .unwrap();
    assert_eq!(answer.metadata().get(ID).unwrap(), "order-17.a_B");
    assert_eq!(answer.into_inner().access_token, "order-17.a_B");
    for says in ["own error", "bare error", "panic"] {
        let status = client.login(with(says, ID, "order-17.a_B")).await.unwrap_err();
        assert_eq!(status.metadata().get(ID).unwrap(), "order-17.a_B", "{says}");
    }
}

#[tokio::test]
async fn a_missing_or_odd_request_id_is_replaced() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let long = "a".repeat(129);
    for odd in [None, Some("a b"), Some("{}"), Some(long.as_str())] {
        let request = odd.map_or_else(
            || Request::new(login("request id")),
            |odd| with("request id", ID, odd),
        );
        let answer = client.login(request).await.unwrap();
        let returned = answer.metadata().get(ID).unwrap().to_str().unwrap().to_owned();
        assert!(tenantry_common::id::parse_uuid(&returned).is_ok(), "{returned}");
        assert_eq!(answer.into_inner().access_token, returned);
    }
}

#[tokio::test]
async fn a_trace_is_passed_on() {
    let server = Running::start().await;
    let mut client = server.client().await;
    for (sent, passed_on) in [(TRACE, TRACE), ("00-00", "none")] {
        let answer = client
            .login(with("traceparent", "traceparent", sent))
            .await
            .unwrap();
        assert_eq!(answer.into_inner().access_token, passed_on);
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_at_the_servers_limit() {
    let settings = ServerSettings {
        request_timeout: Duration::from_millis(50),
        ..ServerSettings::default()
    };
    let server = Running::start_with(settings).await;
    let status = server.client().await.login(login("wait")).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason_of(&status).as_deref(), Some("DEADLINE_EXCEEDED"));
    server.stage.dropped.notified().await;
}

#[tokio::test]
async fn a_callers_deadline_is_answered_by_us_and_not_by_tonic() {
    let server = Running::start().await;
    let body = framed(&login("wait").encode_to_vec());
    for timeout in ["50m", "1n"] {
        let (status, _) = raw::call(server.address, LOGIN, &[("grpc-timeout", timeout)], body.clone()).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(reason_of(&status).as_deref(), Some("DEADLINE_EXCEEDED"));
    }
}

#[tokio::test]
async fn a_body_that_never_comes_ends_at_the_deadline_too() {
    let settings = ServerSettings {
        request_timeout: Duration::from_millis(50),
        ..ServerSettings::default()
    };
    let server = Running::start_with(settings).await;
    let (_held_open, requests) = tokio::sync::mpsc::channel::<http_body::Frame<prost::bytes::Bytes>>(1);
    let stream = tokio_stream::wrappers::ReceiverStream::new(requests);
    let body = http_body_util::StreamBody::new(tokio_stream::StreamExt::map(stream, Ok::<_, tonic::Status>));
    let request = http::Request::post(LOGIN).header("content-type", "application/grpc");
    let request = request.body(tonic::body::Body::new(body)).unwrap();
    let answer = tower::ServiceExt::oneshot(server.channel().await, request)
        .await
        .unwrap();
    let status = tonic::Status::from_header_map(answer.headers()).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

#[tokio::test]
async fn a_handler_knows_how_much_time_is_left() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let mut remaining = async |timeout: Option<&str>| -> u64 {
        let request = timeout.map_or_else(
            || Request::new(login("remaining")),
            |timeout| with("remaining", "grpc-timeout", timeout),
        );
        client
            .login(request)
            .await
            .unwrap()
            .into_inner()
            .access_token
            .parse()
            .unwrap()
    };
    assert!((8_000..=10_000).contains(&remaining(None).await));
    assert!((3_000..=4_999).contains(&remaining(Some("5S")).await));
    assert!((8_000..=10_000).contains(&remaining(Some("1H")).await));
    assert!((8_000..=10_000).contains(&remaining(Some("nonsense")).await));
}

#[tokio::test]
async fn health_is_told_for_the_server_and_for_its_services() {
    let server = Running::start().await;
    let mut health = HealthClient::new(server.channel().await);
    for service in ["", "auth.v1.AuthService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let mut statuses = health.watch(request).await.unwrap().into_inner();
        while statuses.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    }
}

macro_rules! listed {
    ($version:ident, $server:expr) => {{
        let mut client =
            $version::server_reflection_client::ServerReflectionClient::new($server.channel().await);
        let request = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some($version::server_reflection_request::MessageRequest::ListServices(
                String::new(),
            )),
        };
        let answers = client.server_reflection_info(tokio_stream::iter([request])).await;
        match answers {
            Err(status) => Err(status),
            Ok(answers) => {
                let answer = answers
                    .into_inner()
                    .message()
                    .await
                    .unwrap()
                    .unwrap()
                    .message_response
                    .unwrap();
                let $version::server_reflection_response::MessageResponse::ListServicesResponse(list) =
                    answer
                else {
                    panic!("{answer:?}");
                };
                Ok(list
                    .service
                    .into_iter()
                    .map(|service| service.name)
                    .collect::<Vec<_>>())
            }
        }
    }};
}

#[tokio::test]
async fn reflection_lists_what_this_server_has_in_both_versions() {
    let server = Running::start().await;
    for services in [listed!(v1, server), listed!(v1alpha, server)] {
        let services = services.unwrap();
        assert!(
            services.contains(&"auth.v1.AuthService".to_owned()),
            "{services:?}"
        );
        assert!(
            services.contains(&"grpc.health.v1.Health".to_owned()),
            "{services:?}"
        );
        assert!(
            !services.contains(&"organization.v1.OrganizationService".to_owned()),
            "{services:?}"
        );
    }
}

#[tokio::test]
async fn reflection_knows_what_errors_carry() {
    use v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let server = Running::start().await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    for detail in ["ErrorInfo", "BadRequest", "RetryInfo"] {
        let symbol = MessageRequest::FileContainingSymbol(format!("google.rpc.{detail}"));
        let request = ServerReflectionRequest {
            message_request: Some(symbol),
            ..Default::default()
        };
        let answers = client.server_reflection_info(tokio_stream::iter([request])).await;
        let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
        let found = answer.message_response.unwrap();
        assert!(
            matches!(found, MessageResponse::FileDescriptorResponse(_)),
            "{detail}: {found:?}"
        );
    }
}

#[tokio::test]
async fn reflection_can_be_switched_off() {
    let server = Running::start_with(ServerSettings {
        reflection: false,
        ..ServerSettings::default()
    })
    .await;
    let outcomes: [Result<Vec<String>, _>; 2] = [listed!(v1, server), listed!(v1alpha, server)];
    for outcome in outcomes {
        assert_eq!(outcome.unwrap_err().code(), Code::Unimplemented);
    }
}
