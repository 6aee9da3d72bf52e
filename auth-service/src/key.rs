//! The key that signs access tokens: made at the first start, kept in the store, the same for every replica.

use std::fmt;

use aws_lc_rs::{error::Unspecified, signature::Ed25519KeyPair};
use tenantry_common::{clock::Timestamp, store::error::StoreError};
use zeroize::Zeroizing;

use crate::{
    domain::{AccessTokens, UnusableKey},
    store::Store,
};

/// An Ed25519 key in PKCS#8 v1 form. Its Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The private key.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub create_time: Timestamp,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("create_time", &self.create_time)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// When the crypto library gives none.
    pub fn generate(now: Timestamp) -> Result<Self, Unspecified> {
        // Version 1: the version 2 form holds the public key too, and jsonwebtoken derives no JWK from it.
        let document = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
        Ok(Self {
            pkcs8: Zeroizing::new(document.as_ref().to_vec()),
            create_time: now,
        })
    }
}

/// Why there is no usable signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No key could be generated.
    #[error("no signing key could be generated")]
    Generate,
    /// The stored key is damaged.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
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
    let candidate = SigningKey::generate(now).map_err(|_| KeyError::Generate)?;
    let key = store.signing_key_or_insert(&candidate).await?;
    Ok(AccessTokens::new(issuer, audience, &key.pkcs8)?)
}
