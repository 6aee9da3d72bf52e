//! CancelAdmin: withdraws an admin whose organization came to nothing.

use std::sync::Arc;

use tenantry_common::{
    clock::Clock,
    id::{AdminId, OrganizationId},
};

use crate::{activate_admin::ChangeAdminError, domain::Admin, store::Store};

/// The use case.
pub struct CancelAdmin {
    /// Where admins are.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl CancelAdmin {
    /// Cancels an absent or PENDING admin for good, so that a late PrepareAdmin fails; OK when it is already.
    ///
    /// # Errors
    /// [`ChangeAdminError`].
    pub async fn cancel(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
    ) -> Result<Admin, ChangeAdminError> {
        Ok(self
            .store
            .cancel_admin(id, organization_id, self.clock.now())
            .await?)
    }
}
