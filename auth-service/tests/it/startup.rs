//! Starts that cannot succeed, and one that is called off.

use auth_service::RunError;
use tenantry_common::{
    rpc::status::reason_of,
    testing::{self, EmbeddedTest},
};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::harness::{Place, start_at};

#[tokio::test]
async fn a_second_server_on_one_file_is_told_that_it_is_in_use() {
    let place = Place::embedded();
    let first = place.start().await;
    first
        .login("nobody@example.com", "correct horse")
        .await
        .unwrap_err();
    let refused = place.start().await.ended().await.unwrap_err();
    assert!(matches!(refused, RunError::Store(_)), "{refused:?}");
    assert!(refused.to_string().contains("in use"), "{refused}");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_kept() {
    let place = EmbeddedTest::new();
    let junk = vec![b'x'; 10_000];
    tokio::fs::write(place.path(), &junk).await.unwrap();
    let refused = start_at(&place.url().to_string(), &[])
        .await
        .ended()
        .await
        .unwrap_err();
    assert!(matches!(refused, RunError::Store(_)), "{refused:?}");
    assert!(
        refused.to_string().contains(place.path().to_str().unwrap()),
        "{refused}"
    );
    assert_eq!(tokio::fs::read(place.path()).await.unwrap(), junk);
}

#[tokio::test]
async fn a_start_that_waits_for_its_store_stops_when_told_to() {
    let nobody = testing::bind().await;
    let url = format!(
        "mongodb://{}/auth?serverSelectionTimeoutMS=50",
        nobody.local_addr().unwrap()
    );
    drop(nobody);
    start_at(&url, &[]).await.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_store_is_away_says_so_and_serves_when_it_is_back() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let url = test.url().expose();
    let (_, rest) = url.split_once("://").unwrap();
    let (store, path) = rest.split_once('/').unwrap();
    // The store's address, before anybody is there.
    let away = testing::bind().await;
    let address = away.local_addr().unwrap();
    drop(away);
    let options = if path.contains('?') { "&" } else { "?" };
    let server = start_at(
        &format!("mongodb://{address}/{path}{options}serverSelectionTimeoutMS=50"),
        &[],
    )
    .await;

    let refused = server
        .login("ada@example.com", "correct horse")
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason_of(&refused).as_deref()),
        (Code::Unavailable, Some("STORE_UNAVAILABLE"))
    );
    assert_eq!(
        testing::health(&server.channel).await,
        Some(ServingStatus::NotServing)
    );

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let store = store.to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let store = store.clone();
            tokio::spawn(async move {
                let mut far = tokio::net::TcpStream::connect(store).await?;
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            });
        }
    });
    testing::until_serving(&server.channel, || false).await;
    let refused = server
        .login("ada@example.com", "correct horse")
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("CREDENTIALS_INVALID"));
    server.stop().await.unwrap();
}
