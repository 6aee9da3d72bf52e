//! auth-service is gone, hangs, or talks nonsense: nobody gets in and the store is left alone. The store loses an
//! answer: what it did is known again.

use std::time::Duration;

use tenantry_proto::organization::v1 as pb;
use tokio::net::TcpListener;
use tonic::{Code, Request, transport::server::TcpIncoming};

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    while_auth_service_is_down_nothing_is_done,
    while_auth_service_hangs_nothing_is_done,
    an_auth_service_that_answers_empty_lets_nobody_in,
    an_auth_service_that_comes_back_is_found_again,
    an_operation_that_meets_an_outage_comes_to_its_end,
    a_record_whose_answer_is_lost_was_written_all_the_same,
}

/// Every call fails as it must and leaves the store alone.
async fn nothing_is_done(platform: &Platform, token: &str, id: &str) {
    let before = platform.store.calls();
    let mut outcomes = vec![
        platform.get(token, id).await.map(drop),
        platform.rename(token, id, "Other").await.map(drop),
        platform.delete(token, id).await.map(drop),
        platform
            .org
            .clone()
            .list_organizations(bearer(token, Default::default()))
            .await
            .map(drop),
        platform
            .org
            .clone()
            .create_organization(create_request("Newcomer"))
            .await
            .map(drop),
    ];
    for outcome in outcomes.drain(..) {
        assert_eq!(
            failure(outcome),
            (Code::Unavailable, "AUTH_UNAVAILABLE".to_owned())
        );
    }
    assert_eq!(platform.store.calls(), before);
}

async fn while_auth_service_is_down_nothing_is_done(place: Place) {
    let mut platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    platform.auth_server.take().unwrap().stop().await;
    nothing_is_done(&platform, &token, &acme.id).await;
}

async fn while_auth_service_hangs_nothing_is_done(place: Place) {
    // Accepts connections and never says a word, as a frozen process does.
    let frozen = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let auth_url = Some(format!("http://{}", frozen.local_addr().unwrap()));
    let platform = Platform::start_with(
        place,
        Wishes {
            auth_url,
            ..Default::default()
        },
    )
    .await;
    let id = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let before = platform.store.calls();
    let mut impatient = pb::organization_service_client::OrganizationServiceClient::with_interceptor(
        connect(&platform.org_server.url).await,
        |mut request: Request<()>| {
            request
                .metadata_mut()
                .insert("grpc-timeout", "1500m".parse().unwrap());
            Ok(request)
        },
    );
    let key = pb::get_organization_request::Organization::Id(id.to_owned());
    let get = pb::GetOrganizationRequest {
        organization: Some(key),
    };
    let hung = impatient.get_organization(bearer("some.access.token", get)).await;
    assert_eq!(failure(hung), (Code::Unavailable, "AUTH_UNAVAILABLE".to_owned()));
    let hung = impatient.create_organization(create_request("Newcomer")).await;
    assert_eq!(failure(hung), (Code::Unavailable, "AUTH_UNAVAILABLE".to_owned()));
    assert_eq!(platform.store.calls(), before);
}

async fn an_auth_service_that_answers_empty_lets_nobody_in(place: Place) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let auth_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    let server = tonic::transport::Server::builder().add_routes(empty::services());
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let platform = Platform::start_with(
        place,
        Wishes {
            auth_url,
            ..Default::default()
        },
    )
    .await;
    nothing_is_done(
        &platform,
        "some.access.token",
        "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    )
    .await;
}

async fn an_auth_service_that_comes_back_is_found_again(place: Place) {
    // The same address, first without and then with a server behind it.
    let address = address_without_a_server().await;
    let auth_url = Some(format!("http://{address}"));
    let platform = Platform::start_with(
        place,
        Wishes {
            auth_url,
            ..Default::default()
        },
    )
    .await;
    let refused = platform
        .org
        .clone()
        .create_organization(create_request("Acme"))
        .await;
    assert_eq!(failure(refused).1, "AUTH_UNAVAILABLE");
    let _relay = relay(address, &platform.auth_server.as_ref().unwrap().url).await;
    eventually("org-service finds auth-service again", async || {
        platform
            .org
            .clone()
            .create_organization(create_request("Acme"))
            .await
            .is_ok()
    })
    .await;
}

/// An address that nobody listens at any more.
async fn address_without_a_server() -> std::net::SocketAddr {
    let reserved = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    reserved.local_addr().unwrap()
}

/// Passes connections on to `url` until the task is aborted.
async fn relay(address: std::net::SocketAddr, url: &str) -> tokio::task::JoinHandle<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    let peer = url.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let peer = peer.clone();
            connections.spawn(async move {
                let mut far = tokio::net::TcpStream::connect(peer).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    })
}

async fn an_operation_that_meets_an_outage_comes_to_its_end(place: Place) {
    let address = address_without_a_server().await;
    let auth_url = Some(format!("http://{address}"));
    let platform = Platform::start_with(
        place,
        Wishes {
            auth_url,
            ..Default::default()
        },
    )
    .await;
    let link = relay(address, &platform.auth_server.as_ref().unwrap().url).await;
    let acme = platform.create("Acme").await;
    // A delete is accepted while the link is down: as a driver would find it, planted past the token's validation.
    let record = platform.record(&acme.id).await;
    link.abort();
    let accepted = org_service::lifecycle::Accepted {
        operation: uuid::Uuid::from_u128(5),
        now: START,
    };
    let left = org_service::lifecycle::delete(&record, accepted);
    let ended = org_service::store::LeaseTerm {
        owner: uuid::Uuid::from_u128(6),
        length: Duration::ZERO,
    };
    platform.store.inner.accept(&left, Some(ended)).await.unwrap();
    platform.clock.advance(Duration::from_millis(1));
    let operator = platform.operator().await;
    let refused = platform.get(&operator, &acme.id).await;
    assert_eq!(failure(refused).1, "AUTH_UNAVAILABLE");
    let _link = relay(address, &platform.auth_server.as_ref().unwrap().url).await;
    eventually("the next write drives the delete to its end", async || {
        let repeat = platform.delete(&operator, &acme.id).await;
        repeat.is_err_and(|status| status.code() == Code::NotFound)
    })
    .await;
    assert!(platform.collections_of(&acme.id).await[0].starts_with("trash_"));
}

async fn a_record_whose_answer_is_lost_was_written_all_the_same(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    platform.store.lose_answers(1);
    let acme = platform.create("Acme").await;
    // Of a resumption there is one, which ends it: written again it meets what it made.
    platform.suspend(&operator, &acme.id).await.unwrap();
    platform.store.lose_answers(1);
    let resumed = platform.resume(&operator, &acme.id).await.unwrap();
    assert_eq!(resumed.state(), pb::OrganizationState::Active);
    let record = platform.record(&acme.id).await;
    assert_eq!((record.operation, record.epoch), (None, 3));
}
