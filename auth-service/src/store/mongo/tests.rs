//! What MongoDB is told beside the documents.

use std::time::Duration;

use futures::TryStreamExt;
use mongodb::IndexModel;
use tenantry_common::testing;

use super::*;

#[tokio::test]
async fn sessions_end_by_themselves_and_are_found_by_whose_they_are() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let store = MongoStore::new(test.database().await).await.unwrap();
    let indexes = store.sessions.list_indexes().await.unwrap();
    let indexes: Vec<IndexModel> = indexes.try_collect().await.unwrap();
    let mut told: Vec<_> = indexes
        .into_iter()
        .map(|index| {
            let options = index.options.unwrap();
            (options.name.unwrap(), index.keys, options.expire_after)
        })
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let at_once = Some(Duration::ZERO);
    let expected = [
        ("_id_", doc! { "_id": 1 }, None),
        ("sessions_admin", doc! { "admin_id": 1 }, None),
        (
            "sessions_idle_expire_time",
            doc! { "idle_expire_time": 1 },
            at_once,
        ),
        ("sessions_organization", doc! { "organization_id": 1 }, None),
    ];
    let expected = expected.map(|(name, keys, expiry)| (name.to_owned(), keys, expiry));
    assert_eq!(told, expected);
}
