//! Gates: whether an organization's admins may log in at all.

use serde::{Deserialize, Serialize};
use tenantry_common::{id::OrganizationId, seeded_bug};

/// What an organization's gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum GateState {
    /// ACTIVE admins may log in.
    Open,
    /// Nobody may log in; sessions have ended.
    Suspended,
    /// The organization is gone; final.
    Purged,
}

/// One organization's gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Whose gate.
    pub organization_id: OrganizationId,
    /// Whether it is open.
    pub state: GateState,
    /// The organization's epoch of the newest call served; orders the calls.
    pub epoch: i64,
    /// Raised by every change and by every call that ends sessions: a login that read an older one has lost.
    pub generation: i64,
}

impl Gate {
    /// The gate after a call, or None when the call comes too late: a newer one was served, or the gate is purged.
    ///
    /// `gate` is the one stored, if any.
    pub fn moved(
        gate: Option<Self>,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Option<Self> {
        let generation = match gate {
            None => 1,
            Some(gate) if !gate.admits(state, epoch) => return None,
            Some(gate) if gate.state == GateState::Open && state == GateState::Open => gate.generation,
            Some(gate) => gate.generation + 1,
        };
        Some(Self {
            organization_id,
            state,
            epoch,
            generation,
        })
    }

    /// Whether a call with this state and epoch may still move the gate.
    pub fn admits(&self, state: GateState, epoch: i64) -> bool {
        let newest = epoch >= self.epoch || seeded_bug!(GateIgnoresEpoch);
        newest && (self.state != GateState::Purged || state == GateState::Purged)
    }

    /// Whether admins of the organization may log in.
    pub fn is_open(&self) -> bool {
        self.state == GateState::Open
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{GateState::*, *};

    fn moved(gate: Option<Gate>, state: GateState, epoch: i64) -> Option<Gate> {
        Gate::moved(gate, OrganizationId::from_uuid(Uuid::from_u128(1)), state, epoch)
    }

    #[test]
    fn a_late_call_moves_nothing() {
        let open = moved(None, Open, 5);
        assert_eq!(moved(open, Suspended, 4), None);
        assert_eq!(moved(open, Suspended, 5).unwrap().state, Suspended);
    }

    #[test]
    fn whatever_ends_sessions_raises_the_generation_even_when_repeated() {
        let open = moved(None, Open, 1);
        let suspended = moved(open, Suspended, 2);
        let again = moved(suspended, Suspended, 2);
        assert_eq!(open.unwrap().generation, 1);
        assert_eq!(suspended.unwrap().generation, 2);
        assert_eq!(again.unwrap().generation, 3);
        assert_eq!(moved(again, Open, 3).unwrap().generation, 4);
    }

    #[test]
    fn opening_an_open_gate_disturbs_no_login() {
        let open = moved(None, Open, 1);
        assert_eq!(moved(open, Open, 2).unwrap().generation, 1);
    }

    #[test]
    fn purged_is_final() {
        let purged = moved(None, Purged, 3);
        assert_eq!(moved(purged, Open, 9), None);
        assert_eq!(moved(purged, Suspended, 9), None);
        assert_eq!(moved(purged, Purged, 3).unwrap().state, Purged);
    }
}
