//! How a driver takes the step that the real `lifecycle::next` names, and what it learns from what becomes of it.
//! It reacts as `org_service`'s own driver does.

use org_service::{
    domain::{CollectionName, CreateStep, OperationKind, Organization, Seen, State},
    lifecycle::{self, AdminSeen, Observed, Policy, Step},
};
use std::time::Duration;

use crate::{
    broken::Broken,
    shared::{Record, Shared},
    stores::Reply,
    world::{Backend, Collection, Command, Driver, NOW, Run, World},
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
    pub(crate) const ALL: [Self; 5] = [
        Self::Answered,
        Self::ReplyLost,
        Self::Lost,
        Self::Late,
        Self::Overloaded,
    ];
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
        let (slot, organization) = (*slot, &record.0);
        let mut world = self.clone();
        if !self.is_leased_as(slot, organization) && !run.breaks(Broken::FenceIgnored) {
            // It renews its lease, or writes, and learns that it was overtaken. A look before that changes nothing.
            world.drivers.remove(driver);
            return (outcome == Outcome::Answered).then_some(world);
        }
        let ids = organization.id;
        match self.drivers[driver].step(run) {
            Step::Look => {
                let found = self.look(run, organization);
                world.driver_learns(driver, outcome, |observed| observed.found(found))?;
            }
            Step::AskForAdmin => {
                let seen = self.admin_seen(slot);
                world.driver_learns(driver, outcome, |observed| observed.admin = seen)?;
            }
            Step::RecordStep(step) => {
                world.write(
                    run,
                    driver,
                    lifecycle::with_create_step(organization, step),
                    outcome,
                )?;
            }
            Step::RecordStamp(attempt) => {
                world.write(run, driver, lifecycle::with_stamp(organization, attempt), outcome)?;
                if world.drivers.len() == self.drivers.len() {
                    world.driver_knows(driver, Observed::stamp_recorded);
                }
            }
            Step::Halt(reason) => world.end(run, driver, lifecycle::halt(organization, reason), outcome)?,
            Step::Finish => {
                let end = lifecycle::finish(organization, &self.drivers[driver].observed, &POLICY, NOW);
                world.end(run, driver, end, outcome)?;
            }
            Step::PrepareAdmin => world.prepare(run, driver, outcome)?,
            Step::CancelAdmin => {
                let cancelled = |observed: &mut Observed| observed.admin = AdminSeen::Cancelled;
                world.call(run, driver, Command::CancelAdmin { slot }, outcome, cancelled)?;
            }
            Step::ActivateAdmin => {
                let active = |observed: &mut Observed| observed.admin = AdminSeen::Active;
                world.call(run, driver, Command::ActivateAdmin { slot }, outcome, active)?;
            }
            Step::SetGate(state) => {
                let command = Command::SetGate {
                    slot,
                    state,
                    epoch: organization.epoch,
                };
                world.call(run, driver, command, outcome, |observed| {
                    observed.gate = Some(state)
                })?;
            }
            Step::CreateCollection(name) => world.create(run, driver, name, outcome)?,
            Step::Move { from, to } => {
                let moved = |observed: &mut Observed| observed.moved(&from, &to);
                world.rename(run, driver, &from, to.clone().into(), outcome, moved)?;
            }
            Step::Quarantine(name) => {
                let to = self.new_name(CollectionName::stray);
                world.rename(run, driver, &name, to, outcome, Observed::look_again)?;
            }
            Step::Condemn(name) => {
                let to = self.new_name(|uuid| CollectionName::condemned(ids, uuid));
                world.rename(run, driver, &name, to, outcome, Observed::look_again)?;
            }
            Step::Drop(name) => {
                let command = Command::Drop {
                    name: name.clone().into(),
                };
                world.ddl(run, driver, command, outcome, |observed| observed.dropped(&name))?;
            }
        }
        Some(world)
    }

    fn driver_learns(
        &mut self,
        driver: usize,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        (outcome == Outcome::Answered).then(|| self.driver_knows(driver, learn))
    }

    /// A write of the record. One whose answer is lost is made again until it is answered.
    fn write(&mut self, run: &Run, driver: usize, next: Organization, outcome: Outcome) -> Option<()> {
        let (slot, next) = (self.drivers[driver].slot, Shared::<Record>::from(next));
        let command = Command::Record {
            slot,
            next: next.clone(),
        };
        match outcome {
            Outcome::Answered => {}
            Outcome::Late => self.send_late(run, command.clone())?,
            Outcome::ReplyLost | Outcome::Lost | Outcome::Overloaded => return None,
        }
        match self.execute(run, &command) {
            Reply::Ok => self.drivers[driver].record = next,
            Reply::Refused => drop(self.drivers.remove(driver)),
        }
        Some(())
    }

    /// The write that ends a drive. A repeat of it that comes late finds no operation, or a halted one as it wrote it.
    fn end(&mut self, run: &Run, driver: usize, next: Organization, outcome: Outcome) -> Option<()> {
        if outcome != Outcome::Answered {
            return None;
        }
        let Driver { slot, record, .. } = self.drivers.remove(driver);
        let next = Shared::<Record>::from(next);
        let done = self.execute(
            run,
            &Command::Record {
                slot,
                next: next.clone(),
            },
        ) == Reply::Ok;
        if done && Self::create_step(&record).is_some() && next.state == State::Active {
            self.committed(slot);
        }
        Some(())
    }

    /// From here on a client is told that the organization is there, and writes documents into its collection.
    fn committed(&mut self, slot: usize) {
        let record = self.records[slot].clone();
        let own =
            |collection: &&mut Collection| record.stamp.is_some() && collection.stamp == record.full_stamp();
        self.collections
            .iter_mut()
            .filter(own)
            .for_each(|collection| collection.documents = true);
        if record.create_request.is_some() && self.answered.is_none() {
            self.answered = Some(slot);
        }
    }

    fn prepare(&mut self, run: &Run, driver: usize, outcome: Outcome) -> Option<()> {
        let command = Command::PrepareAdmin {
            slot: self.drivers[driver].slot,
        };
        let uncertain = |observed: &mut Observed| observed.has_password = false;
        match outcome {
            Outcome::Answered => {
                let admin = match self.execute(run, &command) {
                    Reply::Ok => AdminSeen::Pending,
                    Reply::Refused => AdminSeen::Absent,
                };
                self.driver_knows(driver, |observed| observed.admin = admin);
            }
            Outcome::Overloaded => self.driver_knows(driver, |observed| observed.admin = AdminSeen::Absent),
            Outcome::ReplyLost => {
                self.execute(run, &command);
                self.driver_knows(driver, uncertain);
            }
            Outcome::Lost => self.driver_knows(driver, uncertain),
            Outcome::Late => {
                self.send_late(run, command)?;
                self.driver_knows(driver, uncertain);
            }
        }
        Some(())
    }

    /// A call to auth-service that is made again until it is answered.
    fn call(
        &mut self,
        run: &Run,
        driver: usize,
        command: Command,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        match outcome {
            Outcome::Answered => {
                let refused = self.execute(run, &command) == Reply::Refused;
                self.driver_knows(driver, |observed| {
                    if refused {
                        observed.auth_refused = true
                    } else {
                        learn(observed)
                    }
                });
            }
            Outcome::ReplyLost => drop(self.execute(run, &command)),
            Outcome::Late => self.send_late(run, command)?,
            // The driver is where it was, and so is the world.
            Outcome::Lost | Outcome::Overloaded => return None,
        }
        Some(())
    }

    fn create(&mut self, run: &Run, driver: usize, name: CollectionName, outcome: Outcome) -> Option<()> {
        let mut stamp = self.new_stamp(self.drivers[driver].record.id);
        if run.breaks(Broken::OneAttempt) {
            stamp.attempt = uuid::Uuid::from_u128(1);
        }
        let command = Command::CreateCollection {
            name: name.clone().into(),
            stamp,
        };
        self.ddl(run, driver, command, outcome, |observed| {
            observed.created(Seen {
                name,
                stamp: Some(stamp),
            })
        })
    }

    fn rename(
        &mut self,
        run: &Run,
        driver: usize,
        from: &CollectionName,
        to: Shared<CollectionName>,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        self.ddl(
            run,
            driver,
            Command::Rename {
                from: from.clone().into(),
                to,
            },
            outcome,
            learn,
        )
    }

    /// A command on collections: sent once. After anything but success, what is there is looked at.
    fn ddl(
        &mut self,
        run: &Run,
        driver: usize,
        command: Command,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        let reply = match outcome {
            Outcome::Answered => Some(self.execute(run, &command)),
            Outcome::ReplyLost => {
                self.execute(run, &command);
                None
            }
            Outcome::Lost => None,
            Outcome::Late => {
                self.send_late(run, command)?;
                None
            }
            Outcome::Overloaded => return None,
        };
        self.driver_knows(driver, |observed| match reply {
            Some(Reply::Ok) => learn(observed),
            Some(Reply::Refused) => observed.look_again(),
            None if run.breaks(Broken::AssumesSuccess) => learn(observed),
            None => observed.lost_sight(),
        });
        Some(())
    }

    /// Puts a command on its way that arrives at any later time, or says that it cannot be.
    pub(crate) fn send_late(&mut self, run: &Run, command: Command) -> Option<()> {
        let in_one_transaction =
            command.is_ddl() || matches!(command, Command::Record { .. } | Command::Accept { .. });
        if run.backend == Backend::Embedded && in_one_transaction {
            return None;
        }
        self.late = self.late.checked_sub(1)?;
        self.disturbed |= command.is_ddl();
        self.under_way.push(command);
        Some(())
    }

    /// How far the create of this record is, if one is under way.
    pub(crate) fn create_step(record: &Organization) -> Option<CreateStep> {
        match record.operation.as_ref().map(|operation| &operation.kind) {
            Some(OperationKind::Create { step }) => Some(*step),
            _ => None,
        }
    }
}
