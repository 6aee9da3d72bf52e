//! What auth-service does with a call, as its contract says.

use org_service::lifecycle::{AdminSeen, GateState};

use crate::{
    broken::Broken,
    run::Run,
    stores::Reply,
    world::{Admin, World},
};

impl World {
    pub(crate) fn prepare_admin(&mut self, run: &Run, slot: usize) -> Reply {
        let email = |slot: usize| run.creates.get(slot).map(|(_, email)| *email);
        let alive = |admin: Admin| matches!(admin, Admin::Pending | Admin::Active);
        let mut others = (0..self.admins.len()).filter(|other| *other != slot);
        match self.admins[slot] {
            Admin::Absent if others.any(|other| alive(self.admins[other]) && email(other) == email(slot)) => {
                Reply::Refused
            }
            Admin::Absent => {
                self.admins[slot] = Admin::Pending;
                Reply::Ok
            }
            admin => Reply::when(alive(admin)),
        }
    }

    pub(crate) fn cancel_admin(&mut self, run: &Run, slot: usize) -> Reply {
        match self.admins[slot] {
            Admin::Absent if run.breaks(Broken::NoTombstone) => return Reply::Ok,
            Admin::Absent | Admin::Pending => self.admins[slot] = Admin::Cancelled,
            Admin::Cancelled => {}
            Admin::Active | Admin::Purged => return Reply::Refused,
        }
        Reply::Ok
    }

    pub(crate) fn activate_admin(&mut self, slot: usize) -> Reply {
        match self.admins[slot] {
            _ if self.refused == Some(slot) => return Reply::Refused,
            Admin::Pending => self.admins[slot] = Admin::Active,
            Admin::Active => {}
            Admin::Absent | Admin::Cancelled | Admin::Purged => return Reply::Refused,
        }
        Reply::Ok
    }

    /// What auth-service answers when it is asked for an admin.
    pub(crate) fn admin_seen(&self, slot: usize) -> AdminSeen {
        match self.admins[slot] {
            Admin::Absent => AdminSeen::Absent,
            Admin::Pending => AdminSeen::Pending,
            Admin::Active => AdminSeen::Active,
            Admin::Cancelled | Admin::Purged => AdminSeen::Cancelled,
        }
    }

    pub(crate) fn set_gate(&mut self, run: &Run, slot: usize, state: GateState, epoch: i64) -> Reply {
        if let Some((now, newest)) = self.gates[slot] {
            let late = epoch < newest || (now == GateState::Purged && state != GateState::Purged);
            if late && !run.breaks(Broken::GateIgnoresEpoch) {
                return Reply::Refused;
            }
        }
        self.gates[slot] = Some((state, epoch));
        if state == GateState::Purged && matches!(self.admins[slot], Admin::Pending | Admin::Active) {
            self.admins[slot] = Admin::Purged;
        }
        Reply::Ok
    }
}
