//! The one place that decides what an operation does next.

use tenantry_common::seeded_bug;
use uuid::Uuid;

use crate::domain::{CollectionName, CreateStep, HaltReason, OperationKind, Organization, Seen, State};

use super::{AdminSeen, Observed};

/// What auth-service's gate of an organization shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GateState {
    /// Its active admins may log in.
    Open,
    /// Nobody may; sessions have ended.
    Suspended,
    /// Gone for good; e-mails are free.
    Purged,
}

/// One idempotent action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find the organization's collections and what stands at its names.
    Look,
    /// Ask auth-service what became of the admin.
    AskForAdmin,
    /// Have auth-service store the admin, unable to log in.
    PrepareAdmin,
    /// Have auth-service never take the admin.
    CancelAdmin,
    /// Have auth-service let the admin log in.
    ActivateAdmin,
    /// Move the gate; anything but Open ends all sessions.
    SetGate(GateState),
    /// Create the collection, with a stamp of a new attempt.
    CreateCollection(CollectionName),
    /// Rename the organization's own collection.
    Move {
        /// Where it stands.
        from: CollectionName,
        /// Where it belongs.
        to: CollectionName,
    },
    /// Rename something that stands in the way to `stray_<new uuid>`, where its owner, if any, finds it by its stamp.
    Quarantine(CollectionName),
    /// Rename the organization's own collection to `drop_<id>_<new uuid>`.
    Condemn(CollectionName),
    /// Drop a condemned collection that a look found to be the organization's own.
    Drop(CollectionName),
    /// Write down how far the create is.
    RecordStep(CreateStep),
    /// Write down which attempt made the collection.
    RecordStamp(Uuid),
    /// Write the end of the operation.
    Finish,
    /// Write down why the operation cannot go on; everything is kept.
    Halt(HaltReason),
}

/// The next step of the organization's operation, from the record and from what is known.
pub fn next(organization: &Organization, observed: &Observed) -> Step {
    if observed.auth_refused {
        return Step::Halt(HaltReason::AdminRefused);
    }
    match organization.operation.as_ref().map(|operation| &operation.kind) {
        Some(OperationKind::Create { step }) => next_of_create(*step, organization, observed),
        Some(OperationKind::Rename { .. }) => bring_home(organization, observed).unwrap_or(Step::Finish),
        Some(OperationKind::Suspend) => set_gate(GateState::Suspended, observed).unwrap_or(Step::Finish),
        Some(OperationKind::Resume) => set_gate(GateState::Open, observed).unwrap_or(Step::Finish),
        Some(OperationKind::Delete) if seeded_bug!(DataBeforeSessions) => bring_home(organization, observed)
            .or_else(|| set_gate(GateState::Suspended, observed))
            .unwrap_or(Step::Finish),
        // Tokens die before data moves.
        Some(OperationKind::Delete) => set_gate(GateState::Suspended, observed)
            .or_else(|| bring_home(organization, observed))
            .unwrap_or(Step::Finish),
        // The gate opens last. E-mails are free only once the data is gone.
        Some(OperationKind::Undelete | OperationKind::Purge | OperationKind::Repair) => {
            bring_home(organization, observed)
                .or_else(|| set_gate(gate_of(organization)?, observed))
                .unwrap_or(Step::Finish)
        }
        None => Step::Finish,
    }
}

/// What the gate shall be at the end of an operation that leaves the organization in use, deleted or purged; none
/// where no gate was ever set.
pub fn gate_of(organization: &Organization) -> Option<GateState> {
    let undeleted = organization
        .operation
        .as_ref()
        .is_some_and(|operation| operation.kind == OperationKind::Undelete);
    let state = match organization.state_before_delete {
        Some(before) if undeleted => before,
        _ => organization.state,
    };
    match state {
        State::Active => Some(GateState::Open),
        State::Suspended | State::Deleted => Some(GateState::Suspended),
        State::Purged => Some(GateState::Purged),
        State::Provisioning | State::Aborted => None,
    }
}

fn next_of_create(step: CreateStep, organization: &Organization, observed: &Observed) -> Step {
    let home = || bring_home(organization, observed);
    if seeded_bug!(CollectionBeforeAdmin)
        && step == CreateStep::Intent
        && let Some(first) = home()
    {
        return first;
    }
    match (step, observed.admin) {
        (CreateStep::Intent, AdminSeen::Unknown) if observed.has_password => Step::PrepareAdmin,
        (CreateStep::Intent, AdminSeen::Unknown) => Step::AskForAdmin,
        (CreateStep::Intent, AdminSeen::Pending | AdminSeen::Active) => {
            Step::RecordStep(CreateStep::AdminPrepared)
        }
        (CreateStep::Intent, AdminSeen::Absent | AdminSeen::Cancelled) => {
            Step::RecordStep(CreateStep::RollingBack)
        }
        (CreateStep::RollingBack, AdminSeen::Cancelled) => Step::Finish,
        (CreateStep::RollingBack, _) => Step::CancelAdmin,
        (CreateStep::AdminPrepared, admin) => home()
            .filter(|_| !seeded_bug!(CommitBeforeCollection))
            .or_else(|| set_gate(GateState::Open, observed))
            .or_else(|| (admin != AdminSeen::Active).then_some(Step::ActivateAdmin))
            .unwrap_or(Step::Finish),
    }
}

fn set_gate(state: GateState, observed: &Observed) -> Option<Step> {
    (observed.gate != Some(state)).then_some(Step::SetGate(state))
}

/// Whether the organization's collection is where it belongs and nothing else stands at its names.
pub fn in_place(organization: &Organization, collections: Vec<Seen>) -> bool {
    let observed = Observed {
        collections: Some(collections),
        ..Observed::nothing()
    };
    bring_home(organization, &observed).is_none()
}

/// The next step towards the collection being at home, the only one of its owner's; none when it is.
fn bring_home(organization: &Organization, observed: &Observed) -> Option<Step> {
    let Some(collections) = &observed.collections else {
        return Some(Step::Look);
    };
    let attempt_at = |seen: &Seen| {
        if seeded_bug!(NoStampCheck) {
            let borne = seen.stamp.map(|stamp| stamp.attempt);
            return Some(organization.stamp.or(borne).unwrap_or_default());
        }
        seen.stamp
            .filter(|stamp| stamp.organization == organization.id)
            .map(|s| s.attempt)
    };

    if let Some(squatter) = collections.iter().find(|seen| attempt_at(seen).is_none()) {
        return Some(Step::Quarantine(squatter.name.clone()));
    }
    let Some(own_attempt) = organization.stamp else {
        return first_collection(organization, collections.iter().find_map(attempt_at));
    };
    let is_twin = |seen: &&Seen| attempt_at(seen) != Some(own_attempt);
    if let Some(twin) = collections
        .iter()
        .find(|seen| is_twin(seen) && !seen.name.is_stray())
    {
        return Some(Step::Quarantine(twin.name.clone()));
    }

    let own: Vec<&CollectionName> = collections
        .iter()
        .filter(|seen| !is_twin(seen))
        .map(|seen| &seen.name)
        .collect();
    match (own.as_slice(), &organization.home) {
        ([_, _, ..], _) => Some(Step::Halt(HaltReason::CollectionTwice)),
        ([at], Some(home)) if *at == home => None,
        ([at], Some(home)) => Some(Step::Move {
            from: (*at).clone(),
            to: home.clone(),
        }),
        // Deleted in the place of a create that halted because it is gone: nobody had a use for it.
        ([], Some(_)) if organization.state_before_delete == Some(State::Provisioning) => None,
        ([], Some(_)) => Some(Step::Halt(HaltReason::CollectionMissing)),
        ([_], None) if seeded_bug!(DropByHandle) => {
            Some(Step::Drop(CollectionName::in_use(&organization.handle)))
        }
        ([at], None) if at.is_condemned(organization.id) => Some(Step::Drop((*at).clone())),
        ([at], None) => Some(Step::Condemn((*at).clone())),
        ([], None) => None,
    }
}

/// Before the stamp is recorded: what is there is adopted, else the collection is created, by the create alone.
fn first_collection(organization: &Organization, attempt: Option<Uuid>) -> Option<Step> {
    match (attempt, &organization.home, organization.state) {
        (Some(attempt), _, _) => Some(Step::RecordStamp(attempt)),
        (None, Some(home), State::Provisioning) => Some(Step::CreateCollection(home.clone())),
        (None, Some(_), State::Active | State::Suspended) => Some(Step::Halt(HaltReason::CollectionMissing)),
        // Deleted before its create came that far, purged, or aborted: there need be none.
        (None, _, _) => None,
    }
}

/// Names at which nothing but the organization's own collection may stand: its home, those of the handles that it
/// holds or that rest, and its trash.
pub fn own_names(organization: &Organization) -> Vec<CollectionName> {
    let mut names: Vec<CollectionName> = organization
        .handles
        .iter()
        .map(|held| CollectionName::in_use(&held.handle))
        .chain([CollectionName::trash(organization.id)])
        .chain(organization.home.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}
