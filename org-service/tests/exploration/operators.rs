//! Faults that do not pass by themselves, and the operator who sees to what has halted.

use org_service::{
    domain::{CollectionName, State},
    lifecycle::{self, Observed},
};

use crate::{
    actions::accepted,
    asks::{first, new_organization},
    command::Command,
    run::{Ask, Fault, Run},
    shared::{Record, Shared},
    stores::Reply,
    world::{Collection, Driver, World},
};

impl World {
    /// A fault that keeps an organization's create from its end.
    pub(crate) fn after_fault(&self, run: &Run, slot: usize) -> Option<Self> {
        let record = &self.records[slot];
        let possible = self.fault_to_come && record.state == State::Provisioning;
        let mut world = possible.then(|| self.clone())?;
        world.fault_to_come = false;
        match run.fault? {
            Fault::AdminRefused => world.refused = Some(slot),
            Fault::CollectionGone => {
                // A driver that was told of it a moment ago would take it for granted.
                let driven = self.drivers.iter().any(|driver| driver.slot == slot);
                if driven || self.own_collections(record).next().is_none() {
                    return None;
                }
                let own = record.full_stamp();
                world.collections.retain(|collection| collection.stamp != own);
            }
        }
        Some(world)
    }

    /// An operator has a halted operation go on: a new lease, and a new look at everything.
    pub(crate) fn after_unhalt(&self, slot: usize) -> Option<Self> {
        let stored = &self.records[slot];
        stored.halted()?;
        let mut world = self.with_room_for_a_driver()?;
        let mut next = lifecycle::unhalted(stored);
        next.fence += 1;
        let record = Shared::<Record>::from(next);
        world.records[slot] = record.clone();
        world.drivers.push(Driver::new(slot, record, Observed::nothing()));
        Some(world)
    }

    /// An operator deletes in the place of a create that has halted.
    pub(crate) fn after_replaced(&self, run: &Run, slot: usize) -> Option<Self> {
        let stored = &self.records[slot];
        stored.halted().filter(|_| stored.state == State::Provisioning)?;
        let mut world = self.with_room_for_a_driver()?;
        let command = Command::Accept {
            slot,
            next: lifecycle::delete(stored, accepted(slot, stored)).into(),
        };
        (world.execute(run, &command) == Reply::Ok).then(|| {
            world.driven_by_who_asked(slot);
            world
        })
    }

    /// An operator has a collection set aside that stands at a name which nobody has. It is done under a record of its
    /// own, in the place of the next create.
    pub(crate) fn after_reserved(&self, run: &Run, handle: usize) -> Option<Self> {
        let slot = self.records.len();
        let handle = run.handle(handle)?;
        let name = CollectionName::in_use(&handle);
        let stands = |collection: &Collection| *collection.name == name;
        let possible = run.asked.contains(&Ask::Repair) && slot < run.creates.len();
        if !possible || !self.collections.iter().any(stands) {
            return None;
        }
        let mut world = self.with_one_ask_less()?.with_room_for_a_driver()?;
        let record = lifecycle::reservation(new_organization(run, slot, handle), first(slot));
        (world.insert(run, record) == Reply::Ok).then(|| {
            world.driven_by_who_asked(slot);
            world
        })
    }
}
