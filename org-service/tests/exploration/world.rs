//! The world at one instant: both services' stores, the drivers that live, the commands on their way.

use org_service::{
    domain::{CollectionName, Organization, Stamp},
    lifecycle::{GateState, Observed},
};
use tenantry_common::{clock::Timestamp, id::OrganizationId};
use uuid::Uuid;

use crate::{
    command::Command,
    fingerprint::Fingerprint,
    run::Run,
    shared::{Record, Shared},
};

/// The present, at all times.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// An instant that is past.
pub(crate) const PAST: Timestamp = Timestamp::from_millis(0);

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

/// The world. Organizations, admins and gates are numbered by the order of the creates.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) records: Vec<Shared<Record>>,
    pub(crate) admins: Vec<Admin>,
    pub(crate) gates: Vec<Option<(GateState, i64)>>,
    /// What somebody was told last: whether the organization is suspended, however often it is deleted meanwhile.
    pub(crate) suspended: Vec<bool>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) under_way: Vec<Command>,
    /// Budgets: what is left.
    pub(crate) asks: u8,
    pub(crate) late: u8,
    pub(crate) late_writes: u8,
    /// Whether the lasting fault is still to come.
    pub(crate) fault_to_come: bool,
    /// The organization whose admin auth-service refuses to activate until somebody mends it.
    pub(crate) refused: Option<usize>,
    /// Whether something came, or may come, later than is reckoned with, so that a collection may be misplaced.
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
            suspended: Vec::new(),
            collections: Vec::new(),
            drivers: Vec::new(),
            under_way: Vec::new(),
            asks: run.asks,
            late: run.late,
            late_writes: run.late_writes,
            fault_to_come: run.fault.is_some(),
            refused: None,
            disturbed: false,
            answered: None,
            alarm: None,
        }
    }

    /// The id of the organization that was created as number `slot`.
    pub(crate) fn id_of(slot: usize) -> OrganizationId {
        OrganizationId::from_uuid(number(slot + 1))
    }

    /// Whether the organization's admins may log in, as far as the gate goes.
    pub(crate) fn is_open(&self, slot: usize) -> bool {
        matches!(self.gates[slot], Some((GateState::Open, _)))
    }

    pub(crate) fn driver_knows(&mut self, driver: usize, learn: impl FnOnce(&mut Observed)) {
        let mut observed = (*self.drivers[driver].observed).clone();
        learn(&mut observed);
        self.drivers[driver].observed = observed.into();
    }

    /// The collections that bear the very stamp that is recorded.
    pub(crate) fn own_collections<'a>(
        &'a self,
        record: &'a Organization,
    ) -> impl Iterator<Item = &'a Collection> {
        let own =
            |collection: &&Collection| record.stamp.is_some() && collection.stamp == record.full_stamp();
        self.collections.iter().filter(own)
    }

    /// Every record in the world: stored, in a driver's hands, on its way.
    pub(crate) fn all_records(&self) -> impl Iterator<Item = &Shared<Record>> {
        let held = self.drivers.iter().map(|driver| &driver.record);
        let sent = self.under_way.iter().filter_map(|command| match command {
            Command::Record { next, .. } | Command::Accept { next, .. } => Some(next),
            _ => None,
        });
        self.records.iter().chain(held).chain(sent)
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
