//! Starts that cannot succeed, and one that is called off.

use auth_service::RunError;
use tenantry_common::testing::{self, EmbeddedTest};

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
