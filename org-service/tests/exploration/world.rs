//! The world at one instant: both services' stores, the drivers that live, the commands on their way.

use org_service::{
    domain::{CollectionName, Handle, Organization, Seen, Stamp},
    lifecycle::{GateState, Observed},
};
use tenantry_common::{clock::Timestamp, id::OrganizationId};
use uuid::Uuid;

use crate::{
    broken::Broken,
    fingerprint::Fingerprint,
    shared::{Record, Shared},
};

/// The present, at all times.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// An instant that is past.
pub(crate) const PAST: Timestamp = Timestamp::from_millis(0);

/// Which store keeps the collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Commands on collections carry no fence and may come late; an insert makes a collection that is missing.
    MongoDb,
    /// A command and the check of its fence are one transaction.
    Embedded,
}

/// What is explored: the budgets, and which rule is broken on purpose.
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
    /// The handles that a rename may ask for.
    pub(crate) handles: &'static [&'static str],
    /// How many operations are accepted.
    pub(crate) asks: u8,
    /// How many commands arrive late.
    pub(crate) late: u8,
    /// How many inserts of a writer that was frozen come late.
    pub(crate) late_writes: u8,
    /// Whether a driver that was overtaken lives on.
    pub(crate) frozen: bool,
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

/// A collection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Collection {
    pub(crate) name: Shared<CollectionName>,
    pub(crate) stamp: Option<Stamp>,
    /// Whether a client was told that its documents are in there.
    pub(crate) documents: bool,
}

/// What auth-service has of an organization's first admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Admin {
    Absent,
    Pending,
    Active,
    Cancelled,
    Purged,
}

/// A driver of an organization's operation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Driver {
    /// Which organization.
    pub(crate) slot: usize,
    /// The record as the driver has it; operation and fence are in it.
    pub(crate) record: Shared<Record>,
    /// What it knows.
    pub(crate) observed: Shared<Observed>,
}

/// Something sent to one of the stores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Command {
    CreateCollection {
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
    /// A client lets go of a resting handle, after a look that found all in place.
    Release {
        slot: usize,
        handle: usize,
    },
}

impl Command {
    pub(crate) fn is_ddl(&self) -> bool {
        matches!(
            self,
            Self::CreateCollection { .. } | Self::Rename { .. } | Self::Drop { .. }
        )
    }

    fn names(&self, name: &CollectionName) -> bool {
        match self {
            Self::CreateCollection { name: at, .. } | Self::Drop { name: at } => **at == *name,
            Self::Rename { from, to } => **from == *name || **to == *name,
            _ => false,
        }
    }
}

/// The world. Organizations, admins and gates are numbered by the order of the creates.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) records: Vec<Shared<Record>>,
    pub(crate) admins: Vec<Admin>,
    pub(crate) gates: Vec<Option<(GateState, i64)>>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) under_way: Vec<Command>,
    /// Budgets: what is left.
    pub(crate) asks: u8,
    pub(crate) late: u8,
    pub(crate) late_writes: u8,
    /// Whether something that no fence stops has come late, so that a collection may be misplaced.
    pub(crate) disturbed: bool,
    /// The organization that the request id was answered with.
    pub(crate) answered: Option<usize>,
    /// What must never happen, and did on the way here.
    pub(crate) alarm: Option<&'static str>,
}

impl World {
    /// Nothing is there, nobody has asked for anything.
    pub(crate) fn empty(run: &Run) -> Self {
        Self {
            records: Vec::new(),
            admins: Vec::new(),
            gates: Vec::new(),
            collections: Vec::new(),
            drivers: Vec::new(),
            under_way: Vec::new(),
            asks: run.asks,
            late: run.late,
            late_writes: run.late_writes,
            disturbed: false,
            answered: None,
            alarm: None,
        }
    }

    /// The id of the organization that was created as number `slot`.
    pub(crate) fn id_of(slot: usize) -> OrganizationId {
        OrganizationId::from_uuid(number(slot + 1))
    }

    pub(crate) fn driver_knows(&mut self, driver: usize, learn: impl FnOnce(&mut Observed)) {
        let mut observed = (*self.drivers[driver].observed).clone();
        learn(&mut observed);
        self.drivers[driver].observed = observed.into();
    }

    /// A new UUID for a name: the least that nothing in the world refers to, so that worlds which differ in nothing
    /// but their history are one.
    pub(crate) fn new_name(&self, name: impl Fn(Uuid) -> CollectionName) -> Shared<CollectionName> {
        let mut names = (1..).map(|n| name(number(n)));
        let fresh = names.find(|name| !self.refers_to(name));
        Shared::from(fresh.unwrap_or_else(|| name(Uuid::nil())))
    }

    /// A new stamp for an organization's collection.
    pub(crate) fn new_stamp(&self, organization: OrganizationId) -> Stamp {
        let mut stamps = (1..).map(|n| Stamp {
            organization,
            attempt: number(n),
        });
        let fresh = stamps.find(|stamp| !self.bears(*stamp));
        fresh.unwrap_or(Stamp {
            organization,
            attempt: Uuid::nil(),
        })
    }

    fn refers_to(&self, name: &CollectionName) -> bool {
        self.collections
            .iter()
            .any(|collection| *collection.name == *name)
            || self.under_way.iter().any(|command| command.names(name))
            || self.seen().any(|seen| seen.name == *name)
    }

    fn bears(&self, stamp: Stamp) -> bool {
        let sent = |command: &Command| match command {
            Command::CreateCollection { stamp: sent, .. } => *sent == stamp,
            _ => false,
        };
        self.collections
            .iter()
            .any(|collection| collection.stamp == Some(stamp))
            || self.under_way.iter().any(sent)
            || self.seen().any(|seen| seen.stamp == Some(stamp))
            || self
                .all_records()
                .any(|record| record.full_stamp() == Some(stamp))
    }

    fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.drivers
            .iter()
            .flat_map(|driver| driver.observed.collections.iter().flatten())
    }

    /// Every record in the world: stored, in a driver's hands, on its way.
    fn all_records(&self) -> impl Iterator<Item = &Shared<Record>> {
        let held = self.drivers.iter().map(|driver| &driver.record);
        let sent = self.under_way.iter().filter_map(|command| match command {
            Command::Record { next, .. } | Command::Accept { next, .. } => Some(next),
            _ => None,
        });
        self.records.iter().chain(held).chain(sent)
    }

    /// Brings worlds that do not differ in anything that matters to one form: fences count from 1 without gaps, lists
    /// are ordered.
    pub(crate) fn canonical(mut self) -> Self {
        for slot in 0..self.records.len() {
            self.renumber_fences(slot);
        }
        self.collections.sort_unstable();
        self.drivers.sort_unstable();
        self.under_way.sort_unstable();
        self
    }

    fn renumber_fences(&mut self, slot: usize) {
        let id = Self::id_of(slot);
        let mut fences: Vec<i64> = Vec::with_capacity(6);
        for record in self.all_records().filter(|record| record.id == id) {
            fences.push(record.fence);
            fences.extend(record.operation.as_ref().map(|operation| operation.first_fence));
        }
        fences.sort_unstable();
        fences.dedup();
        if fences.iter().zip(1..).all(|(fence, rank)| *fence == rank) {
            return;
        }
        let rank = |fence: i64| {
            fences
                .iter()
                .zip(1..)
                .find(|(known, _)| **known == fence)
                .map_or(fence, |(_, rank)| rank)
        };
        let renumbered = |record: &mut Shared<Record>| {
            if record.id == id {
                let mut next: Organization = record.0.clone();
                next.fence = rank(next.fence);
                if let Some(operation) = &mut next.operation {
                    operation.first_fence = rank(operation.first_fence);
                }
                *record = next.into();
            }
        };
        self.records.iter_mut().for_each(renumbered);
        self.drivers
            .iter_mut()
            .map(|driver| &mut driver.record)
            .for_each(renumbered);
        for command in &mut self.under_way {
            if let Command::Record { next, .. } | Command::Accept { next, .. } = command {
                renumbered(next);
            }
        }
    }

    /// A number that, but for one chance in 2^100, no other world has.
    pub(crate) fn fingerprint(&self) -> u128 {
        Fingerprint::of(self)
    }
}

/// The UUID with this number.
pub(crate) fn number(n: usize) -> Uuid {
    Uuid::from_u128(n as u128)
}
