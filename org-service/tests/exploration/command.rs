//! What is sent to one of the stores.

use org_service::{
    domain::{CollectionName, Stamp},
    lifecycle::GateState,
};

use crate::shared::{Record, Shared};

/// Something sent to one of the stores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Command {
    /// A command on collections, by a driver of this organization.
    Collections {
        slot: usize,
        change: Change,
    },
    PrepareAdmin {
        slot: usize,
    },
    CancelAdmin {
        slot: usize,
    },
    ActivateAdmin {
        slot: usize,
    },
    SetGate {
        slot: usize,
        state: GateState,
        epoch: i64,
    },
    /// A write under a lease.
    Record {
        slot: usize,
        next: Shared<Record>,
    },
    /// A client's write of an idle record, as it read the record some time ago.
    Accept {
        slot: usize,
        next: Shared<Record>,
    },
    /// After a look that found all in place: late commands are reckoned with no longer; then the handles are let go
    /// of whose rest was over at the time of the look.
    EndRecheck {
        slot: usize,
        epoch: i64,
        handles: Vec<usize>,
    },
    /// After such a look: a resting handle is let go of.
    Release {
        slot: usize,
        handle: usize,
    },
}

/// A change of the collections.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Change {
    Create {
        name: Shared<CollectionName>,
        stamp: Stamp,
    },
    Rename {
        from: Shared<CollectionName>,
        to: Shared<CollectionName>,
    },
    Drop {
        name: Shared<CollectionName>,
    },
}

impl Change {
    pub(crate) fn names(&self, name: &CollectionName) -> bool {
        match self {
            Self::Create { name: at, .. } | Self::Drop { name: at } => **at == *name,
            Self::Rename { from, to } => **from == *name || **to == *name,
        }
    }
}

impl Command {
    pub(crate) fn names(&self, name: &CollectionName) -> bool {
        matches!(self, Self::Collections { change, .. } if change.names(name))
    }

    /// Whether the store checks, in the same transaction, that it is still in time. Embedded, it does so for changes
    /// of collections too.
    pub(crate) fn is_of_store(&self) -> bool {
        matches!(
            self,
            Self::Collections { .. } | Self::Record { .. } | Self::Accept { .. }
        )
    }
}
