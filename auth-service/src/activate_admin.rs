//! ActivateAdmin: lets a PENDING admin log in.

use std::sync::Arc;

use tenantry_common::{clock::Clock, id::AdminId, store::error::StoreError};

use crate::{domain::Admin, store::Store};

/// Why an admin's state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAdminError {
    /// The state does not allow it.
    #[error("the admin's state does not allow it")]
    AdminState,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ChangeAdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound | StoreError::Conflict => Self::AdminState,
            error => Self::Store(error),
        }
    }
}

/// The use case.
pub struct ActivateAdmin {
    /// Where admins are.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl ActivateAdmin {
    /// Makes a PENDING admin ACTIVE; OK when it is already.
    ///
    /// # Errors
    /// [`ChangeAdminError`].
    pub async fn activate(&self, id: AdminId) -> Result<Admin, ChangeAdminError> {
        Ok(self.store.activate_admin(id, self.clock.now()).await?)
    }
}
