//! The writes and the reads of sessions.

use futures::TryStreamExt;
use mongodb::{
    bson::{Document, doc},
    options::ReturnDocument,
};
use tenantry_common::{
    id::AdminId,
    store::{
        error::StoreError,
        mongo::{classify, detached},
    },
};

use super::{
    MongoStore,
    documents::{SessionDocument, binary, date},
    plain,
};
use crate::{
    domain::{Rotation, Session},
    store::ID_INDEX,
};

impl MongoStore {
    /// Inserts a session; refuses when there is any with its id.
    pub(super) async fn insert_session_once(&self, session: &Session) -> Result<(), StoreError> {
        let (sessions, document) = (self.sessions.clone(), SessionDocument::from(session));
        detached(async move {
            let inserted = sessions.insert_one(document).await;
            inserted.map(drop).map_err(|error| classify(error, &[ID_INDEX]))
        })
        .await
    }

    /// [`Store::sessions_of`](crate::store::Store::sessions_of).
    pub(super) async fn list_sessions(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError> {
        let sessions = self.sessions.clone();
        let filter = doc! { "admin_id": binary(admin_id.as_uuid()) };
        let found = detached(async move {
            let found = sessions.find(filter).sort(doc! { "_id": 1 });
            let documents = found.await.map_err(plain)?;
            documents.try_collect::<Vec<_>>().await.map_err(plain)
        });
        found.await?.into_iter().map(Session::try_from).collect()
    }

    /// [`Session::rotated`] as one write; None when there is no session with this id and counter.
    pub(super) async fn move_session(&self, rotation: &Rotation) -> Result<Option<Session>, StoreError> {
        let sessions = self.sessions.clone();
        let expected = doc! { "_id": binary(rotation.id.as_uuid()), "counter": rotation.counter };
        let rotate = doc! { "$set": {
            "counter": rotation.counter.saturating_add(1),
            "rotate_time": date(rotation.rotate_time),
            "idle_expire_time": date(rotation.idle_expire_time),
        } };
        let moved = detached(async move {
            let update = sessions.find_one_and_update(expected, rotate);
            update.return_document(ReturnDocument::After).await.map_err(plain)
        });
        moved.await?.map(Session::try_from).transpose()
    }

    /// Changes every session that `filter` finds.
    pub(super) async fn update_sessions(&self, filter: Document, update: Document) -> Result<(), StoreError> {
        let sessions = self.sessions.clone();
        detached(async move {
            sessions
                .update_many(filter, update)
                .await
                .map(drop)
                .map_err(plain)
        })
        .await
    }

    /// Deletes every session that `filter` finds.
    pub(super) async fn delete_all_sessions(&self, filter: Document) -> Result<(), StoreError> {
        let sessions = self.sessions.clone();
        detached(async move { sessions.delete_many(filter).await.map(drop).map_err(plain) }).await
    }
}
