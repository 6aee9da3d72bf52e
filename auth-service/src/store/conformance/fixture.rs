//! A store on each backend, and samples to put into it.

use std::sync::Arc;

use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, Ids, OrganizationId, SessionId, SystemIds},
    store::error::StoreError,
    testing::{self, EmbeddedTest, ManualClock, MongoTest},
};
use uuid::Uuid;

use crate::{
    domain::{Admin, AdminState, Affiliation, Credentials, PasswordHash, Session},
    store::{EmbeddedStore, MongoStore, Store},
};

pub(super) const NOW: Timestamp = ManualClock::START;
pub(super) const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + 1_000);

/// A store, and what goes away with it.
pub(super) struct Backend {
    pub(super) store: Arc<dyn Store>,
    /// The same store through a connection of its own, where the back end has such.
    pub(super) replica: Arc<dyn Store>,
    _embedded: Option<EmbeddedTest>,
    _mongo: Option<MongoTest>,
}

pub(super) async fn embedded_backend() -> Option<Backend> {
    let place = EmbeddedTest::new();
    let store = Arc::new(EmbeddedStore::new(place.open()).await.unwrap());
    Some(Backend {
        store: store.clone(),
        replica: store,
        _embedded: Some(place),
        _mongo: None,
    })
}

pub(super) async fn mongo_backend() -> Option<Backend> {
    let test = testing::mongo().await?;
    let store = Arc::new(MongoStore::new(test.database().await).await.unwrap());
    let replica = Arc::new(MongoStore::new(test.database().await).await.unwrap());
    Some(Backend {
        store,
        replica,
        _embedded: None,
        _mongo: Some(test),
    })
}

pub(super) fn id() -> Uuid {
    SystemIds.uuid_v7(NOW)
}

pub(super) fn organization() -> OrganizationId {
    OrganizationId::from_uuid(id())
}

pub(super) fn credentials(email: &str) -> Credentials {
    Credentials {
        email: Email::parse(email).unwrap(),
        password_hash: PasswordHash::from_stored("bcrypt-sha384$2b$10$…".to_owned()),
    }
}

pub(super) fn pending(organization: OrganizationId, email: &str) -> Admin {
    let state = AdminState::Pending(credentials(email));
    Admin::new(
        AdminId::from_uuid(id()),
        Affiliation::owner_of(organization),
        state,
        NOW,
    )
}

pub(super) fn session(organization: OrganizationId, expire_time: Timestamp) -> Session {
    Session {
        id: SessionId::from_uuid(id()),
        admin_id: AdminId::from_uuid(id()),
        affiliation: Affiliation::owner_of(organization),
        email: Email::parse("ada@example.com").unwrap(),
        create_time: NOW,
        expire_time,
    }
}

/// Far off for the server's clock too: MongoDB clears expired sessions by its own.
pub(super) fn far() -> Timestamp {
    Timestamp::from_millis(4_000_000_000_000)
}

pub(super) fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::AlreadyExists(index) => index.to_string(),
        StoreError::NotFound => "NotFound".to_owned(),
        StoreError::Conflict => "Conflict".to_owned(),
        other => panic!("{other:?}"),
    }
}
