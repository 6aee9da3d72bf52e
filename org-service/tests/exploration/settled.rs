//! What must hold once all is quiet.

use org_service::{
    domain::{Organization, State},
    lifecycle::GateState,
};

use crate::world::{Admin, Collection, World};

impl World {
    /// Whether nothing is under way, and nothing waits for a time to come.
    pub(crate) fn is_quiet(&self) -> bool {
        let waits = |record: &Organization| {
            record.operation.is_some()
                || record.recheck_until.is_some()
                || record.handles.iter().any(|held| held.rest_until.is_some())
                || is_kept_for_nobody(record)
        };
        self.drivers.is_empty()
            && self.under_way.is_empty()
            && !self.records.iter().any(|record| waits(record))
    }

    /// What is not as it should be although all is quiet.
    pub(crate) fn unsettled(&self) -> Option<String> {
        (0..self.records.len())
            .find_map(|slot| self.unsettled_auth(slot))
            .or_else(|| (0..self.records.len()).find_map(|slot| self.unsettled_state(slot)))
            .or_else(|| (0..self.records.len()).find_map(|slot| self.unsettled_handles(slot)))
            .or_else(|| if self.disturbed { None } else { self.misplaced() })
    }

    /// I4.
    fn unsettled_auth(&self, slot: usize) -> Option<String> {
        let record = &self.records[slot].0;
        let gate = self.gates[slot].map(|(state, _)| state);
        let right = match record.state {
            State::Active => (Admin::Active, Some(GateState::Open)),
            State::Suspended | State::Deleted => (Admin::Active, Some(GateState::Suspended)),
            State::Purged => (Admin::Purged, Some(GateState::Purged)),
            // Cancelled, that is; the mark of it matters to a late call alone.
            State::Aborted if self.admins[slot] == Admin::Absent => return None,
            State::Aborted => (Admin::Cancelled, None),
            State::Provisioning => return Some(format!("organization {slot} is PROVISIONING for ever")),
        };
        let is = (self.admins[slot], gate);
        (is != right).then(|| {
            format!(
                "organization {slot} is {:?}, its admin and gate are {is:?}",
                record.state
            )
        })
    }

    /// Who was told that an organization is suspended, or no longer, can rely on it.
    fn unsettled_state(&self, slot: usize) -> Option<String> {
        let told = match self.records[slot].state {
            State::Active => false,
            State::Suspended => true,
            _ => return None,
        };
        let wrong = told != self.suspended[slot];
        wrong.then(|| format!("organization {slot} has forgotten whether it is suspended"))
    }

    /// What is in use holds its handle, and nothing else holds any.
    fn unsettled_handles(&self, slot: usize) -> Option<String> {
        let record = &self.records[slot];
        let in_use = matches!(record.state, State::Active | State::Suspended);
        let right = match record.handles.as_slice() {
            [only] => in_use && only.handle == record.handle,
            held => held.is_empty() && !in_use,
        };
        (!right).then(|| {
            format!(
                "organization {slot} is {:?} and holds {:?}",
                record.state, record.handles
            )
        })
    }

    /// I1 and I2. What was set aside may stay there, unless it is the very collection of an organization.
    fn misplaced(&self) -> Option<String> {
        let at_home = |record: &Organization, collection: &Collection| {
            record.home.as_ref() == Some(&collection.name)
                && collection.stamp.is_some()
                && collection.stamp == record.full_stamp()
        };
        let owned = |collection: &Collection| self.records.iter().any(|record| at_home(record, collection));
        let mut in_somebodys_way = self
            .collections
            .iter()
            .filter(|collection| !collection.name.is_stray());
        if let Some(stray) = in_somebodys_way.find(|collection| !owned(collection)) {
            return Some(format!("{:?} belongs to nobody, or elsewhere", stray.name));
        }
        let homeless = |record: &Organization| {
            let mut own = self.own_collections(record);
            match (&record.home, own.next(), own.next()) {
                (Some(_), Some(one), None) => !at_home(record, one),
                (None, None, None) => false,
                _ => true,
            }
        };
        let slot = self.records.iter().position(|record| homeless(record))?;
        Some(format!("organization {slot} has no collection, or not at home"))
    }
}

/// Whether its create was deleted before it was in use: its data goes at once, and its admin's e-mail is free then.
fn is_kept_for_nobody(record: &Organization) -> bool {
    record.state == State::Deleted && record.state_before_delete == Some(State::Provisioning)
}
