//! The writes that move a gate.

use mongodb::{bson::doc, options::ReturnDocument};
use tenantry_common::{
    id::OrganizationId,
    seeded_bug,
    store::{
        error::StoreError,
        mongo::{classify, detached},
    },
};

use super::{
    MongoStore,
    documents::{GateDocument, binary},
    plain,
};
use crate::{
    domain::{Gate, GateState},
    store::ID_INDEX,
};

impl MongoStore {
    /// [`Gate::moved`] as one write; None when the gate refuses the call, or is not there.
    pub(super) async fn move_gate(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Option<Gate>, StoreError> {
        let mut admitting = doc! { "_id": binary(organization_id.as_uuid()), "epoch": { "$lte": epoch } };
        if seeded_bug!(GateIgnoresEpoch) {
            admitting.remove("epoch");
        }
        if state != GateState::Purged {
            admitting.insert("state", doc! { "$ne": name(GateState::Purged) });
        }
        let stays_open =
            doc! { "$and": [state == GateState::Open, { "$eq": ["$state", name(GateState::Open)] }] };
        let moved = vec![doc! { "$set": {
            "state": { "$literal": name(state) },
            "epoch": { "$literal": epoch },
            "generation": { "$cond": [stays_open, "$generation", { "$add": ["$generation", 1_i64] }] },
        } }];
        let gates = self.gates.clone();
        let found = detached(async move {
            let update = gates.find_one_and_update(admitting, moved);
            update.return_document(ReturnDocument::After).await.map_err(plain)
        });
        Ok(found.await?.map(Gate::from))
    }

    /// False when there is a gate already.
    pub(super) async fn insert_gate(&self, gate: Gate) -> Result<bool, StoreError> {
        let (gates, document) = (self.gates.clone(), GateDocument::from(gate));
        detached(async move {
            match gates
                .insert_one(document)
                .await
                .map_err(|error| classify(error, &[ID_INDEX]))
            {
                Ok(_) => Ok(true),
                Err(StoreError::AlreadyExists(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// A gate's state as the documents spell it.
const fn name(state: GateState) -> &'static str {
    match state {
        GateState::Open => "OPEN",
        GateState::Suspended => "SUSPENDED",
        GateState::Purged => "PURGED",
    }
}
