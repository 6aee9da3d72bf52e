//! Everything that can happen next in a world.

use org_service::{
    domain::Organization,
    lifecycle::{Accepted, Observed},
};

use crate::{
    drivers::Outcome,
    run::{Ask, Run},
    shared::{Record, Shared},
    world::{Driver, NOW, World, number},
};

/// Most drivers that live at one time.
const MAX_DRIVERS: usize = 2;

/// One thing that can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A client asks for the next organization.
    Create,
    /// Somebody asks for a change, perhaps for a handle with it; `late`: the call is given up, and what it wrote
    /// arrives at any later time.
    Ask {
        slot: usize,
        ask: Ask,
        handle: Option<usize>,
        late: bool,
    },
    /// The retention is over.
    Purge { slot: usize },
    /// The reconciler, or a client that wants a resting handle, looks at a record that waits.
    Sweep { slot: usize },
    /// The rest of a record's handles is over.
    RestPasses { slot: usize },
    /// Late commands are reckoned with no longer.
    RecheckPasses { slot: usize },
    /// The lease ends, and another driver takes it.
    TakeOver { slot: usize },
    /// A driver is gone.
    Crash { driver: usize },
    /// A driver takes its next step.
    Step { driver: usize, outcome: Outcome },
    /// A command that was under way arrives.
    Arrives { command: usize },
    /// An insert of a writer that was frozen makes a collection without a stamp.
    LateWrite { handle: usize },
    /// The lasting fault comes.
    Fails { slot: usize },
    /// auth-service refuses the admin no longer.
    Mended,
    /// An operator has a halted operation go on.
    Unhalt { slot: usize },
    /// An operator deletes in the place of a create that has halted.
    Replace { slot: usize },
    /// An operator has what stands at a handle's name, and belongs to nobody, set aside.
    Reserve { handle: usize },
}

impl World {
    /// Every world that can be next, with what leads there.
    pub(crate) fn successors(&self, run: &Run) -> Vec<(Action, Self)> {
        let mut next = Vec::with_capacity(16);
        let mut consider = |action: Action| {
            if let Some(world) = self.after(run, &action) {
                next.push((action, world.canonical(run)));
            }
        };
        consider(Action::Create);
        for slot in 0..self.records.len() {
            self.changes_of(run, slot).into_iter().for_each(&mut consider);
        }
        for driver in 0..self.drivers.len() {
            consider(Action::Crash { driver });
            Outcome::of(run)
                .iter()
                .copied()
                .for_each(|outcome| consider(Action::Step { driver, outcome }));
        }
        (0..self.under_way.len()).for_each(|command| consider(Action::Arrives { command }));
        (0..run.handles.len()).for_each(|handle| consider(Action::LateWrite { handle }));
        (0..run.handles.len()).for_each(|handle| consider(Action::Reserve { handle }));
        consider(Action::Mended);
        next
    }

    /// What may happen to one organization.
    fn changes_of(&self, run: &Run, slot: usize) -> Vec<Action> {
        let mut changes = vec![
            Action::Purge { slot },
            Action::Sweep { slot },
            Action::RestPasses { slot },
            Action::RecheckPasses { slot },
            Action::TakeOver { slot },
        ];
        if run.fault.is_some() {
            changes.extend([
                Action::Fails { slot },
                Action::Unhalt { slot },
                Action::Replace { slot },
            ]);
        }
        if self.asks > 0 && self.records[slot].operation.is_none() {
            for late in [false, true] {
                for ask in run.asked.iter().copied() {
                    let handles = ask.handles(run).map(|handle| Action::Ask {
                        slot,
                        ask,
                        handle,
                        late,
                    });
                    changes.extend(handles);
                }
            }
        }
        changes
    }

    fn after(&self, run: &Run, action: &Action) -> Option<Self> {
        match action {
            Action::Create => self.after_create(run),
            Action::Ask {
                slot,
                ask,
                handle,
                late,
            } => {
                let next = self.asked(run, *slot, *ask, *handle)?;
                self.after_accept(run, *slot, next, *late)
            }
            Action::Purge { slot } => self.after_purge(run, *slot),
            Action::Sweep { slot } => self.after_sweep(run, *slot),
            Action::RestPasses { slot } => self.after_rest(run, *slot),
            Action::RecheckPasses { slot } => self.after_recheck(*slot),
            Action::Crash { .. } | Action::TakeOver { .. } if !run.losses => None,
            Action::Crash { driver } => {
                let mut world = self.clone();
                world.drivers.remove(*driver);
                Some(world)
            }
            Action::TakeOver { slot } => self.after_take_over(run, *slot),
            Action::Step { driver, outcome } => self.after_step(run, *driver, *outcome),
            Action::Arrives { command } => {
                let mut world = self.clone();
                let command = world.under_way.remove(*command);
                world.execute(run, &command);
                Some(world)
            }
            Action::LateWrite { handle } => self.after_late_write(run, *handle),
            Action::Fails { slot } => self.after_fault(run, *slot),
            Action::Mended => self.refused.map(|_| Self {
                refused: None,
                ..self.clone()
            }),
            Action::Unhalt { slot } => self.after_unhalt(*slot),
            Action::Replace { slot } => self.after_replaced(run, *slot),
            Action::Reserve { handle } => self.after_reserved(run, *handle),
        }
    }

    pub(crate) fn with_room_for_a_driver(&self) -> Option<Self> {
        (self.drivers.len() < MAX_DRIVERS).then(|| self.clone())
    }

    /// The call that had an operation accepted drives it.
    pub(crate) fn driven_by_who_asked(&mut self, slot: usize) {
        let record = self.records[slot].clone();
        let observed = Observed::at_acceptance(&record);
        self.drivers.push(Driver::new(slot, record, observed));
    }

    fn after_take_over(&self, run: &Run, slot: usize) -> Option<Self> {
        let mut next = self.records[slot].0.clone();
        next.operation
            .as_ref()
            .filter(|operation| operation.halted.is_none())?;
        next.fence += 1;
        let mut world = self.clone();
        if !run.frozen {
            // It would find out at its next step, whatever that is: nothing comes of it.
            world.drivers.retain(|driver| driver.slot != slot);
        }
        if world.drivers.len() >= MAX_DRIVERS {
            return None;
        }
        let record = Shared::<Record>::from(next);
        world.records[slot] = record.clone();
        world.drivers.push(Driver::new(slot, record, Observed::nothing()));
        Some(world)
    }
}

/// The next operation of a record: its id need only differ from the organization's others.
pub(crate) fn accepted(slot: usize, record: &Organization) -> Accepted {
    let nth = usize::try_from(record.epoch).unwrap_or(0);
    Accepted {
        operation: number(1000 * (slot + 1) + nth + 1),
        now: NOW,
    }
}
