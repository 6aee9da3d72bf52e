//! The MongoDB stores' ground: one client with the concerns that the promises need, and one place that says what a
//! driver's error means.

use std::{future::Future, time::Duration};

use mongodb::{
    Client, Database,
    bson::Document,
    error::{Error, ErrorKind, WriteFailure},
    options::{
        Acknowledgment, ClientOptions, ConnectionString, ReadConcern, ReadPreference, SelectionCriteria,
        WriteConcern,
    },
};

use super::error::{StoreError, UniqueIndex};
use crate::config::MongoUrl;

const MAX_CONNECTIONS: u32 = 50;
const MAX_IDLE: Duration = Duration::from_secs(300);
/// Both shorter than a request's deadline, so that a store that is away is told as such.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const DUPLICATE_KEY: i32 = 11_000;
/// Server errors after which a write may have happened, or a repeat may help: the network, an election, a shutdown,
/// a time limit, a lock, a write concern that was not met
/// (<https://www.mongodb.com/docs/manual/reference/error-codes/>).
const UNAVAILABLE: [i32; 24] = [
    6, 7, 24, 43, 50, 64, 79, 89, 91, 100, 112, 133, 134, 175, 189, 202, 262, 9_001, 10_058, 10_107, 11_600,
    11_601, 11_602, 13_435,
];
const NOT_PRIMARY_OR_SECONDARY: i32 = 13_436;

/// The database that `url` names (`mongodb://…/DATABASE`). Reads are the primary's, majority read concern; writes are
/// acknowledged by a journaled majority, whatever the URL says. Nothing is sent yet, save for the look-up of a
/// `mongodb+srv://` name.
///
/// # Errors
/// `Unavailable` when that look-up fails, `Internal` when the URL or what it refers to cannot be used. The text never
/// repeats the URL's user and password.
pub async fn connect(url: &MongoUrl, app_name: &str) -> Result<Database, StoreError> {
    let url = ConnectionString::parse(url.expose()).map_err(unusable)?;
    let mut options = ClientOptions::parse(url).await.map_err(unusable)?;
    options.app_name = Some(app_name.to_owned());
    options.max_pool_size.get_or_insert(MAX_CONNECTIONS);
    options.max_idle_time.get_or_insert(MAX_IDLE);
    options.server_selection_timeout.get_or_insert(SELECTION_TIMEOUT);
    options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .build(),
    );
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let name = options
        .default_database
        .clone()
        .ok_or_else(|| StoreError::Internal("the MongoDB URL names no database".to_owned()))?;
    let client = Client::with_options(options).map_err(unusable)?;
    Ok(client.database(&name))
}

/// What is wrong with a URL. The driver's message about an argument may repeat a part of it, so it stays here.
fn unusable(error: Error) -> StoreError {
    match *error.kind {
        ErrorKind::InvalidArgument { .. } => {
            StoreError::Internal("the MongoDB URL cannot be used".to_owned())
        }
        _ => classify(error, &[]),
    }
}

/// What a driver's error means. `indexes` are the unique indexes that the failed call can violate.
///
/// The text holds no values of documents: those may be personal data.
pub fn classify(error: Error, indexes: &[UniqueIndex]) -> StoreError {
    if let Some((code, message)) = refusal(&error) {
        return match code {
            DUPLICATE_KEY => duplicate(message, indexes),
            NOT_PRIMARY_OR_SECONDARY => unavailable(code),
            code if UNAVAILABLE.contains(&code) => unavailable(code),
            code => StoreError::Internal(format!("the server refuses a command (code {code})")),
        };
    }
    match *error.kind {
        ErrorKind::Io(_)
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Authentication { .. }
        | ErrorKind::Shutdown => StoreError::Unavailable(error.kind.to_string()),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => unmet(concern.code),
        ErrorKind::Bson(bson) => StoreError::Corrupt(match bson.key {
            Some(key) => format!("a document's field {key} cannot be read ({})", bson.kind),
            None => format!("a document cannot be read ({})", bson.kind),
        }),
        ErrorKind::InsertMany(_) | ErrorKind::BulkWrite(_) => {
            StoreError::Internal("a write of many documents failed".to_owned())
        }
        kind => StoreError::Internal(kind.to_string()),
    }
}

/// The code with which the server refused a command or a write, if it did: 48 (NamespaceExists), 26
/// (NamespaceNotFound) and so on. None for an error that leaves open whether the command was carried out.
pub fn command_code(error: &Error) -> Option<i32> {
    refusal(error).map(|(code, _)| code)
}

/// Looks into the reply of a command that was sent as such: `ok: 1` may come with a write concern that was not met.
///
/// # Errors
/// `Unavailable` then: the command was carried out and may be rolled back.
pub fn acknowledged(reply: &Document) -> Result<(), StoreError> {
    match reply.get_document("writeConcernError") {
        Ok(concern) => Err(unmet(concern.get_i32("code").unwrap_or_default())),
        Err(_) => Ok(()),
    }
}

/// Runs `call` to its end, even when the caller stops waiting: the driver does not stand its futures being dropped
/// half way (RUST-937).
///
/// # Errors
/// What `call` answers; `Internal` when it panics, `Unavailable` when the runtime shuts down.
pub async fn detached<T: Send + 'static>(
    call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(call).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(StoreError::Internal("a store call panicked".to_owned())),
        Err(_) => Err(StoreError::Unavailable("the process is stopping".to_owned())),
    }
}

/// Code and message of a refusal, in whichever shape the driver hands it over.
fn refusal(error: &Error) -> Option<(i32, &str)> {
    match &*error.kind {
        ErrorKind::Command(command) => Some((command.code, &command.message)),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some((write.code, &write.message)),
        ErrorKind::InsertMany(many) => {
            let write = many.write_errors.as_ref()?.first()?;
            Some((write.code, &write.message))
        }
        _ => None,
    }
}

/// `E11000 duplicate key error collection: db.c index: NAME dup key: { … }`; the values come after the name.
fn duplicate(message: &str, indexes: &[UniqueIndex]) -> StoreError {
    let name = message
        .split_once(" index: ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap_or("that is not named");
    match indexes.iter().find(|index| index.0 == name) {
        Some(index) => StoreError::AlreadyExists(*index),
        None => StoreError::Internal(format!(
            "a duplicate key in the index {name}, which was not expected"
        )),
    }
}

fn unavailable(code: i32) -> StoreError {
    StoreError::Unavailable(format!("the server could not finish (code {code})"))
}

fn unmet(code: i32) -> StoreError {
    StoreError::Unavailable(format!("the write concern was not met (code {code})"))
}

#[cfg(test)]
mod tests {
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
}
