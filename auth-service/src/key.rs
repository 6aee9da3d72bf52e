//! The keys of access and refresh tokens: made at the first start, kept in the store, the same for every replica.

use aws_lc_rs::{error::Unspecified, signature::Ed25519KeyPair};
use tenantry_common::{clock::Timestamp, id::Ids, store::error::StoreError};
use zeroize::Zeroizing;

use crate::{
    domain::{AccessTokens, RefreshTokens, StoredKey, UnusableKey},
    store::{KeyName, Store},
};

impl StoredKey {
    /// A new Ed25519 key from the operating system's random numbers.
    ///
    /// # Errors
    /// When the crypto library gives none.
    pub fn generate_ed25519(now: Timestamp) -> Result<Self, Unspecified> {
        // Version 1: the version 2 form holds the public key too, and jsonwebtoken derives no JWK from it.
        let document = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
        Ok(Self {
            secret: Zeroizing::new(document.as_ref().to_vec()),
            create_time: now,
        })
    }

    /// A new symmetric key of the length that refresh tokens want.
    pub fn generate_symmetric(now: Timestamp, ids: &dyn Ids) -> Self {
        let mut secret = Zeroizing::new(vec![0; RefreshTokens::KEY_BYTES]);
        ids.fill_random(&mut secret);
        Self {
            secret,
            create_time: now,
        }
    }
}

/// Why there is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No key could be generated.
    #[error("no signing key could be generated")]
    Generate,
    /// The stored signing key is damaged.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// The stored key of the refresh tokens is damaged.
    #[error("the key of the refresh tokens must have {} bytes", RefreshTokens::KEY_BYTES)]
    Length,
}

/// The access tokens of this deployment: signed with the stored key, which is made now if there is none.
///
/// # Errors
/// [`KeyError`]; a damaged key is never replaced, because that would end every session silently.
pub async fn access_tokens(
    store: &dyn Store,
    now: Timestamp,
    issuer: String,
    audience: String,
) -> Result<AccessTokens, KeyError> {
    let candidate = StoredKey::generate_ed25519(now).map_err(|_| KeyError::Generate)?;
    let key = store.key_or_insert(KeyName::AccessToken, &candidate).await?;
    Ok(AccessTokens::new(issuer, audience, &key.secret)?)
}

/// The refresh tokens of this deployment: under the stored key, which is made now if there is none.
///
/// # Errors
/// As [`access_tokens`].
pub async fn refresh_tokens(
    store: &dyn Store,
    now: Timestamp,
    ids: &dyn Ids,
) -> Result<RefreshTokens, KeyError> {
    let candidate = StoredKey::generate_symmetric(now, ids);
    let key = store.key_or_insert(KeyName::RefreshToken, &candidate).await?;
    if key.secret.len() != RefreshTokens::KEY_BYTES {
        return Err(KeyError::Length);
    }
    Ok(RefreshTokens::new(&key.secret))
}
