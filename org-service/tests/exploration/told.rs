//! Worlds, actions and runs in words.

use std::fmt;

use crate::{
    actions::Action,
    command::{Change, Command},
    run::{Ask, Backend, Run},
    world::World,
};

impl World {
    /// What an action does here, for people.
    pub(crate) fn described(&self, run: &Run, action: &Action) -> String {
        match action {
            Action::Step { driver, outcome } => {
                let driver = &self.drivers[*driver];
                let (slot, fence) = (driver.slot, driver.record.fence);
                format!(
                    "driver of organization {slot} under fence {fence}: {:?} -> {outcome:?}",
                    driver.step(run)
                )
            }
            Action::Crash { driver } => {
                let driver = &self.drivers[*driver];
                format!(
                    "driver of organization {} under fence {} crashes",
                    driver.slot, driver.record.fence
                )
            }
            Action::Arrives { command } => format!("late: {:?}", self.under_way[*command]),
            Action::Create => format!("client creates organization {}", self.records.len()),
            Action::Ask {
                slot,
                ask,
                handle,
                late,
            } => format!(
                "{} {ask:?} of organization {slot}{}{}",
                if *ask == Ask::Repair {
                    "operator asks for"
                } else {
                    "client asks for"
                },
                handle.map_or(String::new(), |handle| format!(" to {}", run.handles[handle])),
                if *late { ", late" } else { "" }
            ),
            other => format!("{other:?}"),
        }
    }

    /// All that is there.
    pub(crate) fn told(&self) -> String {
        let mut told = String::new();
        for (slot, record) in self.records.iter().enumerate() {
            let (admin, gate) = (self.admins[slot], self.gates[slot]);
            told.push_str(&format!(
                "organization {slot}: admin {admin:?}, gate {gate:?}, {:?}\n",
                record.0
            ));
        }
        for collection in &self.collections {
            let (name, stamp) = (&collection.name, collection.stamp.map(|stamp| stamp.to_string()));
            told.push_str(&format!(
                "{name:?} {stamp:?}, documents: {}\n",
                collection.documents
            ));
        }
        told + &format!(
            "under way: {:?}, drivers: {}, disturbed: {}\n",
            self.under_way,
            self.drivers.len(),
            self.disturbed
        )
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collections { slot, change } => write!(f, "{change:?} by a driver of {slot}"),
            Self::PrepareAdmin { slot } => write!(f, "prepare admin of {slot}"),
            Self::CancelAdmin { slot } => write!(f, "cancel admin of {slot}"),
            Self::ActivateAdmin { slot } => write!(f, "activate admin of {slot}"),
            Self::SetGate { slot, state, epoch } => {
                write!(f, "set gate of {slot} to {state:?} at epoch {epoch}")
            }
            Self::Record { slot, next } => write!(f, "write of {slot} under fence {}", next.fence),
            Self::Accept { slot, next } => write!(f, "accepting write of {slot} at epoch {}", next.epoch),
            Self::EndRecheck { slot, epoch, handles } => {
                write!(
                    f,
                    "organization {slot} waits no longer at epoch {epoch}, then lets go of {handles:?}"
                )
            }
            Self::Release { slot, handle } => write!(f, "organization {slot} lets go of handle {handle}"),
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name, .. } => write!(f, "create {name:?}"),
            Self::Rename { from, to } => write!(f, "rename {from:?} to {to:?}"),
            Self::Drop { name } => write!(f, "drop {name:?}"),
        }
    }
}

impl Run {
    /// What its store and its budgets are called.
    pub(crate) fn named(&self) -> String {
        let late = match self.late {
            0 => String::new(),
            1 => ", 1 late command".to_owned(),
            n => format!(", {n} late commands"),
        };
        let write = if self.late_writes > 0 {
            ", a late writer"
        } else {
            ""
        };
        let overtaken = if self.frozen { ", overtaken drivers" } else { "" };
        let fault = self.fault.map_or(String::new(), |fault| format!(", {fault:?}"));
        let broken = self
            .broken
            .map_or(String::new(), |rule| format!(", broken: {rule:?}"));
        let store = match self.backend {
            Backend::MongoDb => "MongoDB",
            Backend::Embedded => "embedded",
        };
        format!(
            "{} ({store}, {} operations{late}{write}{overtaken}{fault}{broken})",
            self.title, self.asks
        )
    }
}
