//! The secret keys of a deployment.

use std::fmt;

use tenantry_common::clock::Timestamp;
use zeroize::Zeroizing;

/// A secret key as the store keeps it. Its Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The key itself: PKCS#8 v1 of an Ed25519 key, or the bytes of a symmetric one.
    pub secret: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub create_time: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("create_time", &self.create_time)
            .finish_non_exhaustive()
    }
}
