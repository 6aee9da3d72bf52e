//! What MongoDB alone has: names of indexes, types of fields, commands that get lost on the way.

mod reading;

use mongodb::{
    bson::{Bson, Document, doc, spec::BinarySubtype},
    options::ClientOptions,
};
use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, SystemIds},
    store::mongo::connect,
    testing::{self, ManualClock, MongoTest},
};
use tokio::sync::{Mutex, MutexGuard};

use super::*;
use crate::{
    domain::{
        CreateRequest, CreateStep, HeldHandle, Labels, Operation, OperationKind, OrganizationName, State,
    },
    store::HANDLE_INDEX,
};

const NOW: Timestamp = ManualClock::START;
const LEASE: Duration = Duration::from_secs(60);

struct Fixture {
    store: MongoStore,
    _test: MongoTest,
}

async fn fixture() -> Option<Fixture> {
    let test = testing::mongo().await?;
    let store = MongoStore::open(test.database().await, &SystemIds).await.unwrap();
    Some(Fixture { store, _test: test })
}

fn provisioning() -> Organization {
    let handle = Handle::parse("acme").unwrap();
    let step = CreateStep::Intent;
    Organization {
        id: OrganizationId::from_uuid(SystemIds.uuid_v7(NOW)),
        name: OrganizationName::parse("Acme").unwrap(),
        handle: handle.clone(),
        handle_given: false,
        handles: vec![HeldHandle {
            handle: handle.clone(),
            rest_until: None,
        }],
        state: State::Provisioning,
        state_before_delete: None,
        home: Some(CollectionName::in_use(&handle)),
        stamp: None,
        epoch: 1,
        fence: 1,
        operation: Some(Operation {
            id: SystemIds.uuid_v4(),
            kind: OperationKind::Create { step },
            started: NOW,
            first_fence: 1,
            halted: None,
        }),
        lease: None,
        recheck_until: None,
        admin_id: AdminId::from_uuid(SystemIds.uuid_v7(NOW)),
        labels: Labels::default(),
        create_request: Some(CreateRequest {
            key: SystemIds.uuid_v4(),
            fingerprint: "f00d".to_owned(),
        }),
        create_time: NOW,
        update_time: NOW,
        delete_time: None,
        purge_time: None,
    }
}

fn fence_of(organization: &Organization) -> Fence {
    Fence {
        organization: organization.id,
        operation: organization.operation.as_ref().unwrap().id,
        fence: organization.fence,
    }
}

fn term() -> LeaseTerm {
    LeaseTerm {
        owner: SystemIds.uuid_v4(),
        length: LEASE,
    }
}

fn stamp(organization: &Organization) -> Stamp {
    Stamp {
        organization: organization.id,
        attempt: SystemIds.uuid_v4(),
    }
}

/// Makes the server treat the next `command` in an unkind way; false where a server has no failpoints.
async fn fail_next(store: &MongoStore, command: &str, mut data: Document) -> bool {
    data.insert("failCommands", [command]);
    data.insert("appName", APP);
    let failpoint = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
    let armed = store
        .database
        .client()
        .database("admin")
        .run_command(failpoint)
        .await;
    if armed.is_err() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "*** LEFT OUT: this MongoDB has no failpoints. ***"
        );
    }
    armed.is_ok()
}

/// A server has one failpoint for all its databases: the name keeps it from other tests, the lock keeps those that use
/// it apart.
const APP: &str = "tenantry-failpoint-test";
static FAILPOINT: Mutex<()> = Mutex::const_new(());

async fn failpoint_fixture() -> Option<(Fixture, MutexGuard<'static, ()>)> {
    let test = testing::mongo().await?;
    let alone = FAILPOINT.lock().await;
    let database = connect(test.url(), APP).await.unwrap();
    let store = MongoStore::open(database, &SystemIds).await.unwrap();
    Some((Fixture { store, _test: test }, alone))
}

#[tokio::test]
async fn indexes_have_their_fixed_names() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let mut names = store.organizations.list_index_names().await.unwrap();
    names.sort();
    let expected = [
        "_id_",
        "organizations_create_request",
        "organizations_handle",
        "organizations_lease",
        "organizations_purge_time",
        "organizations_recheck_until",
        "organizations_rest_until",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn preparing_again_changes_nothing_and_leaves_nothing() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let inserted = store.insert(&provisioning(), None).await.unwrap();
    let again = MongoStore::open(store.database.clone(), &SystemIds)
        .await
        .unwrap();
    assert_eq!(again.get(inserted.id).await.unwrap(), Some(inserted));
    assert_eq!(
        store.database.list_collection_names().await.unwrap(),
        ["organizations"]
    );
}

#[tokio::test]
async fn ids_are_uuids_times_are_dates_and_no_handles_are_no_field() {
    let Some(Fixture { store, _test }) = fixture().await else {
        return;
    };
    let inserted = store.insert(&provisioning(), Some(term())).await.unwrap();
    let documents = store.database.collection::<Document>("organizations");
    let document = documents.find_one(doc! {}).await.unwrap().unwrap();
    let operation = document.get_document("operation").unwrap();
    let request = document.get_document("create_request").unwrap();
    for id in [
        document.get("_id"),
        document.get("admin_id"),
        operation.get("id"),
        request.get("key"),
    ] {
        assert!(
            matches!(id, Some(Bson::Binary(id)) if id.subtype == BinarySubtype::Uuid),
            "{id:?}"
        );
    }
    let lease = document.get_document("lease").unwrap();
    for time in [
        document.get("create_time"),
        operation.get("started"),
        lease.get("until"),
    ] {
        assert!(matches!(time, Some(Bson::DateTime(_))), "{time:?}");
    }
    assert_eq!(operation.get_str("kind").unwrap(), "CREATE");
    assert_eq!(operation.get_str("step").unwrap(), "INTENT");
    assert!(!document.contains_key("purge_time"));

    let aborted = Organization {
        state: State::Aborted,
        handles: Vec::new(),
        operation: None,
        create_request: None,
        ..inserted.clone()
    };
    store.record(fence_of(&inserted), &aborted).await.unwrap();
    let document = documents.find_one(doc! {}).await.unwrap().unwrap();
    for field in ["handles", "operation", "lease", "create_request"] {
        assert!(!document.contains_key(field), "{field}");
    }
}

#[tokio::test]
async fn a_command_whose_reply_is_lost_is_uncertain_and_not_sent_again() {
    let Some((Fixture { store, _test }, _alone)) = failpoint_fixture().await else {
        return;
    };
    let inserted = store.insert(&provisioning(), Some(term())).await.unwrap();
    let (fence, stamp) = (fence_of(&inserted), stamp(&inserted));
    let (home, trash) = (inserted.home.clone().unwrap(), CollectionName::trash(inserted.id));
    let lost = || doc! { "closeConnection": true };

    if !fail_next(&store, "create", lost()).await {
        return;
    }
    let outcome = store.create_collection(fence, &home, stamp).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert_eq!(store.look(inserted.id, &[]).await.unwrap(), []);

    store.create_collection(fence, &home, stamp).await.unwrap();
    assert!(fail_next(&store, "renameCollection", lost()).await);
    let outcome = store.rename_collection(fence, &home, &trash).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert!(fail_next(&store, "drop", lost()).await);
    let outcome = store.drop_collection(fence, &home).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    let there = Seen {
        name: home,
        stamp: Some(stamp),
    };
    assert_eq!(store.look(inserted.id, &[]).await.unwrap(), [there]);
}

#[tokio::test]
async fn a_command_whose_write_concern_was_not_met_is_uncertain() {
    let Some((Fixture { store, _test }, _alone)) = failpoint_fixture().await else {
        return;
    };
    let inserted = store.insert(&provisioning(), Some(term())).await.unwrap();
    let (home, stamp) = (inserted.home.clone().unwrap(), stamp(&inserted));
    let unmet = doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } };
    if !fail_next(&store, "create", unmet).await {
        return;
    }
    let outcome = store.create_collection(fence_of(&inserted), &home, stamp).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert_eq!(store.look(inserted.id, &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_repeated_by_the_driver_and_happens_once() {
    let Some((Fixture { store, _test }, _alone)) = failpoint_fixture().await else {
        return;
    };
    let inserted = store.insert(&provisioning(), None).await.unwrap();
    if !fail_next(&store, "findAndModify", doc! { "closeConnection": true }).await {
        return;
    }
    match store.take_lease(inserted.id, term()).await {
        Ok(taken) => assert_eq!(taken.unwrap().fence, inserted.fence + 1),
        // A standalone server knows no retryable writes.
        Err(error) => assert!(error.is_uncertain(), "{error:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let nobody = testing::bind().await.local_addr().unwrap();
    let url = format!("mongodb://{nobody}/db?serverSelectionTimeoutMS=50");
    let options = ClientOptions::parse(&url).await.unwrap();
    let database = mongodb::Client::with_options(options).unwrap().database("db");
    let store = MongoStore::open(database, &SystemIds).await.unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let outcome = store.insert(&provisioning(), None).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}
