//! How a driver takes the step that the real `lifecycle::next` names, and what it learns from what becomes of it.
//! It reacts as `org_service`'s own driver does.

use std::time::Duration;

use org_service::{
    domain::{CollectionName, Organization},
    lifecycle::{self, AdminSeen, Observed, Policy, Step},
};

use crate::{
    broken::Broken,
    command::{Change, Command},
    run::Run,
    world::{Driver, NOW, World},
};

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done, or refused, and the answer arrives.
    Answered,
    /// It is done, but the answer is lost.
    ReplyLost,
    /// It never arrives, and no answer does.
    Lost,
    /// No answer arrives, and the command itself only later. Of a write: made twice, and the first one comes later.
    Late,
    /// auth-service has no time to hash a password.
    Overloaded,
}

impl Outcome {
    /// What may become of a step.
    pub(crate) fn of(run: &Run) -> &'static [Self] {
        const ALL: [Outcome; 5] = [
            Outcome::Answered,
            Outcome::Late,
            Outcome::Overloaded,
            Outcome::ReplyLost,
            Outcome::Lost,
        ];
        if run.losses { &ALL } else { &ALL[..2] }
    }
}

const POLICY: Policy = Policy {
    retention: Duration::ZERO,
    handle_rest: Duration::from_secs(600),
    recheck: Duration::from_secs(600),
};

impl World {
    /// The world after a driver's next step; none when the step cannot have this outcome.
    pub(crate) fn after_step(&self, run: &Run, driver: usize, outcome: Outcome) -> Option<Self> {
        let Driver { slot, record, .. } = &self.drivers[driver];
        let mut world = self.clone();
        if !self.is_leased_as(*slot, record) && !run.breaks(Broken::FenceIgnored) {
            // It renews its lease, or writes, and learns that it was overtaken. A look before that changes nothing.
            world.drivers.remove(driver);
            return (outcome == Outcome::Answered).then_some(world);
        }
        let step = self.drivers[driver].step(run);
        world.take(run, driver, step, outcome)?;
        Some(world)
    }

    fn take(&mut self, run: &Run, driver: usize, step: Step, outcome: Outcome) -> Option<()> {
        let Driver { slot, record, .. } = &self.drivers[driver];
        let (slot, record) = (*slot, record.clone());
        match step {
            Step::Look => {
                let found = self.look(run, &record);
                self.driver_learns(driver, outcome, |observed| observed.found(found))
            }
            Step::AskForAdmin => {
                let seen = self.admin_seen(slot);
                self.driver_learns(driver, outcome, |observed| observed.admin = seen)
            }
            Step::RecordStep(step) => {
                let next = lifecycle::with_create_step(&record, step);
                self.write(run, driver, next, outcome)
            }
            Step::RecordStamp(attempt) => {
                let drivers = self.drivers.len();
                self.write(run, driver, lifecycle::with_stamp(&record, attempt), outcome)?;
                if self.drivers.len() == drivers {
                    self.driver_knows(driver, Observed::stamp_recorded);
                }
                Some(())
            }
            Step::Halt(reason) => self.end(run, driver, lifecycle::halt(&record, reason), outcome),
            Step::Finish => {
                let end = self.drivers[driver].finished(run);
                self.end(run, driver, end, outcome)
            }
            Step::PrepareAdmin => self.prepare(run, driver, outcome),
            Step::CancelAdmin => {
                let cancelled = |observed: &mut Observed| observed.admin = AdminSeen::Cancelled;
                self.call(run, driver, Command::CancelAdmin { slot }, outcome, cancelled)
            }
            Step::ActivateAdmin => {
                let active = |observed: &mut Observed| observed.admin = AdminSeen::Active;
                self.call(run, driver, Command::ActivateAdmin { slot }, outcome, active)
            }
            Step::SetGate(state) => {
                let epoch = record.epoch;
                let command = Command::SetGate { slot, state, epoch };
                self.call(run, driver, command, outcome, |observed| {
                    observed.gate = Some(state)
                })
            }
            other => self.take_to_collections(run, driver, other, outcome),
        }
    }

    fn take_to_collections(&mut self, run: &Run, driver: usize, step: Step, outcome: Outcome) -> Option<()> {
        let id = self.drivers[driver].record.id;
        match step {
            Step::CreateCollection(name) => self.create(run, driver, name, outcome),
            Step::Move { from, to } => {
                let moved = |observed: &mut Observed| observed.moved(&from, &to);
                self.rename(run, driver, &from, to.clone().into(), outcome, moved)
            }
            Step::Quarantine(name) if run.breaks(Broken::QuarantineDrops) => {
                let name = name.into();
                self.change(run, driver, Change::Drop { name }, outcome, Observed::look_again)
            }
            Step::Quarantine(name) => {
                let to = self.new_name(CollectionName::stray);
                self.rename(run, driver, &name, to, outcome, Observed::look_again)
            }
            Step::Condemn(name) => {
                let to = self.new_name(|uuid| CollectionName::condemned(id, uuid));
                self.rename(run, driver, &name, to, outcome, Observed::look_again)
            }
            Step::Drop(name) => {
                let change = Change::Drop {
                    name: name.clone().into(),
                };
                self.change(run, driver, change, outcome, |observed| observed.dropped(&name))
            }
            _ => None,
        }
    }
}

impl Driver {
    /// The record at the end of the operation.
    fn finished(&self, run: &Run) -> Organization {
        let mut end = lifecycle::finish(&self.record, &self.observed, &POLICY, NOW);
        if run.breaks(Broken::NoRecheck) {
            end.recheck_until = None;
        }
        if run.breaks(Broken::HandlesDoNotRest) {
            end.handles.retain(|held| held.rest_until.is_none());
        }
        end
    }
}
