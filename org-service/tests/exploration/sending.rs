//! What becomes of what a driver sends, and what the driver learns from that.

use org_service::{
    domain::{CollectionName, CreateStep, OperationKind, Organization, Seen, State},
    lifecycle::{AdminSeen, Observed},
};

use crate::{
    broken::Broken,
    command::{Change, Command},
    drivers::Outcome,
    run::{Backend, Run},
    shared::{Record, Shared},
    stores::Reply,
    world::{Collection, Driver, World},
};

impl World {
    pub(crate) fn driver_learns(
        &mut self,
        driver: usize,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        (outcome == Outcome::Answered).then(|| self.driver_knows(driver, learn))
    }

    /// A write of the record. One whose answer is lost is made again until it is answered.
    pub(crate) fn write(
        &mut self,
        run: &Run,
        driver: usize,
        next: Organization,
        outcome: Outcome,
    ) -> Option<()> {
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
    pub(crate) fn end(
        &mut self,
        run: &Run,
        driver: usize,
        next: Organization,
        outcome: Outcome,
    ) -> Option<()> {
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

    pub(crate) fn prepare(&mut self, run: &Run, driver: usize, outcome: Outcome) -> Option<()> {
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
    pub(crate) fn call(
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

    pub(crate) fn create(
        &mut self,
        run: &Run,
        driver: usize,
        name: CollectionName,
        outcome: Outcome,
    ) -> Option<()> {
        let mut stamp = self.new_stamp(self.drivers[driver].record.id);
        if run.breaks(Broken::OneAttempt) {
            stamp.attempt = uuid::Uuid::from_u128(1);
        }
        let change = Change::Create {
            name: name.clone().into(),
            stamp,
        };
        self.change(run, driver, change, outcome, |observed| {
            observed.created(Seen {
                name,
                stamp: Some(stamp),
            })
        })
    }

    pub(crate) fn rename(
        &mut self,
        run: &Run,
        driver: usize,
        from: &CollectionName,
        to: Shared<CollectionName>,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        let from = from.clone().into();
        self.change(run, driver, Change::Rename { from, to }, outcome, learn)
    }

    /// A command on collections: sent once. After anything but success, what is there is looked at.
    pub(crate) fn change(
        &mut self,
        run: &Run,
        driver: usize,
        change: Change,
        outcome: Outcome,
        learn: impl FnOnce(&mut Observed),
    ) -> Option<()> {
        let slot = self.drivers[driver].slot;
        if self.is_open(slot) && self.drivers[driver].moves_what_is_shut() {
            self.alarm = Some("data was moved before its tokens died");
        }
        let command = Command::Collections { slot, change };
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
        if run.backend == Backend::Embedded && command.is_of_store() {
            return None;
        }
        self.late = self.late.checked_sub(1)?;
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

impl Driver {
    /// Whether the operation is one before which all tokens are dead.
    fn moves_what_is_shut(&self) -> bool {
        let kind = self.record.operation.as_ref().map(|operation| &operation.kind);
        matches!(self.record.state, State::Deleted | State::Purged) && kind != Some(&OperationKind::Undelete)
    }
}
