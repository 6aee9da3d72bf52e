//! The first operator, who comes from the settings.

use std::time::Instant;

use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, Ids},
    password_rules::Password,
    store::error::StoreError,
};

use crate::{
    domain::{Admin, AdminState, Affiliation, Credentials},
    passwords::{HashError, Passwords},
    store::{EMAIL_INDEX, Store},
};

/// Why the operator cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The e-mail is in use by somebody who is no operator.
    #[error("AUTH_OPERATOR_EMAIL belongs to an admin of an organization; choose another one")]
    EmailOfAnAdmin,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that there is an operator with this e-mail. An existing one keeps its password.
///
/// # Errors
/// [`OperatorError`].
pub async fn ensure(
    store: &dyn Store,
    passwords: &Passwords,
    ids: &dyn Ids,
    now: Timestamp,
    (email, password): (Email, Password),
    deadline: Instant,
) -> Result<(), OperatorError> {
    if let Some(existing) = store.find_admin(&email).await? {
        return is_operator(&existing);
    }
    let password_hash = passwords.hash(password, deadline).await?;
    let state = AdminState::Active(Credentials {
        email: email.clone(),
        password_hash,
    });
    let operator = Admin::new(
        AdminId::from_uuid(ids.uuid_v7(now)),
        Affiliation::OPERATOR,
        state,
        now,
    );
    match store.insert_admin(&operator).await {
        Ok(()) => {
            tracing::info!(admin_id = %operator.id, "created the operator");
            Ok(())
        }
        // Another replica starts at the same time.
        Err(StoreError::AlreadyExists(EMAIL_INDEX)) => match store.find_admin(&email).await? {
            Some(existing) => is_operator(&existing),
            None => Err(StoreError::Conflict.into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn is_operator(admin: &Admin) -> Result<(), OperatorError> {
    if admin.affiliation == Affiliation::OPERATOR {
        Ok(())
    } else {
        Err(OperatorError::EmailOfAnAdmin)
    }
}
