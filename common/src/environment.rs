//! What a server takes from its surroundings.

use std::sync::Arc;

use crate::{
    clock::{Clock, SystemClock},
    id::{Ids, SystemIds},
};

/// What a server whose port of the store is `S` takes from its surroundings.
pub struct Environment<S: ?Sized> {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids, salts and other random bytes come from.
    pub ids: Arc<dyn Ids>,
    /// A store that is open already; otherwise the one that the settings name is opened.
    pub store: Option<Arc<S>>,
}

impl<S: ?Sized> Clone for Environment<S> {
    fn clone(&self) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            store: self.store.clone(),
        }
    }
}

impl<S: ?Sized> Default for Environment<S> {
    /// The host's clock and random numbers, and the store of the settings.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            store: None,
        }
    }
}
