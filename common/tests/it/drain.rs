//! How a server stops.

use std::time::Duration;

use tenantry_common::rpc::{server::ServerSettings, status::reason_of};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_client::ServerReflectionClient};

use crate::carrier::{Running, SOON, login};

fn draining_for(drain_timeout: Duration) -> ServerSettings {
    ServerSettings {
        drain_timeout,
        ..ServerSettings::default()
    }
}

/// What must not be waited for without end.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it goes on and on")
}

#[tokio::test]
async fn a_health_watch_hears_not_serving_and_does_not_hold_the_server_up() {
    let mut server = Running::start_with(draining_for(Duration::from_secs(600))).await;
    let mut health = HealthClient::new(server.channel().await);
    let mut statuses = health
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    while statuses.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    server.stop();
    assert_eq!(
        soon(statuses.message()).await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    let end = soon(statuses.message()).await.unwrap_err();
    assert_eq!(
        (end.code(), reason_of(&end).as_deref()),
        (Code::Unavailable, Some("SHUTTING_DOWN"))
    );
    server.ended().await;
}

#[tokio::test]
async fn an_open_reflection_stream_does_not_hold_the_server_up() {
    let mut server = Running::start_with(draining_for(Duration::from_secs(600))).await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    let requests = tokio_stream::pending::<ServerReflectionRequest>();
    let mut answers = client
        .server_reflection_info(requests)
        .await
        .unwrap()
        .into_inner();
    server.stop();
    assert_eq!(
        soon(answers.message()).await.unwrap_err().code(),
        Code::Unavailable
    );
    server.ended().await;
}

#[tokio::test]
async fn a_call_under_way_comes_to_its_end() {
    let mut server = Running::start().await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.login(login("wait")).await });
    server.stage.waiting.notified().await;
    server.stop();
    // The port is free before the call ends.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.serving.is_finished());
    server.stage.go_on.notify_one();
    assert_eq!(call.await.unwrap().unwrap().into_inner().access_token, "done");
    server.ended().await;
}

#[tokio::test]
async fn what_outlives_the_drain_timeout_is_cut() {
    let mut server = Running::start_with(draining_for(Duration::from_millis(50))).await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.login(login("wait")).await });
    server.stage.waiting.notified().await;
    server.stop();
    server.ended().await;
    soon(server.stage.dropped.notified()).await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn connections_end_with_a_server_that_is_dropped() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.login(login("wait")).await });
    server.stage.waiting.notified().await;
    server.serving.abort();
    soon(server.stage.dropped.notified()).await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn a_server_can_follow_on_the_same_port() {
    let mut first = Running::start().await;
    first.client().await.login(login("x")).await.unwrap();
    first.stop();
    first.ended().await;
    let second = Running::start_on(
        TcpListener::bind(first.address).await.unwrap(),
        ServerSettings::default(),
    );
    assert!(second.client().await.login(login("x")).await.is_ok());
}
