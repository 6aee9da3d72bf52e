//! PrepareAdmin: stores an organization's first admin, who may not log in yet.

use std::{sync::Arc, time::Instant};

use tenantry_common::{
    clock::Clock,
    email::Email,
    id::{AdminId, OrganizationId},
    password_rules::Password,
    seeded_bug,
    store::error::StoreError,
};

use crate::{
    domain::{Admin, AdminState, Affiliation, Credentials},
    passwords::{HashError, Passwords},
    store::{EMAIL_INDEX, ID_INDEX, Store},
};

/// Why an admin was not prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareAdminError {
    /// Another admin has the e-mail.
    #[error("an admin with this e-mail exists")]
    EmailTaken,
    /// The id is used up: the admin was cancelled or purged, or has another e-mail or organization.
    #[error("the admin's id is used up")]
    AdminState,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whom to prepare.
#[derive(Clone, Debug)]
pub struct NewAdmin {
    /// Chosen by the caller.
    pub id: AdminId,
    /// The organization that the admin will own.
    pub organization_id: OrganizationId,
    /// The e-mail.
    pub email: Email,
    /// The password.
    pub password: Password,
}

/// The use case.
pub struct PrepareAdmin {
    /// Where admins are.
    pub store: Arc<dyn Store>,
    /// Hashes the password.
    pub passwords: Arc<Passwords>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl PrepareAdmin {
    /// Inserts the admin as PENDING, or answers the one that an earlier call inserted.
    ///
    /// What is read before the hash only spares its price; the insert decides.
    ///
    /// # Errors
    /// [`PrepareAdminError`].
    pub async fn prepare(&self, new: NewAdmin, deadline: Instant) -> Result<Admin, PrepareAdminError> {
        if let Some(existing) = self.store.get_admin(new.id).await? {
            return repeated(existing, &new);
        }
        if self
            .store
            .find_admin(&new.email)
            .await?
            .is_some_and(|admin| admin.id != new.id)
        {
            return Err(PrepareAdminError::EmailTaken);
        }
        let password_hash = self.passwords.hash(new.password.clone(), deadline).await?;
        let credentials = Credentials {
            email: new.email.clone(),
            password_hash,
        };
        let owner = Affiliation::owner_of(new.organization_id);
        let admin = Admin::new(new.id, owner, AdminState::Pending(credentials), self.clock.now());
        match self.store.insert_admin(&admin).await {
            Ok(()) => Ok(admin),
            // A repeat of an insert violates both indexes, and the store names either.
            Err(StoreError::AlreadyExists(ID_INDEX | EMAIL_INDEX)) => {
                match self.store.get_admin(new.id).await? {
                    Some(existing) => repeated(existing, &new),
                    None => Err(PrepareAdminError::EmailTaken),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The existing admin, if a call with the same e-mail and organization made it and it is not out.
fn repeated(existing: Admin, new: &NewAdmin) -> Result<Admin, PrepareAdminError> {
    if seeded_bug!(PrepareNotIdempotent) {
        return Err(PrepareAdminError::AdminState);
    }
    if existing.has_email(&new.email) && existing.affiliation == Affiliation::owner_of(new.organization_id) {
        Ok(existing)
    } else {
        Err(PrepareAdminError::AdminState)
    }
}
