//! What the service takes from its surroundings, and why it may not run there.

use std::sync::Arc;

use tenantry_common::{
    clock::{Clock, SystemClock},
    config::SettingError,
    id::{Ids, SystemIds},
    rpc::server::ServeError,
};

use crate::{
    key::KeyError,
    operator::OperatorError,
    passwords::HashError,
    store::{OpenStoreError, Store},
};

/// What the service takes from its surroundings.
#[derive(Clone)]
pub struct Environment {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids, salts and other random bytes come from.
    pub ids: Arc<dyn Ids>,
    /// A store that is open already; otherwise the one that the settings name is opened.
    pub store: Option<Arc<dyn Store>>,
}

impl Default for Environment {
    /// The host's clock and random numbers, and the store of the settings.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            store: None,
        }
    }
}

/// Why the service does not run, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenStoreError),
    /// The hashing threads cannot be started.
    #[error("the hashing threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
    /// The hash that stands in for missing ones could not be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operator cannot be set up.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The server failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}
