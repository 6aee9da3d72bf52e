//! A store on each backend, and samples to put into it.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, Ids, OrganizationId, SessionId, SystemIds},
    store::error::StoreError,
    testing::{self, EmbeddedTest, ManualClock, MongoTest},
};
use uuid::Uuid;

use crate::{
    domain::{
        Admin, AdminChange, AdminState, Affiliation, ClientInfo, Credentials, PasswordHash, Rotation, Session,
    },
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

impl Backend {
    /// The store and its replica in turn, for this many calls.
    pub(super) fn in_turn(&self, calls: usize) -> impl Iterator<Item = Arc<dyn Store>> {
        let stores = [&self.store, &self.replica].into_iter().cycle();
        stores.take(calls).cloned()
    }

    /// The admin as it is stored.
    pub(super) async fn stored(&self, id: AdminId) -> Option<Admin> {
        self.replica.get_admin(id).await.unwrap()
    }

    /// The session as it is stored.
    pub(super) async fn stored_session(&self, id: SessionId) -> Option<Session> {
        self.replica.get_session(id).await.unwrap()
    }
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

/// An admin of an organization of its own who is ACTIVE in the store.
pub(super) async fn active(backend: &Backend, email: &str) -> Admin {
    let admin = Admin {
        state: AdminState::Active(credentials(email)),
        ..pending(organization(), email)
    };
    backend.store.insert_admin(&admin).await.unwrap();
    admin
}

/// One change of each kind.
pub(super) fn changes() -> [AdminChange; 4] {
    let hash = |text: &str| PasswordHash::from_stored(text.to_owned());
    [
        AdminChange::Password(hash("bcrypt-sha384$2b$10$other")),
        AdminChange::Rehash(hash("bcrypt-sha384$2b$12$other")),
        AdminChange::Email(Email::parse("grace@example.com").unwrap()),
        AdminChange::Generation,
    ]
}

pub(super) fn session(organization: OrganizationId, expire_time: Timestamp) -> Session {
    let client = ClientInfo {
        peer: Some("2001:db8::7".parse().unwrap()),
        user_agent: "tenantry/0.1".to_owned(),
    };
    Session {
        id: SessionId::from_uuid(id()),
        admin_id: AdminId::from_uuid(id()),
        affiliation: Affiliation::owner_of(organization),
        email: Email::parse("ada@example.com").unwrap(),
        create_time: NOW,
        expire_time,
        idle_expire_time: expire_time,
        counter: 0,
        rotate_time: NOW,
        client,
    }
}

/// The session's next rotation, to a later end.
pub(super) fn rotation(session: &Session) -> Rotation {
    let second = Duration::from_secs(1);
    Rotation {
        id: session.id,
        counter: session.counter,
        rotate_time: session.rotate_time + second,
        idle_expire_time: session.idle_expire_time + second,
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

/// What the calls answer, each made by a task of its own.
pub(super) async fn at_once<C>(calls: impl IntoIterator<Item = C>) -> Vec<C::Output>
where
    C: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let answers = join_all(tasks).await.into_iter();
    answers.map(Result::unwrap).collect()
}

/// What two calls answer that are made at once, the second one first on request: the embedded store keeps to the order
/// in which it is asked.
pub(super) async fn both_at_once<A, B>(second_first: bool, first: A, second: B) -> (A::Output, B::Output)
where
    A: Future<Output: Send> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let (first, second) = if second_first {
        let second = tokio::spawn(second);
        (tokio::spawn(first), second)
    } else {
        (tokio::spawn(first), tokio::spawn(second))
    };
    (first.await.unwrap(), second.await.unwrap())
}
