//! What happens without anybody's asking: time passes, and the reconciler sees to what waits, as its passes do. None
//! of it costs a budget.

use org_service::{
    domain::{CollectionName, HeldHandle, Organization, State},
    lifecycle,
};

use crate::{
    actions::accepted,
    broken::Broken,
    command::Command,
    run::{Backend, Run},
    shared::{Record, Shared},
    stores::{Reply, may_release},
    world::{NOW, PAST, World},
};

impl World {
    /// What was deleted long enough ago is purged: how long that is does not matter here.
    pub(crate) fn after_purge(&self, run: &Run, slot: usize) -> Option<Self> {
        let record = &self.records[slot].0;
        let due = record.operation.is_none()
            && record.state == State::Deleted
            && record.purge_time.is_some_and(|due| due <= NOW);
        due.then(|| lifecycle::purge(record, accepted(slot, record)))
            .and_then(|next| self.after_sweep_accepts(run, slot, next))
    }

    /// A look at an idle record that waits: what is out of place is repaired, else its waiting ends as far as its
    /// time is over.
    pub(crate) fn after_sweep(&self, run: &Run, slot: usize) -> Option<Self> {
        let record = &self.records[slot].0;
        let resting = record.handles.iter().any(|held| held.rest_until.is_some());
        let idle = record.operation.is_none() || run.breaks(Broken::ReleaseIgnoresOperation);
        if !idle || !(resting || record.recheck_until.is_some()) {
            return None;
        }
        let in_place = run.breaks(Broken::NeverSweeps) || lifecycle::in_place(record, self.look(run, record));
        if in_place {
            return self.after_looking_to_let_go(run, slot);
        }
        record.operation.is_none().then_some(())?;
        self.after_sweep_accepts(run, slot, lifecycle::repair(record, accepted(slot, record)))
    }

    fn after_sweep_accepts(&self, run: &Run, slot: usize, next: Organization) -> Option<Self> {
        let mut world = self.with_room_for_a_driver()?;
        let command = Command::Accept {
            slot,
            next: next.into(),
        };
        (world.execute(run, &command) == Reply::Ok).then(|| {
            world.driven_by_who_asked(slot);
            world
        })
    }

    /// The writes that let go of what a record waits for: on their way, for the record may change before they arrive.
    fn after_looking_to_let_go(&self, run: &Run, slot: usize) -> Option<Self> {
        let record = &self.records[slot].0;
        let mut world = self.clone();
        let over: Vec<usize> = (0..run.handles.len())
            .filter(|handle| {
                let wanted = run.handle(*handle);
                let resting = |held: &HeldHandle| held.rest_until.is_some_and(|until| until <= NOW);
                let same = |held: &&HeldHandle| Some(&held.handle) == wanted.as_ref();
                record.handles.iter().find(same).is_some_and(resting)
            })
            .collect();
        match record.recheck_until {
            Some(until) if until <= NOW => world.send_once(Command::EndRecheck {
                slot,
                epoch: record.epoch,
                handles: over,
            }),
            Some(_) if !run.breaks(Broken::ReleaseIgnoresRecheck) => {}
            _ if may_release(run, record, |_| true) => world.send_releases(slot, &over),
            _ => {}
        }
        (world.under_way.len() > self.under_way.len()).then_some(world)
    }

    pub(crate) fn send_releases(&mut self, slot: usize, handles: &[usize]) {
        for handle in handles.iter().copied() {
            self.send_once(Command::Release { slot, handle });
        }
    }

    fn send_once(&mut self, command: Command) {
        if !self.under_way.contains(&command) {
            self.under_way.push(command);
        }
    }

    /// The rest of a record's handles is over. A command of its own that still comes late is reckoned with for as
    /// long as the record waits for it; another's, by the name of the handle, is not.
    pub(crate) fn after_rest(&self, run: &Run, slot: usize) -> Option<Self> {
        let mut next = self.records[slot].0.clone();
        if next.operation.is_some() && !run.long_operations {
            return None;
        }
        let mut world = self.clone();
        let mut passed = false;
        for held in &mut next.handles {
            let name = CollectionName::in_use(&held.handle);
            for until in held.rest_until.iter_mut().filter(|until| **until > NOW) {
                *until = PAST;
                passed = true;
                world.disturbed |= self.under_way.iter().any(|command| {
                    matches!(command, Command::Collections { slot: by, .. } if *by != slot)
                        && command.names(&name)
                });
            }
        }
        world.records[slot] = next.into();
        passed.then_some(world)
    }

    /// The time for which late commands are reckoned with is over.
    pub(crate) fn after_recheck(&self, slot: usize) -> Option<Self> {
        let mut next = self.records[slot].0.clone();
        next.recheck_until
            .filter(|until| next.operation.is_none() && *until > NOW)?;
        next.recheck_until = Some(PAST);
        let mut world = self.clone();
        world.disturbed |= self.concerns(slot);
        world.records[slot] = next.into();
        Some(world)
    }

    /// Whether a command is on its way that an organization's driver sent, or to where it has a handle.
    fn concerns(&self, slot: usize) -> bool {
        let handles = &self.records[slot].handles;
        let by_name = |command: &Command| {
            handles
                .iter()
                .any(|held| command.names(&CollectionName::in_use(&held.handle)))
        };
        self.under_way.iter().any(|command| {
            matches!(command, Command::Collections { slot: by, .. } if *by == slot) || by_name(command)
        })
    }

    /// A writer that was told of a handle's name once, and was frozen, inserts there. It is later than is reckoned
    /// with unless an organization that was in use under the handle still holds it.
    pub(crate) fn after_late_write(&self, run: &Run, handle: usize) -> Option<Self> {
        let handle = run.handle(handle)?;
        let late_writes = self.late_writes.checked_sub(1)?;
        let in_time = |record: &Shared<Record>| {
            Self::was_in_use(record)
                && record
                    .handles
                    .iter()
                    .any(|held| held.handle == handle && held.rest_until.is_none_or(|until| until > NOW))
        };
        let reckoned_with = self.records.iter().any(in_time);
        // Somebody was told of the name once.
        self.records.iter().find(|record| Self::was_in_use(record))?;
        let mut world = Self {
            late_writes,
            disturbed: self.disturbed || !reckoned_with,
            ..self.clone()
        };
        let name = Shared::from(CollectionName::in_use(&handle));
        let made = run.backend == Backend::MongoDb && world.create_collection(&name, None) == Reply::Ok;
        made.then_some(world)
    }

    fn was_in_use(record: &Organization) -> bool {
        !matches!(record.state, State::Provisioning | State::Aborted)
    }
}
