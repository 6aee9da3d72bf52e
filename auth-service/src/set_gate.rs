//! SetOrganizationGate: opens or shuts an organization for all of its admins.

use std::sync::Arc;

use tenantry_common::{clock::Clock, id::OrganizationId, store::error::StoreError};

use crate::{
    domain::{Gate, GateState},
    store::Store,
};

/// Why a gate was not moved.
#[derive(Debug, thiserror::Error)]
pub enum SetGateError {
    /// A newer call was served, or the organization is purged.
    #[error("the gate has moved on")]
    StaleEpoch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use case.
pub struct SetGate {
    /// Where gates, admins and sessions are.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl SetGate {
    /// Moves the gate. Shutting it ends every session of the organization before the answer, also on a repeat:
    /// the first call may have stopped half way.
    ///
    /// # Errors
    /// [`SetGateError`]; after a store error the call has to be repeated.
    pub async fn set(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Gate, SetGateError> {
        // The gate first: its new generation stops every login under way from keeping its session.
        let gate = match self.store.set_gate(organization_id, state, epoch).await {
            Err(StoreError::Conflict) => return Err(SetGateError::StaleEpoch),
            moved => moved?,
        };
        match state {
            GateState::Open => {}
            GateState::Suspended => self.store.delete_sessions(organization_id).await?,
            GateState::Purged => {
                self.store.purge_admins(organization_id, self.clock.now()).await?;
                self.store.delete_sessions(organization_id).await?;
            }
        }
        Ok(gate)
    }
}
