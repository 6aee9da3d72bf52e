//! What has to hold before a MongoDB is used: it keeps a collection's title when that is renamed, and has our indexes.

use mongodb::{
    Collection, Database, IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};
use tenantry_common::store::{error::StoreError, mongo::classify};

use super::{collections, record::Record};
use crate::store::{CREATE_REQUEST_INDEX, HANDLE_INDEX};

/// Makes sure of all of it. `probe` is a name that no other preparation has.
pub(super) async fn prepare(
    database: &Database,
    organizations: &Collection<Record>,
    probe: &str,
) -> Result<(), StoreError> {
    log_kind_of_server(database).await?;
    probe_rename(database, probe).await?;
    make_indexes(organizations).await
}

async fn log_kind_of_server(database: &Database) -> Result<(), StoreError> {
    let ask = async |command: &str| {
        let reply = database.run_command(doc! { command: 1 }).await;
        reply.map_err(|error| classify(error, &[]))
    };
    let (build, hello) = (ask("buildInfo").await?, ask("hello").await?);
    tracing::info!(
        version = build.get_str("version").unwrap_or("unknown"),
        kind = kind_of_server(&hello),
        "MongoDB found"
    );
    Ok(())
}

fn kind_of_server(hello: &Document) -> &'static str {
    if hello.get_str("msg").is_ok_and(|message| message == "isdbgrid") {
        "sharded cluster"
    } else if hello.contains_key("setName") {
        "replica set"
    } else {
        "standalone"
    }
}

/// Renames a scratch collection and looks whether its title came along: not every server that speaks MongoDB's
/// protocol keeps it, and without it no collection could be told from another's.
async fn probe_rename(database: &Database, probe: &str) -> Result<(), StoreError> {
    let moved = format!("{probe}_moved");
    collections::create(database, probe, probe).await?;
    collections::rename(database, probe, &moved).await?;
    let kept = collections::title_of(database, &moved).await?.as_deref() == Some(probe);
    collections::drop_named(database, &moved).await?;
    if kept {
        return Ok(());
    }
    Err(StoreError::Internal(
        "this server loses a collection's validator when it renames the collection; MongoDB keeps it"
            .to_owned(),
    ))
}

async fn make_indexes(organizations: &Collection<Record>) -> Result<(), StoreError> {
    let sparse = || IndexOptions::builder().sparse(true);
    let during_operation = doc! { "operation": { "$exists": true } };
    let indexes = [
        (
            HANDLE_INDEX.0,
            doc! { "handles.handle": 1 },
            sparse().unique(true).build(),
        ),
        (
            CREATE_REQUEST_INDEX.0,
            doc! { "create_request.key": 1 },
            sparse().unique(true).build(),
        ),
        (
            "organizations_lease",
            doc! { "lease.until": 1 },
            IndexOptions::builder()
                .partial_filter_expression(during_operation)
                .build(),
        ),
        (
            "organizations_purge_time",
            doc! { "purge_time": 1 },
            sparse().build(),
        ),
        (
            "organizations_rest_until",
            doc! { "handles.rest_until": 1 },
            sparse().build(),
        ),
        (
            "organizations_recheck_until",
            doc! { "recheck_until": 1 },
            sparse().build(),
        ),
    ];
    let models = indexes.map(|(name, keys, mut options)| {
        options.name = Some(name.to_owned());
        IndexModel::builder().keys(keys).options(options).build()
    });
    let made = organizations.create_indexes(models).await;
    made.map(drop).map_err(|error| classify(error, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_servers_are_told_apart() {
        assert_eq!(kind_of_server(&doc! { "msg": "isdbgrid" }), "sharded cluster");
        assert_eq!(kind_of_server(&doc! { "setName": "rs0" }), "replica set");
        assert_eq!(kind_of_server(&doc! { "ok": 1 }), "standalone");
    }
}
