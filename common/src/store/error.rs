//! What can go wrong in a store, whatever the backend.

use std::fmt;

/// A unique index, by the name that it has in every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UniqueIndex(pub &'static str);

impl fmt::Display for UniqueIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A store call that did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What the call names is not there.
    #[error("not found")]
    NotFound,
    /// Something else holds the value already; nothing was written.
    #[error("already exists ({0})")]
    AlreadyExists(UniqueIndex),
    /// The record is not what the caller took it for; nothing was written. Read again and decide anew.
    #[error("the record has changed")]
    Conflict,
    /// The store is away or too slow. A write may or may not have happened.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be read back.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// Anything else, a bug or a fault of the store's.
    #[error("store failure: {0}")]
    Internal(String),
}

impl StoreError {
    /// Whether a write that failed so may have happened all the same.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }
}
