//! The step that a driver takes next: the one that the real `lifecycle::next` names, unless a rule is broken on
//! purpose.

use org_service::{
    domain::OperationKind,
    lifecycle::{self, GateState, Observed, Step},
};

use crate::{
    broken::Broken,
    run::Run,
    shared::{Record, Shared},
    world::Driver,
};

impl Driver {
    pub(crate) fn new(slot: usize, record: Shared<Record>, observed: Observed) -> Self {
        Self {
            slot,
            record,
            observed: observed.into(),
        }
    }

    /// Whether the call that had the operation accepted drives it still.
    fn is_first(&self) -> bool {
        self.record
            .operation
            .as_ref()
            .is_some_and(|operation| operation.first_fence == self.record.fence)
    }

    /// The next step; another one where a rule is broken on purpose.
    pub(crate) fn step(&self, run: &Run) -> Step {
        let (record, observed) = (&self.record.0, &*self.observed);
        let step = lifecycle::next(record, observed);
        let kind = record.operation.as_ref().map(|operation| &operation.kind);
        let nothing_there = observed.collections.as_ref().is_some_and(Vec::is_empty);
        match (run.broken, &step, kind) {
            (Some(Broken::CollectionBeforeDecision), Step::PrepareAdmin, _) if nothing_there => {
                record.home.clone().map_or(step, Step::CreateCollection)
            }
            (Some(Broken::CommitsEarly), Step::CreateCollection(_), _) => Step::Finish,
            // Who takes over asks, as it should; who sent the password does not.
            (Some(Broken::CancelBeforeDecision), Step::AskForAdmin, _) if self.is_first() => {
                Step::CancelAdmin
            }
            (
                Some(Broken::DataBeforeTokens),
                Step::SetGate(GateState::Suspended),
                Some(OperationKind::Delete),
            ) => self.before_gate(GateState::Suspended, step),
            (Some(Broken::GateOpensFirst), Step::Look | Step::Move { .. }, Some(OperationKind::Undelete))
                if observed.gate.is_none() =>
            {
                lifecycle::gate_of(record).map_or(step, Step::SetGate)
            }
            (Some(Broken::SuspendLeavesTokens), Step::SetGate(_), Some(OperationKind::Suspend)) => {
                Step::Finish
            }
            (Some(Broken::DropsByName), Step::Condemn(name), _) => Step::Drop(name.clone()),
            _ => step,
        }
    }

    /// The step that would be next were the gate set already; the end must wait for it all the same.
    fn before_gate(&self, gate: GateState, step: Step) -> Step {
        let observed = Observed {
            gate: Some(gate),
            ..(*self.observed).clone()
        };
        match lifecycle::next(&self.record, &observed) {
            Step::Finish => step,
            move_first => move_first,
        }
    }
}
