//! What must hold in every world.

use org_service::{
    domain::{CollectionName, CreateStep, OperationKind, Organization, State},
    lifecycle::GateState,
};

use crate::{
    run::Run,
    world::{Admin, Collection, Driver, World},
};

impl World {
    /// What is wrong here, if anything is.
    pub(crate) fn violation(&self, run: &Run) -> Option<String> {
        if let Some(alarm) = self.alarm {
            return Some(alarm.to_owned());
        }
        self.handle_held_twice()
            .or_else(|| self.email_used_twice(run))
            .or_else(|| (0..self.records.len()).find_map(|slot| self.unsafe_organization(run, slot)))
            .or_else(|| self.drivers.iter().find_map(|driver| self.shut_in_vain(driver)))
            .or_else(|| self.request_answered_otherwise())
            .or_else(|| if self.is_quiet() { self.unsettled() } else { None })
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

    /// Data safety, of one organization, and who is let in.
    fn unsafe_organization(&self, run: &Run, slot: usize) -> Option<String> {
        let record = &self.records[slot].0;
        let wrong = |what: &str| Some(format!("organization {slot}: {what}"));
        if record.halted().is_some() && run.fault.is_none() {
            return wrong("its operation is halted");
        }
        let own: Vec<&Collection> = self.own_collections(record).collect();
        if is_committed(record) && !matches!(own.as_slice(), [one] if one.documents) {
            return wrong("its documents are lost, or there twice");
        }
        let undecided = record.state == State::Provisioning
            && Self::create_step(record) != Some(CreateStep::AdminPrepared);
        if self.admins[slot] == Admin::Active && (undecided || record.state == State::Aborted) {
            return wrong("its admin may log in before the create was decided");
        }
        if self.admins[slot] == Admin::Purged
            && (is_committed(record) || own.iter().any(|collection| collection.documents))
        {
            return wrong("its admins are purged and its data is there");
        }
        if self.is_open(slot) {
            return self.let_in_wrongly(run, slot, &own);
        }
        None
    }

    /// What is wrong with the gate's being open.
    fn let_in_wrongly(&self, run: &Run, slot: usize, own: &[&Collection]) -> Option<String> {
        let record = &self.records[slot].0;
        let kind = record.operation.as_ref().map(|operation| &operation.kind);
        let wrong = |what: &str| Some(format!("organization {slot}: {what}"));
        let restricted = matches!(record.state, State::Suspended | State::Deleted);
        if record.state == State::Purged || (restricted && kind.is_none()) {
            return wrong("its admins are let in");
        }
        // What comes late may displace a collection in front of everybody.
        let nothing_late = self.late == run.late && self.late_writes == run.late_writes;
        let at = |name: Option<CollectionName>| {
            own.iter()
                .all(|collection| Some(&*collection.name) == name.as_ref())
        };
        let in_use = || Some(CollectionName::in_use(&record.handle));
        let there = match kind {
            Some(OperationKind::Create { .. }) => true,
            Some(OperationKind::Rename { .. }) => at(record.home.clone()) || at(in_use()),
            Some(OperationKind::Delete) => at(in_use()),
            _ => at(record.home.clone()),
        };
        if nothing_late && is_committed(record) && !there {
            return wrong("its admins are let in while its data is elsewhere");
        }
        None
    }

    /// A driver that has the lease was told that the gate is shut.
    fn shut_in_vain(&self, driver: &Driver) -> Option<String> {
        let slot = driver.slot;
        let told = matches!(
            driver.observed.gate,
            Some(GateState::Suspended | GateState::Purged)
        );
        let wrong = told && self.is_open(slot) && self.is_leased_as(slot, &driver.record);
        wrong.then(|| format!("organization {slot}: its admins are let in after its gate was shut"))
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
}

/// Whether somebody was told that the organization is there, and its data is not being dropped.
pub(crate) fn is_committed(record: &Organization) -> bool {
    match record.state {
        State::Active | State::Suspended => true,
        State::Deleted => record.state_before_delete != Some(State::Provisioning),
        State::Provisioning | State::Purged | State::Aborted => false,
    }
}
