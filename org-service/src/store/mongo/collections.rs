//! Tenant collections: commands that are sent once, and what there is to see.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use mongodb::{
    Database,
    bson::{Bson, Document, doc},
    results::CollectionSpecification,
};
use tenantry_common::store::{
    error::StoreError,
    mongo::{acknowledged, classify, command_code},
};

use crate::{config::COMMAND_MAX, domain::Stamp};

const NAMESPACE_NOT_FOUND: i32 = 26;
const NAMESPACE_EXISTS: i32 = 48;

/// What the server said of a command that changes collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Missing,
    Exists,
}

/// Creates a collection that bears `title` from the instant it exists: the title of a schema validates nothing, is
/// listed with the collection and travels with it.
pub(super) async fn create(database: &Database, name: &str, title: &str) -> Result<Outcome, StoreError> {
    let validator = doc! { "$jsonSchema": { "title": title } };
    send_once(database, doc! { "create": name, "validator": validator }).await
}

pub(super) async fn rename(database: &Database, from: &str, to: &str) -> Result<Outcome, StoreError> {
    let space = |name: &str| format!("{}.{name}", database.name());
    let command = doc! { "renameCollection": space(from), "to": space(to), "dropTarget": false };
    send_once(&database.client().database("admin"), command).await
}

pub(super) async fn drop_named(database: &Database, name: &str) -> Result<Outcome, StoreError> {
    send_once(database, doc! { "drop": name }).await
}

/// Sends a command and never repeats it, nor does the driver: commands sent as such are not in its retryable set.
/// A late second one could undo what was done in between.
async fn send_once(database: &Database, mut command: Document) -> Result<Outcome, StoreError> {
    let limit = i64::try_from(COMMAND_MAX.as_millis()).unwrap_or(i64::MAX);
    command.insert("writeConcern", doc! { "w": "majority", "j": true });
    command.insert("maxTimeMS", limit);
    match database.run_command(command).await {
        Ok(reply) => acknowledged(&reply).map(|()| Outcome::Done),
        Err(error) => match command_code(&error) {
            Some(NAMESPACE_NOT_FOUND) => Ok(Outcome::Missing),
            Some(NAMESPACE_EXISTS) => Ok(Outcome::Exists),
            _ => Err(classify(error, &[])),
        },
    }
}

/// Every collection's name and title, in the order of the names. A filter on the server could not use an index.
pub(super) async fn all(database: &Database) -> Result<BTreeSet<(String, Option<String>)>, StoreError> {
    let failed = |error| classify(error, &[]);
    let listed = database.list_collections().await.map_err(failed)?;
    listed
        .map_ok(|collection| {
            let title = title(&collection);
            (collection.name, title)
        })
        .try_collect()
        .await
        .map_err(failed)
}

fn title(collection: &CollectionSpecification) -> Option<String> {
    let validator = collection.options.validator.as_ref()?;
    let schema = validator.get_document("$jsonSchema").ok()?;
    schema.get("title").and_then(Bson::as_str).map(str::to_owned)
}

/// The stamp that a title spells.
pub(super) fn stamp(title: Option<String>) -> Option<Stamp> {
    title?.parse().ok()
}
