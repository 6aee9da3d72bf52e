//! GetPreparedAdmin: what became of an admin, for an org-service that lost an answer.

use std::sync::Arc;

use tenantry_common::{id::AdminId, store::error::StoreError};

use crate::{domain::Admin, store::Store};

/// The use case.
pub struct PreparedAdmin {
    /// Where admins are.
    pub store: Arc<dyn Store>,
}

impl PreparedAdmin {
    /// The admin under this id, whatever its state; none when there never was one.
    ///
    /// # Errors
    /// The store's.
    pub async fn get(&self, id: AdminId) -> Result<Option<Admin>, StoreError> {
        self.store.get_admin(id).await
    }
}
