//! What the service takes from its surroundings, and why it may not run there.

use tenantry_common::{config::SettingError, environment, rpc::server::ServeError};

use crate::{
    key::KeyError,
    operator::OperatorError,
    passwords::HashError,
    store::{OpenStoreError, Store},
};

/// What the service takes from its surroundings.
pub type Environment = environment::Environment<dyn Store>;

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
