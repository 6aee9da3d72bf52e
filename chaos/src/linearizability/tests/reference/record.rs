//! What a server in miniature keeps.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::history::{Micros, Request, Seen, State};

/// An organization as its server keeps it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: Uuid,
    pub(super) state: Option<State>,
    pub(super) handle: String,
    /// Held handles, and until when those that rest do.
    pub(super) handles: BTreeMap<String, Option<Micros>>,
    pub(super) epoch: i64,
    pub(super) home: String,
    pub(super) before: State,
    pub(super) purge: Micros,
    /// Whose operation is under way.
    pub(super) under_way: Option<usize>,
    pub(super) request_id: Option<Uuid>,
}

impl Record {
    pub(super) fn is_shown(&self) -> bool {
        matches!(
            self.state,
            Some(State::Active | State::Suspended | State::Deleted)
        )
    }

    pub(super) fn seen(&self) -> Seen {
        let state = self.state.unwrap_or(State::Purged);
        let in_use = matches!(state, State::Active | State::Suspended);
        Seen {
            id: self.id,
            handle: self.handle.clone(),
            state,
            collection: if in_use {
                format!("org_{}", self.home)
            } else {
                String::new()
            },
            epoch: self.epoch,
        }
    }

    pub(super) fn accept(&mut self, call: usize, request: &Request, taken: Option<String>) {
        self.under_way = Some(call);
        self.epoch += 1;
        if let Some(handle) = taken {
            self.home.clone_from(&handle);
            self.handles.insert(handle, None);
        }
        match request {
            Request::Suspend { .. } => self.state = Some(State::Suspended),
            Request::Delete { .. } => {
                self.before = self.state.unwrap_or(State::Active);
                self.state = Some(State::Deleted);
            }
            _ => {}
        }
    }
}
