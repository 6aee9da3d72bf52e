//! New names, and one form for worlds that do not differ in anything that matters.

use org_service::domain::{CollectionName, Handle, Organization, Seen, Stamp};
use tenantry_common::id::OrganizationId;
use uuid::Uuid;

use crate::{
    broken::Broken,
    command::{Change, Command},
    run::Run,
    shared::{Record, Shared},
    world::{PAST, World, number},
};

impl World {
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
            Command::Collections {
                change: Change::Create { stamp: sent, .. },
                ..
            } => *sent == stamp,
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

    /// Brings worlds that do not differ in anything that matters to one form: fences count from 1 without gaps, lists
    /// are ordered, what can never do anything any more is gone.
    pub(crate) fn canonical(mut self, run: &Run) -> Self {
        for slot in 0..self.records.len() {
            self.renumber_fences(slot);
        }
        let records = &self.records;
        self.under_way.retain(|command| match command {
            Command::Accept { slot, next } => records[*slot].epoch < next.epoch,
            Command::EndRecheck { slot, epoch, .. } => records[*slot].epoch == *epoch,
            // It says by which time the rest must have been over. A handle that rests again does so until later.
            Command::Release { slot, handle } => {
                run.breaks(Broken::ReleaseByTheClock) || has_rested(&records[*slot], run.handle(*handle))
            }
            _ => true,
        });
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
}

/// Whether the record holds the handle, and its rest is over.
fn has_rested(record: &Organization, handle: Option<Handle>) -> bool {
    record
        .handles
        .iter()
        .any(|held| Some(&held.handle) == handle.as_ref() && held.rest_until == Some(PAST))
}
