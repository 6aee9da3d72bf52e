//! Calls to a peer that goes away, hangs or comes back.

use std::time::Duration;

use tenantry_common::{
    id::SystemIds,
    rpc::{
        client::{CallContext, channel, endpoint, retry_on_connection_loss, with_true_code},
        deadline::Deadline,
        request_id::RequestId,
        server::ServerSettings,
    },
};
use tenantry_proto::auth::v1::auth_service_client::AuthServiceClient;
use tokio::{io::AsyncReadExt, net::TcpListener};
use tonic::{Code, Status, transport::Channel};

use crate::carrier::{Running, login};

fn context(timeout: Duration) -> CallContext {
    CallContext::new(RequestId::new(&SystemIds), Deadline::after(timeout))
}

fn peer(url: &str) -> AuthServiceClient<Channel> {
    AuthServiceClient::new(channel(endpoint("PEER", url).unwrap()))
}

async fn says(
    context: &CallContext,
    client: &AuthServiceClient<Channel>,
    what: &str,
) -> Result<String, Status> {
    let answer = retry_on_connection_loss(context, || {
        let (mut client, request) = (client.clone(), context.request(login(what)));
        async move { client.login(request).await }
    });
    Ok(answer.await?.into_inner().access_token)
}

#[tokio::test]
async fn the_request_id_and_the_remaining_time_reach_the_peer() {
    let server = Running::start().await;
    let client = peer(&server.url());
    let context = context(Duration::from_secs(3));
    assert_eq!(
        says(&context, &client, "request id").await.unwrap(),
        context.request_id.to_string()
    );
    let remaining: u64 = says(&context, &client, "remaining")
        .await
        .unwrap()
        .parse()
        .unwrap();
    assert!((1_000..3_000).contains(&remaining), "{remaining}");
}

#[tokio::test]
async fn a_peer_that_was_replaced_is_found_again() {
    let mut first = Running::start().await;
    let client = peer(&first.url());
    let context = context(Duration::from_secs(10));
    assert_eq!(says(&context, &client, "a").await.unwrap(), "a");
    first.stop();
    first.ended().await;
    let listener = TcpListener::bind(first.address).await.unwrap();
    let _second = Running::start_on(listener, ServerSettings::default());
    assert_eq!(says(&context, &client, "b").await.unwrap(), "b");
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_call_is_tried_three_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = peer(&format!("http://{}", listener.local_addr().unwrap()));
    let breaking = tokio::spawn(async move {
        for _ in 0..3 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 64]).await;
        }
    });
    let lost = says(&context(Duration::from_secs(10)), &client, "x")
        .await
        .unwrap_err();
    assert!(
        matches!(lost.code(), Code::Unavailable | Code::Unknown | Code::Cancelled),
        "{lost:?}"
    );
    breaking.await.unwrap();
}

#[tokio::test]
async fn a_peer_that_hangs_is_a_deadline_exceeded() {
    let server = Running::start().await;
    let client = peer(&server.url());
    let hung = says(&context(Duration::from_millis(100)), &client, "wait")
        .await
        .unwrap_err();
    assert_eq!(hung.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn tonics_own_timer_is_told_from_a_cancelled_call() {
    // A listener that accepts and never answers: the peer's own DEADLINE_EXCEEDED cannot come first.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = peer(&format!("http://{}", silent.local_addr().unwrap()));
    let mut request = tonic::Request::new(login("x"));
    request.set_timeout(Duration::from_millis(50));
    let status = client.login(request).await.unwrap_err();
    assert_eq!(with_true_code(status).code(), Code::DeadlineExceeded);
    assert_eq!(
        with_true_code(Status::cancelled("by the peer")).code(),
        Code::Cancelled
    );
}
