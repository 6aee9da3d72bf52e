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
mod tests;
