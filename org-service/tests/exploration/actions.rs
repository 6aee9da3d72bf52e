//! Everything that can happen next in a world.

use org_service::{
    domain::{CollectionName, CreateRequest, Handle, Labels, Organization, OrganizationName, Seen, State},
    lifecycle::{self, Accepted, NewOrganization, Observed, own_names},
};
use tenantry_common::id::AdminId;

use crate::{
    drivers::Outcome,
    shared::{Record, Shared},
    stores::Reply,
    world::{Backend, Command, Driver, NOW, Run, World, number},
};

/// Most drivers that live at one time.
const MAX_DRIVERS: usize = 2;

/// One thing that can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A client asks for the next organization.
    Create,
    /// A client asks for another handle; `late`: it hangs up, and what it wrote arrives at any later time.
    Rename { slot: usize, handle: usize, late: bool },
    /// A client deletes.
    Delete { slot: usize, late: bool },
    /// The retention is over.
    Purge { slot: usize },
    /// The times that an idle record waits for come.
    TimePasses { slot: usize },
    /// A client that wants a resting handle finds that nothing stands in its way.
    LooksToRelease { slot: usize, handle: usize },
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
}

impl World {
    /// Every world that can be next, with what leads there.
    pub(crate) fn successors(&self, run: &Run) -> Vec<(Action, Self)> {
        let mut next = Vec::with_capacity(16);
        let mut consider = |action: Action| {
            if let Some(world) = self.after(run, &action) {
                next.push((action, world.canonical()));
            }
        };
        consider(Action::Create);
        for slot in 0..self.records.len() {
            for handle in 0..run.handles.len() {
                consider(Action::Rename {
                    slot,
                    handle,
                    late: false,
                });
                consider(Action::Rename {
                    slot,
                    handle,
                    late: true,
                });
                consider(Action::LooksToRelease { slot, handle });
            }
            consider(Action::Delete { slot, late: false });
            consider(Action::Delete { slot, late: true });
            consider(Action::Purge { slot });
            consider(Action::TimePasses { slot });
            consider(Action::TakeOver { slot });
        }
        for driver in 0..self.drivers.len() {
            consider(Action::Crash { driver });
            Outcome::ALL
                .into_iter()
                .for_each(|outcome| consider(Action::Step { driver, outcome }));
        }
        (0..self.under_way.len()).for_each(|command| consider(Action::Arrives { command }));
        (0..run.handles.len()).for_each(|handle| consider(Action::LateWrite { handle }));
        next
    }

    fn after(&self, run: &Run, action: &Action) -> Option<Self> {
        match action {
            Action::Create => self.after_create(run),
            Action::Rename { slot, handle, late } => self.after_rename(run, *slot, *handle, *late),
            Action::Delete { slot, late } => {
                let record = self.idle(*slot, State::Active)?;
                self.after_accept(
                    run,
                    *slot,
                    lifecycle::delete(record, accepted(*slot, record)),
                    *late,
                )
            }
            Action::Purge { slot } => {
                let record = self.idle(*slot, State::Deleted)?;
                record.purge_time.filter(|due| *due <= NOW)?;
                self.after_accept(
                    run,
                    *slot,
                    lifecycle::purge(record, accepted(*slot, record)),
                    false,
                )
            }
            Action::TimePasses { slot } => {
                self.records[*slot].operation.is_none().then_some(())?;
                let mut world = self.clone();
                world.pass_time(*slot).then_some(world)
            }
            Action::LooksToRelease { slot, handle } => self.after_look_to_release(run, *slot, *handle),
            Action::TakeOver { slot } => self.after_take_over(run, *slot),
            Action::Crash { driver } => {
                let mut world = self.clone();
                world.drivers.remove(*driver);
                Some(world)
            }
            Action::Step { driver, outcome } => self.after_step(run, *driver, *outcome),
            Action::Arrives { command } => {
                let mut world = self.clone();
                let command = world.under_way.remove(*command);
                world.execute(run, &command);
                Some(world)
            }
            Action::LateWrite { handle } => self.after_late_write(run, *handle),
        }
    }

    /// The record, if it has no operation and this state.
    fn idle(&self, slot: usize, state: State) -> Option<&Organization> {
        let record = &self.records[slot].0;
        (self.asks > 0 && record.operation.is_none() && record.state == state).then_some(record)
    }

    fn after_create(&self, run: &Run) -> Option<Self> {
        let slot = self.records.len();
        let (handle, _) = run.creates.get(slot)?;
        let mut world = self.with_one_ask_less()?;
        let organization = lifecycle::create(new_organization(run, slot, run.handle(*handle)?), first(slot));
        if world.insert(run, organization) == Reply::Refused {
            return None;
        }
        world.driven_by_client(slot);
        Some(world)
    }

    fn after_rename(&self, run: &Run, slot: usize, handle: usize, late: bool) -> Option<Self> {
        let record = self.idle(slot, State::Active)?;
        let handle = run.handle(handle).filter(|handle| *handle != record.handle)?;
        let target = (name(&handle)?, (handle, true));
        let next = lifecycle::rename(
            record,
            target.0,
            target.1,
            Labels::default(),
            accepted(slot, record),
        );
        self.after_accept(run, slot, next, late)
    }

    fn after_accept(&self, run: &Run, slot: usize, next: Organization, late: bool) -> Option<Self> {
        let mut world = self.with_one_ask_less()?;
        let command = Command::Accept {
            slot,
            next: next.into(),
        };
        if late {
            // Worth its states only while somebody may let go of a handle meanwhile.
            self.records[slot]
                .handles
                .iter()
                .find(|held| held.rest_until.is_some())?;
            world.send_late(run, command)?;
            return Some(world);
        }
        if world.execute(run, &command) == Reply::Refused {
            return None;
        }
        world.driven_by_client(slot);
        Some(world)
    }

    fn with_one_ask_less(&self) -> Option<Self> {
        let asks = self.asks.checked_sub(1)?;
        (self.drivers.len() < MAX_DRIVERS).then(|| Self { asks, ..self.clone() })
    }

    /// The call that had an operation accepted drives it.
    fn driven_by_client(&mut self, slot: usize) {
        let record = self.records[slot].clone();
        let observed = Observed::at_acceptance(&record);
        self.drivers.push(Driver::new(slot, record, observed));
    }

    fn after_look_to_release(&self, run: &Run, slot: usize, handle: usize) -> Option<Self> {
        let command = Command::Release { slot, handle };
        let (record, wanted) = (&self.records[slot].0, run.handle(handle)?);
        if self.asks == 0
            || self.under_way.contains(&command)
            || !Self::may_release(record, |held| held.handle == wanted)
        {
            return None;
        }
        let found: Vec<Seen> = self.look(run, record);
        lifecycle::in_place(record, found).then(|| {
            let mut world = self.clone();
            world.under_way.push(command);
            world
        })
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

    fn after_late_write(&self, run: &Run, handle: usize) -> Option<Self> {
        let name = Shared::from(CollectionName::in_use(&run.handle(handle)?));
        let late_writes = self.late_writes.checked_sub(1)?;
        // Somebody was told of the name once.
        self.records
            .iter()
            .find(|record| own_names(record).contains(&name))?;
        let mut world = Self {
            late_writes,
            disturbed: true,
            ..self.clone()
        };
        let made = run.backend == Backend::MongoDb && world.create_collection(&name, None) == Reply::Ok;
        made.then_some(world)
    }
}

/// The next operation of a record: its id need only differ from the organization's others.
fn accepted(slot: usize, record: &Organization) -> Accepted {
    let nth = usize::try_from(record.epoch).unwrap_or(0);
    Accepted {
        operation: number(1000 * (slot + 1) + nth + 1),
        now: NOW,
    }
}

fn first(slot: usize) -> Accepted {
    Accepted {
        operation: number(1000 * (slot + 1) + 1),
        now: NOW,
    }
}

fn name(handle: &Handle) -> Option<OrganizationName> {
    OrganizationName::parse(handle.as_str()).ok()
}

fn new_organization(run: &Run, slot: usize, handle: Handle) -> NewOrganization {
    let request = || CreateRequest {
        key: number(77),
        fingerprint: "the same".to_owned(),
    };
    NewOrganization {
        id: World::id_of(slot),
        admin_id: AdminId::from_uuid(*World::id_of(slot).as_uuid()),
        name: name(&handle).unwrap_or_else(|| unreachable!("every handle is a name")),
        handle,
        handle_given: true,
        labels: Labels::default(),
        create_request: run.repeated.then(request),
    }
}
