//! What must hold in every world, and what must hold once all is quiet.

use org_service::{
    domain::{CollectionName, CreateStep, Organization, State},
    lifecycle::{GateState, in_place},
};

use crate::{
    broken::Broken,
    world::{Admin, Collection, Run, World},
};

impl World {
    /// What is wrong here, if anything is.
    pub(crate) fn violation(&self, run: &Run) -> Option<String> {
        if let Some(alarm) = self.alarm {
            return Some(alarm.to_owned());
        }
        self.handle_held_twice()
            .or_else(|| self.email_used_twice(run))
            .or_else(|| (0..self.records.len()).find_map(|slot| self.unsafe_organization(slot)))
            .or_else(|| self.request_answered_otherwise())
            .or_else(|| {
                if self.is_quiet() {
                    self.unsettled(run)
                } else {
                    None
                }
            })
    }

    /// Whether nothing is under way, and nobody is about to do anything.
    pub(crate) fn is_quiet(&self) -> bool {
        self.drivers.is_empty()
            && self.under_way.is_empty()
            && self.records.iter().all(|record| record.operation.is_none())
    }

    /// I5.
    fn handle_held_twice(&self) -> Option<String> {
        let mut held: Vec<&str> = self
            .records
            .iter()
            .flat_map(|record| record.handles.iter().map(|held| held.handle.as_str()))
            .collect();
        held.sort_unstable();
        let twice = held.windows(2).find(|pair| pair[0] == pair[1])?;
        Some(format!("two records hold the handle {}", twice[0]))
    }

    fn email_used_twice(&self, run: &Run) -> Option<String> {
        let alive = |slot: &usize| matches!(self.admins[*slot], Admin::Pending | Admin::Active);
        let mut emails: Vec<u8> = (0..self.admins.len())
            .filter(alive)
            .map(|slot| run.creates[slot].1)
            .collect();
        emails.sort_unstable();
        let twice = emails.windows(2).any(|pair| pair[0] == pair[1]);
        twice.then(|| "two admins have one e-mail".to_owned())
    }

    /// Data safety, of one organization.
    fn unsafe_organization(&self, slot: usize) -> Option<String> {
        let record = &self.records[slot].0;
        let wrong = |what: &str| Some(format!("organization {slot}: {what}"));
        if record
            .operation
            .as_ref()
            .is_some_and(|operation| operation.halted.is_some())
        {
            return wrong("its operation is halted");
        }
        let committed = matches!(record.state, State::Active | State::Suspended | State::Deleted);
        let own: Vec<&Collection> = self.own_collections(record).collect();
        if committed && !matches!(own.as_slice(), [one] if one.documents) {
            return wrong("its documents are lost, or there twice");
        }
        let undecided = record.state == State::Provisioning
            && Self::create_step(record) != Some(CreateStep::AdminPrepared);
        if self.admins[slot] == Admin::Active && (undecided || record.state == State::Aborted) {
            return wrong("its admin may log in before the create was decided");
        }
        let open = matches!(self.gates[slot], Some((GateState::Open, _)));
        let trash = CollectionName::trash(record.id);
        let moved = own.iter().any(|collection| *collection.name == trash);
        if open && (record.state == State::Purged || moved) {
            return wrong("its data was moved before its tokens died");
        }
        if self.admins[slot] == Admin::Purged
            && (committed || own.iter().any(|collection| collection.documents))
        {
            return wrong("its admins are purged and its data is there");
        }
        None
    }

    /// The collections that bear the very stamp that is recorded.
    fn own_collections<'a>(&'a self, record: &'a Organization) -> impl Iterator<Item = &'a Collection> {
        let own =
            |collection: &&Collection| record.stamp.is_some() && collection.stamp == record.full_stamp();
        self.collections.iter().filter(own)
    }

    /// I7.
    fn request_answered_otherwise(&self) -> Option<String> {
        let answered = self.answered?;
        let same = |record: &Organization| record.create_request.is_some();
        let records: Vec<usize> = (0..self.records.len())
            .filter(|slot| same(&self.records[*slot]))
            .collect();
        let wrong = records != [answered];
        wrong.then(|| {
            format!("the request id was answered with organization {answered}, now it has {records:?}")
        })
    }

    /// What is not as it should be although all is quiet.
    fn unsettled(&self, run: &Run) -> Option<String> {
        (0..self.records.len())
            .find_map(|slot| self.unsettled_auth(slot))
            // A collection that something late has misplaced waits for a repair.
            .or_else(|| if self.disturbed { None } else { self.misplaced(run) })
    }

    /// I4.
    fn unsettled_auth(&self, slot: usize) -> Option<String> {
        let record = &self.records[slot].0;
        let gate = self.gates[slot].map(|(state, _)| state);
        let right = match record.state {
            State::Active => (Admin::Active, Some(GateState::Open)),
            State::Deleted => (Admin::Active, Some(GateState::Suspended)),
            State::Purged => (Admin::Purged, Some(GateState::Purged)),
            // Cancelled, that is; the mark of it matters to a late call alone.
            State::Aborted if self.admins[slot] == Admin::Absent => return None,
            State::Aborted => (Admin::Cancelled, None),
            State::Provisioning | State::Suspended => {
                return Some(format!("organization {slot} is {:?} for ever", record.state));
            }
        };
        let is = (self.admins[slot], gate);
        (is != right).then(|| {
            format!(
                "organization {slot} is {:?}, its admin and gate are {is:?}",
                record.state
            )
        })
    }

    /// I1 and I2; and no handle rests for ever.
    fn misplaced(&self, run: &Run) -> Option<String> {
        let owned = |collection: &Collection| {
            let home = |record: &Organization| record.home.as_ref() == Some(&collection.name);
            self.records.iter().any(|record| {
                home(record) && collection.stamp.is_some() && collection.stamp == record.full_stamp()
            })
        };
        if let Some(stray) = self.collections.iter().find(|collection| !owned(collection)) {
            return Some(format!("{:?} belongs to nobody, or elsewhere", stray.name));
        }
        let homeless =
            |record: &Organization| record.home.is_some() && self.own_collections(record).count() != 1;
        if let Some(slot) = self.records.iter().position(|record| homeless(record)) {
            return Some(format!("organization {slot} has no collection"));
        }
        let stuck = |record: &Organization| {
            !run.breaks(Broken::AdoptsUnstamped) && !in_place(record, self.look(run, record))
        };
        let slot = self
            .records
            .iter()
            .position(|record| record.state != State::Aborted && stuck(record))?;
        Some(format!(
            "organization {slot} will never let go of its resting handles"
        ))
    }
}
