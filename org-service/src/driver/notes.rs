//! What a drive did, for who wants to tell of it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::lifecycle::GateState;

/// What was done, in words for people, in order. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Adds what was done a moment ago.
    pub fn note(&self, deed: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(deed.into());
    }

    /// All that was done so far.
    pub fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A gate's state as people read it.
pub(crate) fn gate_in_words(gate: GateState) -> &'static str {
    match gate {
        GateState::Open => "OPEN",
        GateState::Suspended => "SUSPENDED",
        GateState::Purged => "PURGED",
    }
}
