//! Every error, without exception, carries ErrorInfo and none of a library's words.

use tenantry_common::rpc::{
    limits::MAX_MESSAGE_BYTES,
    status::{RETRY_PUSHBACK_KEY, reason_of},
};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};
use tonic_types::StatusExt;

use crate::{
    carrier::{Running, login},
    raw::{self, LOGIN, framed},
};

#[track_caller]
fn is(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(reason_of(status).as_deref(), Some(reason), "{status:?}");
    assert!(!status.message().is_empty());
}

#[tokio::test]
async fn an_unknown_method_or_service_is_named() {
    let server = Running::start().await;
    for path in [
        "/auth.v1.AuthService/Lgin",
        "/auth.v1.NoService/Login",
        "/",
        "/auth.v1.AuthService/",
        "/x?y#z",
    ] {
        let (status, _) = raw::call(server.address, path, &[], framed(b"")).await;
        is(&status, Code::Unimplemented, "METHOD_UNKNOWN");
        let method = path.split('?').next().unwrap().trim_start_matches('/');
        assert!(status.message().contains(method), "{status:?}");
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_too_large() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let status = client.login(login(&"a".repeat(1 << 20))).await.unwrap_err();
    is(&status, Code::ResourceExhausted, "REQUEST_TOO_LARGE");
    let fits = login(&"a".repeat(MAX_MESSAGE_BYTES - 100));
    assert!(client.login(fits).await.is_ok());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_malformed_and_not_quoted() {
    let server = Running::start().await;
    let mut truncated = framed(b"\x0a\x02ab");
    truncated.truncate(7);
    for (case, body) in [
        ("no protobuf", framed(&[0xff; 4])),
        ("a string that is not UTF-8", framed(b"\x0a\x02\xff\xfe")),
        ("a field of another type", framed(b"\x08\x01")),
        ("a length beyond the end", framed(b"\x0a\x7fab")),
        ("less than was announced", truncated),
        ("no message", vec![]),
        (
            "compressed, without saying how",
            [&[1], &framed(b"")[1..]].concat(),
        ),
        ("an unknown compression flag", [&[9], &framed(b"")[1..]].concat()),
    ] {
        let (status, _) = raw::call(server.address, LOGIN, &[], body).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{case}: {status:?}");
        is(&status, Code::InvalidArgument, "MALFORMED_REQUEST");
        for leak in ["LoginRequest", "email", "wire type", "decode"] {
            assert!(!status.message().contains(leak), "{case}: {status:?}");
        }
    }
}

#[tokio::test]
async fn a_compressed_message_is_told_what_to_do() {
    let server = Running::start().await;
    let (status, _) = raw::call(server.address, LOGIN, &[("grpc-encoding", "gzip")], framed(b"")).await;
    is(&status, Code::Unimplemented, "MALFORMED_REQUEST");
}

#[tokio::test]
async fn an_error_without_a_reason_becomes_internal_and_hides_its_text() {
    let server = Running::start().await;
    let status = server
        .client()
        .await
        .login(login("bare error"))
        .await
        .unwrap_err();
    is(&status, Code::Internal, "INTERNAL");
    assert!(!status.message().contains("secret"), "{status:?}");
}

#[tokio::test]
async fn an_error_of_our_own_passes_as_it_is() {
    let server = Running::start().await;
    let status = server.client().await.login(login("own error")).await.unwrap_err();
    is(&status, Code::AlreadyExists, "EMAIL_TAKEN");
    assert_eq!(status.message(), "taken");
    assert_eq!(status.get_details_error_info().unwrap().metadata["email"], "a@b");
    assert_eq!(status.metadata().get(RETRY_PUSHBACK_KEY).unwrap(), "10000");
}

#[tokio::test]
async fn a_panic_ends_its_call_and_not_the_connection() {
    let server = Running::start().await;
    let mut client = server.client().await;
    for says in ["panic", "panic later"] {
        let waiting = tokio::spawn({
            let mut client = client.clone();
            async move { client.login(login("wait")).await }
        });
        server.stage.waiting.notified().await;
        let status = client.login(login(says)).await.unwrap_err();
        is(&status, Code::Internal, "INTERNAL");
        assert!(!status.message().contains("secret"), "{status:?}");
        server.stage.go_on.notify_one();
        assert_eq!(waiting.await.unwrap().unwrap().into_inner().access_token, "done");
    }
}

#[tokio::test]
async fn health_keeps_its_code_and_text() {
    let server = Running::start().await;
    let request = HealthCheckRequest {
        service: "no.such.Service".to_owned(),
    };
    let status = HealthClient::new(server.channel().await)
        .check(request)
        .await
        .unwrap_err();
    is(&status, Code::NotFound, "INVALID_FIELDS");
    assert_eq!(status.message(), "service not registered");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_carries_its_reason_too() {
    let server = Running::start().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol("no.such.Symbol".to_owned())),
    };
    let mut client = ServerReflectionClient::new(server.channel().await);
    let answers = client
        .server_reflection_info(tokio_stream::iter([request]))
        .await
        .unwrap();
    let status = answers.into_inner().message().await.unwrap_err();
    is(&status, Code::NotFound, "INVALID_FIELDS");
    assert!(status.message().contains("no.such.Symbol"));
    assert!(status.metadata().contains_key("x-request-id"));
}
