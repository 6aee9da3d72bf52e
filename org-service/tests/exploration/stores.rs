//! What the stores do with a command, as their contracts say.

use org_service::{
    domain::{CollectionName, HeldHandle, OperationKind, Organization, Seen, Stamp, State},
    lifecycle::own_names,
};
use tenantry_common::clock::Timestamp;

use crate::{
    broken::Broken,
    command::{Change, Command},
    run::Run,
    shared::{Record, Shared},
    world::{Admin, Collection, NOW, PAST, World},
};

/// The answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Ok,
    /// It was not done, and never will be by this command: a name, an e-mail, a handle is taken, a state forbids it, a
    /// fence or an epoch is stale.
    Refused,
}

impl Reply {
    pub(crate) fn when(done: bool) -> Self {
        if done { Self::Ok } else { Self::Refused }
    }
}

impl World {
    /// Does what a command asks for, as one atomic step.
    pub(crate) fn execute(&mut self, run: &Run, command: &Command) -> Reply {
        match command {
            Command::Collections { change, .. } => self.change_collections(run, change),
            Command::PrepareAdmin { slot } => self.prepare_admin(run, *slot),
            Command::CancelAdmin { slot } => self.cancel_admin(run, *slot),
            Command::ActivateAdmin { slot } => self.activate_admin(*slot),
            Command::SetGate { slot, state, epoch } => self.set_gate(run, *slot, *state, *epoch),
            Command::Record { slot, next } => self.record(run, *slot, next),
            Command::Accept { slot, next } => self.accept(run, *slot, next),
            Command::EndRecheck { slot, epoch, handles } => self.end_recheck(*slot, *epoch, handles),
            Command::Release { slot, handle } => Reply::when(self.release(run, *slot, *handle)),
        }
    }

    fn change_collections(&mut self, run: &Run, change: &Change) -> Reply {
        match change {
            Change::Create { name, stamp } => self.create_collection(name, Some(*stamp)),
            Change::Rename { from, to } => self.rename_collection(run, from, to),
            Change::Drop { name } => self.drop_collection(name),
        }
    }

    pub(crate) fn create_collection(&mut self, name: &Shared<CollectionName>, stamp: Option<Stamp>) -> Reply {
        if self.at(name).is_some() {
            return Reply::Refused;
        }
        self.collections.push(Collection {
            name: name.clone(),
            stamp,
            documents: stamp.is_none(),
        });
        Reply::Ok
    }

    fn rename_collection(
        &mut self,
        run: &Run,
        from: &Shared<CollectionName>,
        to: &Shared<CollectionName>,
    ) -> Reply {
        if self.at(from).is_none() || (self.at(to).is_some() && !run.breaks(Broken::RenameOverwrites)) {
            return Reply::Refused;
        }
        if self.at(to).is_some() {
            self.drop_collection(to);
        }
        for collection in self
            .collections
            .iter_mut()
            .filter(|collection| collection.name == *from)
        {
            collection.name = to.clone();
        }
        Reply::Ok
    }

    /// Nothing may ever be dropped but what was condemned, of an organization that is purged.
    fn drop_collection(&mut self, name: &Shared<CollectionName>) -> Reply {
        let Some(index) = self.at(name) else {
            return Reply::Ok;
        };
        let dropped = self.collections.remove(index);
        let owner = dropped.stamp.map(|stamp| stamp.organization);
        let purged = |record: &Shared<Record>| Some(record.id) == owner && record.state == State::Purged;
        if !self.records.iter().any(purged) {
            self.alarm = Some("a collection was dropped whose owner is not purged");
        } else if !owner.is_some_and(|owner| name.is_condemned(owner)) {
            self.alarm = Some("a collection was dropped that was not condemned");
        }
        Reply::Ok
    }

    fn at(&self, name: &Shared<CollectionName>) -> Option<usize> {
        self.collections
            .iter()
            .position(|collection| collection.name == *name)
    }

    /// What a look finds.
    pub(crate) fn look(&self, run: &Run, organization: &Organization) -> Vec<Seen> {
        let (id, names) = (organization.id, own_names(organization));
        let theirs = |collection: &&Collection| {
            if run.breaks(Broken::LooksAtHomeOnly) {
                return organization.home.as_ref() == Some(&*collection.name);
            }
            collection.stamp.is_some_and(|stamp| stamp.organization == id)
                || names.contains(&collection.name)
                || collection.name.is_condemned(id)
        };
        let mut seen: Vec<Seen> = self
            .collections
            .iter()
            .filter(theirs)
            .map(|found| Seen {
                name: (*found.name).clone(),
                stamp: found.stamp.or_else(|| adopted(run, organization, &found.name)),
            })
            .collect();
        seen.sort();
        seen
    }

    /// A write under a lease: only while operation and fence are the same.
    fn record(&mut self, run: &Run, slot: usize, next: &Shared<Record>) -> Reply {
        if !self.is_leased_as(slot, next) && !run.breaks(Broken::FenceIgnored) {
            return Reply::Refused;
        }
        self.put(run, slot, next)
    }

    /// Whether the stored record has the operation and the fence under which `held` was read.
    pub(crate) fn is_leased_as(&self, slot: usize, held: &Organization) -> bool {
        let stored = &self.records[slot];
        let operation = |record: &Organization| record.operation.as_ref().map(|operation| operation.id);
        // The write that ends an operation carries none; its epoch is the operation's all the same.
        operation(stored).is_some()
            && stored.epoch == held.epoch
            && stored.fence == held.fence
            && (operation(held).is_none() || operation(held) == operation(stored))
    }

    fn accept(&mut self, run: &Run, slot: usize, next: &Shared<Record>) -> Reply {
        let stored = &self.records[slot];
        let waits = stored.operation.is_none() || stored.halted().is_some();
        if !waits || stored.epoch + 1 != next.epoch {
            return Reply::Refused;
        }
        let reply = self.put(run, slot, next);
        if reply == Reply::Ok {
            match next.operation.as_ref().map(|operation| &operation.kind) {
                Some(OperationKind::Suspend) => self.suspended[slot] = true,
                Some(OperationKind::Resume) => self.suspended[slot] = false,
                _ => {}
            }
        }
        reply
    }

    /// Replaces a record, or refuses because another holds one of its handles.
    fn put(&mut self, run: &Run, slot: usize, next: &Shared<Record>) -> Reply {
        let free = next
            .handles
            .iter()
            .all(|held| self.holder_but(slot, held).is_none());
        if free || run.breaks(Broken::NoHandleIndex) {
            self.records[slot] = next.clone();
        }
        Reply::when(free || run.breaks(Broken::NoHandleIndex))
    }

    fn holder_but(&self, slot: usize, wanted: &HeldHandle) -> Option<usize> {
        let holds = |record: &Shared<Record>| record.handles.iter().any(|held| held.handle == wanted.handle);
        (0..self.records.len()).find(|other| *other != slot && holds(&self.records[*other]))
    }

    /// Inserts a record, unless another holds its handle or has its request id.
    pub(crate) fn insert(&mut self, run: &Run, organization: Organization) -> Reply {
        let key = |record: &Organization| record.create_request.as_ref().map(|request| request.key);
        let repeated = key(&organization).is_some()
            && self
                .records
                .iter()
                .any(|record| key(record) == key(&organization));
        if repeated && !run.breaks(Broken::RequestIdForgotten) {
            return Reply::Refused;
        }
        let slot = self.records.len();
        let record = Shared::from(organization);
        self.records.push(record.clone());
        if self.put(run, slot, &record) == Reply::Refused {
            self.records.pop();
            return Reply::Refused;
        }
        self.admins.push(Admin::Absent);
        self.gates.push(None);
        self.suspended.push(false);
        Reply::Ok
    }

    /// Ends the waiting for late commands; the handles are let go of one after the other.
    fn end_recheck(&mut self, slot: usize, epoch: i64, handles: &[usize]) -> Reply {
        let mut next = self.records[slot].0.clone();
        if next.operation.is_some() || next.epoch != epoch || next.recheck_until != Some(PAST) {
            return Reply::Refused;
        }
        next.recheck_until = None;
        self.records[slot] = next.into();
        self.send_releases(slot, handles);
        Reply::Ok
    }

    /// Lets go of a resting handle.
    fn release(&mut self, run: &Run, slot: usize, handle: usize) -> bool {
        let mut next = self.records[slot].0.clone();
        let Some(handle) = run.handle(handle) else {
            return false;
        };
        if !may_release(run, &next, |held| held.handle == handle) {
            return false;
        }
        next.handles.retain(|held| held.handle != handle);
        self.records[slot] = next.into();
        true
    }
}

/// Whether a record waits for nothing, and holds such a handle whose rest is over.
pub(crate) fn may_release(run: &Run, record: &Organization, handle: impl Fn(&HeldHandle) -> bool) -> bool {
    let over = |until: Timestamp| until <= NOW;
    (record.operation.is_none() || run.breaks(Broken::ReleaseIgnoresOperation))
        && (record.recheck_until.is_none() || run.breaks(Broken::ReleaseIgnoresRecheck))
        && record
            .handles
            .iter()
            .any(|held| handle(held) && held.rest_until.is_some_and(over))
}

/// The stamp that somebody takes an unstamped collection to have.
fn adopted(run: &Run, organization: &Organization, name: &CollectionName) -> Option<Stamp> {
    let taken = run.breaks(Broken::AdoptsUnstamped) && organization.home.as_ref() == Some(name);
    taken.then(|| {
        organization.full_stamp().unwrap_or(Stamp {
            organization: organization.id,
            attempt: uuid::Uuid::max(),
        })
    })
}
