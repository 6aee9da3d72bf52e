//! Tests of the MongoDB ground.

use mongodb::{
    IndexModel,
    bson::doc,
    options::{IndexOptions, UpdateModifications},
};

use super::*;
use crate::testing;

const NAME: UniqueIndex = UniqueIndex("people_name");
const EMAIL: UniqueIndex = UniqueIndex("people_email");
const ID: UniqueIndex = UniqueIndex("_id_");
const ALL: [UniqueIndex; 3] = [NAME, EMAIL, ID];

async fn people(database: &Database) -> mongodb::Collection<Document> {
    let collection = database.collection::<Document>("people");
    for index in [NAME, EMAIL] {
        let key = index.0.trim_start_matches("people_");
        let options = IndexOptions::builder()
            .name(index.0.to_owned())
            .unique(true)
            .sparse(true);
        let model = IndexModel::builder()
            .keys(doc! { key: 1 })
            .options(options.build());
        collection.create_index(model.build()).await.unwrap();
    }
    let ada = doc! { "_id": 1, "name": "ada", "email": "a index: people_name dup key: x" };
    collection.insert_one(ada).await.unwrap();
    collection
        .insert_one(doc! { "_id": 2, "name": "bob" })
        .await
        .unwrap();
    collection
}

fn violated<T: std::fmt::Debug>(outcome: mongodb::error::Result<T>) -> UniqueIndex {
    let error = outcome.unwrap_err();
    assert_eq!(command_code(&error), Some(DUPLICATE_KEY));
    match classify(error, &ALL) {
        StoreError::AlreadyExists(index) => index,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_duplicate_key_names_its_index_in_every_shape() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let database = test.database().await;
    let people = people(&database).await;
    let tricky = "a index: people_name dup key: x";
    assert_eq!(violated(people.insert_one(doc! { "_id": 1 }).await), ID);
    assert_eq!(violated(people.insert_one(doc! { "name": "ada" }).await), NAME);
    assert_eq!(violated(people.insert_one(doc! { "email": tricky }).await), EMAIL);
    assert_eq!(
        violated(people.insert_many([doc! { "email": tricky }]).await),
        EMAIL
    );
    let bob = doc! { "_id": 2 };
    let ada = doc! { "$set": { "name": "ada" } };
    assert_eq!(violated(people.update_one(bob.clone(), ada.clone()).await), NAME);
    assert_eq!(
        violated(people.find_one_and_update(bob.clone(), ada.clone()).await),
        NAME
    );
    let pipeline = UpdateModifications::Pipeline(vec![ada]);
    assert_eq!(
        violated(people.find_one_and_update(bob.clone(), pipeline).await),
        NAME
    );
    assert_eq!(
        violated(people.find_one_and_replace(bob, doc! { "email": tricky }).await),
        EMAIL
    );
}

#[tokio::test]
async fn a_duplicate_key_that_was_not_expected_is_internal_and_keeps_the_value_to_itself() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let people = people(&test.database().await).await;
    let error = people.insert_one(doc! { "name": "ada" }).await.unwrap_err();
    let StoreError::Internal(text) = classify(error, &[EMAIL]) else {
        panic!("no index of that name was given")
    };
    assert!(text.contains("people_name") && !text.contains("ada"), "{text}");
}

#[tokio::test]
async fn existing_and_missing_collections_are_told_apart() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let database = test.database().await;
    database.create_collection("here").await.unwrap();
    let options = doc! { "create": "here", "validator": { "x": 1 } };
    let exists = database.run_command(options).await.unwrap_err();
    assert_eq!(command_code(&exists), Some(48));
    let space = |name: &str| format!("{}.{name}", database.name());
    let rename = doc! { "renameCollection": space("gone"), "to": space("there") };
    let missing = database
        .client()
        .database("admin")
        .run_command(rename)
        .await
        .unwrap_err();
    assert_eq!(command_code(&missing), Some(26));
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable() {
    let nobody = testing::bind().await;
    let url = format!(
        "mongodb://ada:s3cret@{}/db?serverSelectionTimeoutMS=50",
        nobody.local_addr().unwrap()
    );
    drop(nobody);
    let database = connect(&url.parse().unwrap(), "test").await.unwrap();
    let error = database.run_command(doc! { "ping": 1 }).await.unwrap_err();
    assert_eq!(command_code(&error), None);
    let error = classify(error, &ALL);
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_its_password() {
    for options in ["directConnection=true", "tls=true&tlsCAFile=/no/such/file"] {
        let url = format!("mongodb://ada:s3cret@one,two/db?{options}");
        let refused = connect(&url.parse().unwrap(), "test").await.unwrap_err();
        assert!(matches!(refused, StoreError::Internal(_)), "{refused:?}");
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }
}

#[tokio::test]
async fn the_url_cannot_weaken_the_concerns() {
    let url = "mongodb://localhost/db?w=1&journal=false&readConcernLevel=local&readPreference=secondary&maxPoolSize=7";
    let database = connect(&url.parse().unwrap(), "test").await.unwrap();
    let concern = database.write_concern().unwrap();
    assert_eq!(
        (concern.w.clone(), concern.journal),
        (Some(Acknowledgment::Majority), Some(true))
    );
    assert_eq!(database.read_concern(), Some(&ReadConcern::majority()));
    assert_eq!(
        database.selection_criteria(),
        Some(&SelectionCriteria::ReadPreference(ReadPreference::Primary))
    );
    assert_eq!(database.name(), "db");
}

#[test]
fn an_acknowledgement_without_its_write_concern_is_uncertain() {
    assert!(acknowledged(&doc! { "ok": 1 }).is_ok());
    let reply = doc! { "ok": 1, "writeConcernError": { "code": 64, "errmsg": "timeout" } };
    assert!(acknowledged(&reply).unwrap_err().is_uncertain());
}

#[tokio::test]
async fn a_detached_call_ends_though_its_caller_hung_up() {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let call = detached(async move {
        wait.await.unwrap();
        reply.send("done").map_err(|_| StoreError::NotFound)
    });
    let mut call = Box::pin(call);
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    go.send(()).unwrap();
    assert_eq!(answer.await, Ok("done"));
}

#[tokio::test]
async fn a_panic_in_a_detached_call_is_told() {
    let outcome = detached::<()>(async { panic!("this call always panics") }).await;
    assert!(matches!(outcome, Err(StoreError::Internal(_))));
}
