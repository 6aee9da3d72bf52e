//! What clients and operators ask for.

use org_service::{
    domain::{CreateRequest, Handle, Labels, Organization, OrganizationName, State},
    lifecycle::{self, Accepted, NewOrganization},
};
use tenantry_common::id::AdminId;

use crate::{
    actions::accepted,
    broken::Broken,
    command::Command,
    run::{Ask, Run},
    stores::Reply,
    world::{NOW, World, number},
};

impl Ask {
    /// Which handles may be asked for with it, by number; none where none is.
    pub(crate) fn handles(self, run: &Run) -> impl Iterator<Item = Option<usize>> + use<> {
        let count = match self {
            Self::Rename | Self::Undelete => run.handles.len(),
            _ => 1,
        };
        let takes_one = count > 1 || matches!(self, Self::Rename | Self::Undelete);
        (0..count).map(move |handle| takes_one.then_some(handle))
    }

    /// In which states it is accepted.
    fn fits(self, record: &Organization) -> bool {
        match self {
            Self::Rename | Self::Delete => matches!(record.state, State::Active | State::Suspended),
            Self::Suspend => record.state == State::Active,
            Self::Resume => record.state == State::Suspended,
            Self::Undelete => {
                record.state == State::Deleted && record.state_before_delete != Some(State::Provisioning)
            }
            Self::Repair => record.state != State::Provisioning,
        }
    }
}

impl World {
    pub(crate) fn after_create(&self, run: &Run) -> Option<Self> {
        let slot = self.records.len();
        let (handle, _) = run.creates.get(slot)?;
        let mut world = self.with_one_ask_less()?.with_room_for_a_driver()?;
        let new = new_organization(run, slot, run.handle(*handle)?);
        let organization = lifecycle::create(new, first(slot));
        if world.insert(run, organization) == Reply::Refused {
            return None;
        }
        world.driven_by_who_asked(slot);
        Some(world)
    }

    /// The record as it is once this is accepted.
    pub(crate) fn asked(
        &self,
        run: &Run,
        slot: usize,
        ask: Ask,
        handle: Option<usize>,
    ) -> Option<Organization> {
        let record = Some(&self.records[slot].0).filter(|record| ask.fits(record))?;
        let accepted = accepted(slot, record);
        let handle = handle.and_then(|handle| run.handle(handle));
        Some(match (ask, handle) {
            (Ask::Rename, Some(handle)) if handle != record.handle => {
                let name = name(&handle)?;
                lifecycle::rename(record, name, (handle, true), Labels::default(), accepted)
            }
            (Ask::Undelete, Some(handle)) => lifecycle::undelete(record, (handle, true), accepted),
            (Ask::Suspend, _) => lifecycle::suspend(record, accepted),
            (Ask::Resume, _) => lifecycle::resume(record, accepted),
            (Ask::Delete, _) => deleted(run, record, accepted),
            (Ask::Repair, _) => lifecycle::repair(record, accepted),
            (Ask::Rename | Ask::Undelete, _) => return None,
        })
    }

    pub(crate) fn after_accept(
        &self,
        run: &Run,
        slot: usize,
        next: Organization,
        late: bool,
    ) -> Option<Self> {
        let mut world = self.with_one_ask_less()?;
        let command = Command::Accept {
            slot,
            next: next.into(),
        };
        if late {
            // Worth its states only while somebody may let go of a handle meanwhile, or purge.
            let record = &self.records[slot];
            let rests = record.handles.iter().any(|held| held.rest_until.is_some());
            (rests || record.state == State::Deleted).then_some(())?;
            world.send_late(run, command)?;
            return Some(world);
        }
        let mut world = world.with_room_for_a_driver()?;
        if world.execute(run, &command) == Reply::Refused {
            return None;
        }
        world.driven_by_who_asked(slot);
        Some(world)
    }

    pub(crate) fn with_one_ask_less(&self) -> Option<Self> {
        let asks = self.asks.checked_sub(1)?;
        Some(Self { asks, ..self.clone() })
    }
}

/// An organization's first operation.
pub(crate) fn first(slot: usize) -> Accepted {
    Accepted {
        operation: number(1000 * (slot + 1) + 1),
        now: NOW,
    }
}

fn deleted(run: &Run, record: &Organization, accepted: Accepted) -> Organization {
    let mut next = lifecycle::delete(record, accepted);
    if run.breaks(Broken::SuspensionForgotten) {
        next.state_before_delete = Some(State::Active);
    }
    next
}

fn name(handle: &Handle) -> Option<OrganizationName> {
    OrganizationName::parse(handle.as_str()).ok()
}

pub(crate) fn new_organization(run: &Run, slot: usize, handle: Handle) -> NewOrganization {
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
