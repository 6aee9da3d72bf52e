//! What is explored: the budgets, and which rule is broken on purpose.

use org_service::domain::Handle;

use crate::broken::Broken;

/// Which store keeps the collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Commands on collections carry no fence and may come late; an insert makes a collection that is missing.
    MongoDb,
    /// A command and the check of its fence are one transaction.
    Embedded,
}

/// What somebody may ask of an organization that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Another handle.
    Rename,
    Suspend,
    Resume,
    Delete,
    /// Back, under the former handle or another one.
    Undelete,
    /// An operator has it looked at, though nothing says that it must be.
    Repair,
}

impl Ask {
    /// All but what the sweep asks for by itself.
    pub(crate) const CLIENTS: [Self; 5] = [
        Self::Rename,
        Self::Suspend,
        Self::Resume,
        Self::Delete,
        Self::Undelete,
    ];
    pub(crate) const ALL: [Self; 6] = [
        Self::Rename,
        Self::Suspend,
        Self::Resume,
        Self::Delete,
        Self::Undelete,
        Self::Repair,
    ];
    /// Those that move the collection.
    pub(crate) const MOVING: [Self; 3] = [Self::Rename, Self::Delete, Self::Undelete];
}

/// What makes a create halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// auth-service refuses the admin until somebody mends it.
    AdminRefused,
    /// A hand drops the collection of an organization that is not yet in use.
    CollectionGone,
}

/// What is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// What it is called where its numbers are printed.
    pub(crate) title: &'static str,
    /// The store.
    pub(crate) backend: Backend,
    /// Handle and e-mail of the first create, of the second, and so on; no more are asked for.
    pub(crate) creates: &'static [(usize, u8)],
    /// Whether all creates are repeats of one, under one request id.
    pub(crate) repeated: bool,
    /// The handles that a rename or an undelete may ask for.
    pub(crate) handles: &'static [&'static str],
    /// What is asked of an organization that is there.
    pub(crate) asked: &'static [Ask],
    /// How many creates and other changes are asked for and accepted. Purges and repairs by the reconciler are free.
    pub(crate) asks: u8,
    /// How many commands arrive late.
    pub(crate) late: u8,
    /// How many inserts of a writer that was frozen come late.
    pub(crate) late_writes: u8,
    /// What happens once and does not pass by itself.
    pub(crate) fault: Option<Fault>,
    /// Whether drivers crash, leases end, and commands and replies are lost.
    pub(crate) losses: bool,
    /// Whether a driver that was overtaken lives on.
    pub(crate) frozen: bool,
    /// Whether the rest of a handle may end while an operation is under way.
    pub(crate) long_operations: bool,
    /// The rule that is broken.
    pub(crate) broken: Option<Broken>,
}

impl Run {
    pub(crate) fn breaks(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    pub(crate) fn handle(&self, index: usize) -> Option<Handle> {
        self.handles.get(index).and_then(|text| Handle::parse(text).ok())
    }
}
