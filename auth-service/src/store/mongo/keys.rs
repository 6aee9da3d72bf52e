//! Keys are inserted once and never changed.

use mongodb::{Collection, bson::doc};
use tenantry_common::store::{error::StoreError, mongo::classify};

use super::{documents::KeyDocument, plain};
use crate::{domain::StoredKey, store::ID_INDEX};

/// The key of the candidate's name, which is the candidate if there was none.
pub(super) async fn key_or_insert(
    keys: &Collection<KeyDocument>,
    candidate: KeyDocument,
) -> Result<StoredKey, StoreError> {
    let filter = doc! { "_id": &candidate.id };
    if let Some(stored) = keys.find_one(filter.clone()).await.map_err(plain)? {
        return Ok(stored.into());
    }
    let inserted = keys.insert_one(&candidate).await;
    match inserted.map_err(|error| classify(error, &[ID_INDEX])) {
        Ok(_) => Ok(candidate.into()),
        Err(StoreError::AlreadyExists(_)) => {
            let stored = keys.find_one(filter).await.map_err(plain)?;
            stored.map(StoredKey::from).ok_or(StoreError::Conflict)
        }
        Err(error) => Err(error),
    }
}
