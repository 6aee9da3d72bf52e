//! GetCurrentAdmin: the record of the admin who asks.

use std::sync::Arc;

use crate::{
    domain::Admin,
    store::Store,
    validate_token::{Principal, TokenError},
};

/// The use case.
pub struct CurrentAdmin {
    /// Where admins are.
    pub store: Arc<dyn Store>,
}

impl CurrentAdmin {
    /// The admin that the principal is.
    ///
    /// # Errors
    /// [`TokenError::Revoked`] for one that is out: its sessions are going.
    pub async fn get(&self, principal: &Principal) -> Result<Admin, TokenError> {
        let admin = self.store.get_admin(principal.admin_id).await?;
        admin.filter(Admin::is_active).ok_or(TokenError::Revoked)
    }
}
