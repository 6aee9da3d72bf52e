//! SetAdminPassword and ImportPasswordHash: an operator replaces an admin's password.

use std::{sync::Arc, time::Instant};

use tenantry_common::{
    clock::Clock, email::Email, id::AdminId, password_rules::Password, store::error::StoreError,
};

use crate::{
    domain::{Admin, AdminChange, PasswordHash},
    passwords::{HashError, Passwords},
    store::Store,
};

/// Why a password was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplacePasswordError {
    /// Nobody who may log in has this id or e-mail.
    #[error("no admin who may log in has this id or e-mail")]
    NotFound,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed, or the admin changes all the time.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminName {
    /// The admin with this id.
    Id(AdminId),
    /// The admin with this e-mail.
    Email(Email),
}

/// The use cases.
pub struct ReplacePassword {
    /// Where admins and sessions are.
    pub store: Arc<dyn Store>,
    /// Hashes passwords.
    pub passwords: Arc<Passwords>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl ReplacePassword {
    /// The ACTIVE admin of this name.
    ///
    /// # Errors
    /// [`ReplacePasswordError::NotFound`], or the store's error.
    pub async fn find(&self, name: &AdminName) -> Result<Admin, ReplacePasswordError> {
        let admin = match name {
            AdminName::Id(id) => self.store.get_admin(*id).await?,
            AdminName::Email(email) => self.store.find_admin(email).await?,
        };
        admin
            .filter(Admin::is_active)
            .ok_or(ReplacePasswordError::NotFound)
    }

    /// Sets a new password and ends all of the admin's sessions.
    ///
    /// # Errors
    /// [`ReplacePasswordError`]; after a store error the call has to be repeated.
    pub async fn set(
        &self,
        admin: Admin,
        password: Password,
        deadline: Instant,
    ) -> Result<Admin, ReplacePasswordError> {
        let hash = self.passwords.hash(password, deadline).await?;
        self.replace(admin.id, hash).await
    }

    /// Takes over a password as another system has hashed it, and ends all of the admin's sessions.
    ///
    /// # Errors
    /// [`ReplacePasswordError`]; after a store error the call has to be repeated.
    pub async fn import(&self, admin: Admin, hash: PasswordHash) -> Result<Admin, ReplacePasswordError> {
        self.replace(admin.id, hash).await
    }

    /// An operator's word stands above what the admin does meanwhile.
    async fn replace(&self, id: AdminId, hash: PasswordHash) -> Result<Admin, ReplacePasswordError> {
        let change = AdminChange::Password(hash);
        let changed = self.store.change_active_admin(id, &change, &*self.clock).await?;
        let changed = changed.ok_or(ReplacePasswordError::NotFound)?;
        self.store.delete_sessions_of(id, None).await?;
        Ok(changed)
    }
}
