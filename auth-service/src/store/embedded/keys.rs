//! The keys' records.

use base64::{Engine, engine::general_purpose::STANDARD};
use redb::{ReadableTable, TableHandle, WriteTransaction};
use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    store::{
        embedded::{decode, encode},
        error::StoreError,
    },
};
use zeroize::Zeroizing;

use super::KEYS;
use crate::{domain::StoredKey, store::KeyName};

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    secret: String,
    create_time: Timestamp,
}

/// A key as a record.
pub(super) fn encode_key(key: &StoredKey) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    encode(&KeyRecord {
        secret: STANDARD.encode(&*key.secret),
        create_time: key.create_time,
    })
    .map(Zeroizing::new)
}

/// The key of this name, which is the one in the record `candidate` if there was none.
pub(super) fn key_or_insert(
    transaction: &WriteTransaction,
    name: KeyName,
    candidate: &[u8],
) -> Result<StoredKey, StoreError> {
    let mut keys = transaction.open_table(KEYS)?;
    let stored = keys
        .get(name.id())?
        .map(|bytes| Zeroizing::new(bytes.value().to_vec()));
    if let Some(stored) = stored {
        return decode_key(&stored);
    }
    keys.insert(name.id(), candidate)?;
    decode_key(candidate)
}

fn decode_key(bytes: &[u8]) -> Result<StoredKey, StoreError> {
    let KeyRecord { secret, create_time } = decode(KEYS.name(), bytes)?;
    let secret = STANDARD
        .decode(Zeroizing::new(secret).as_bytes())
        .map_err(|_| StoreError::Corrupt("a key is not base64".to_owned()))?;
    Ok(StoredKey {
        secret: Zeroizing::new(secret),
        create_time,
    })
}
