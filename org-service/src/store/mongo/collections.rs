//! Tenant collections: commands that are sent once, and what there is to see.

use futures::TryStreamExt;
use mongodb::{
    Database,
    bson::{Bson, Document, doc},
    results::CollectionSpecification,
};
use tenantry_common::{
    seeded_bug,
    store::{
        error::StoreError,
        mongo::{acknowledged, classify, command_code},
    },
};

use crate::{
    config::COMMAND_MAX,
    domain::{CollectionName, Seen},
};

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
    let command =
        doc! { "renameCollection": space(from), "to": space(to), "dropTarget": seeded_bug!(DropTarget) };
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

/// Tells of every tenant collection. A filter on the server could not use an index.
pub(super) async fn each(database: &Database, tell: impl FnMut(Seen)) -> Result<(), StoreError> {
    tell_of(database, doc! {}, tell).await
}

/// Tells of the tenant collections with these names, which the server looks up one by one.
pub(super) async fn at(
    database: &Database,
    names: &[String],
    tell: impl FnMut(Seen),
) -> Result<(), StoreError> {
    tell_of(database, doc! { "name": { "$in": names } }, tell).await
}

async fn tell_of(
    database: &Database,
    filter: Document,
    mut tell: impl FnMut(Seen),
) -> Result<(), StoreError> {
    let failed = |error| classify(error, &[]);
    let mut listed = database.list_collections().filter(filter).await.map_err(failed)?;
    while let Some(collection) = listed.try_next().await.map_err(failed)? {
        let stamp = title(&collection).and_then(|title| title.parse().ok());
        if let Ok(name) = CollectionName::try_from(collection.name) {
            tell(Seen { name, stamp });
        }
    }
    Ok(())
}

/// How many tenant collections there are.
pub(super) async fn count(database: &Database) -> Result<u64, StoreError> {
    let names = database.list_collection_names().await;
    let names = names.map_err(|error| classify(error, &[]))?;
    let tenants = names
        .into_iter()
        .filter(|name| name.parse::<CollectionName>().is_ok());
    Ok(u64::try_from(tenants.count()).unwrap_or(u64::MAX))
}

/// The title of the collection with this name.
pub(super) async fn title_of(database: &Database, name: &str) -> Result<Option<String>, StoreError> {
    let failed = |error| classify(error, &[]);
    let named = database.list_collections().filter(doc! { "name": name });
    let found = named.await.map_err(failed)?.try_next().await.map_err(failed)?;
    Ok(found.as_ref().and_then(title))
}

fn title(collection: &CollectionSpecification) -> Option<String> {
    let validator = collection.options.validator.as_ref()?;
    let schema = validator.get_document("$jsonSchema").ok()?;
    schema.get("title").and_then(Bson::as_str).map(str::to_owned)
}
