//! A change of an admin that holds against whatever else is done to the admin at the same time.

use tenantry_common::{clock::Clock, id::AdminId, store::error::StoreError};

use super::Store;
use crate::domain::{Admin, AdminChange};

/// How often the change is tried again.
const MAX_ATTEMPTS: u32 = 16;

impl dyn Store {
    /// Changes the admin as it is by now, and answers how it is then; None when there is no ACTIVE one.
    ///
    /// # Errors
    /// The store's; `Unavailable` when the admin changes all the time.
    pub async fn change_active_admin(
        &self,
        id: AdminId,
        change: &AdminChange,
        clock: &dyn Clock,
    ) -> Result<Option<Admin>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(admin) = self.get_admin(id).await?.filter(Admin::is_active) else {
                return Ok(None);
            };
            match self.change_admin(id, admin.generation, change, clock.now()).await {
                Err(StoreError::Conflict) => {}
                Err(StoreError::NotFound) => return Ok(None),
                changed => return changed.map(Some),
            }
        }
        Err(StoreError::Unavailable(
            "the admin changes all the time".to_owned(),
        ))
    }
}
