//! Admins who can log in, written to the store before the server opens it: to make so many by calls takes minutes of
//! hashing.

use std::{num::NonZeroU16, sync::Arc};

use auth_service::{
    domain::{
        Admin, AdminState, Affiliation, Cost, Credentials, GateState, PasswordHash, PasswordScheme, Peppers,
        Role,
    },
    store::{Store, open},
};
use tenantry_common::{
    clock::{Clock, SystemClock, Timestamp},
    config::StoreUrl,
    email::Email,
    id::{AdminId, Ids, OrganizationId, SystemIds},
    password_rules::Password,
};

use crate::Failure;

/// The password of every account.
pub const PASSWORD: &str = "correct horse battery staple";
/// Memory for the embedded store's cache while the accounts are written.
const CACHE_MIB: NonZeroU16 = NonZeroU16::MIN;

/// The e-mail of an account, by its number.
pub fn email(number: usize) -> String {
    format!("admin-{number}@bench.example")
}

/// Makes so many ACTIVE admins, numbered from 0.
///
/// # Errors
/// When the store cannot be opened or refuses.
pub async fn create(store: StoreUrl, cost: Cost, accounts: usize) -> Result<(), Failure> {
    let hash = hash(cost)?;
    insert(store, (0..accounts).map(|number| (email(number), hash.clone()))).await
}

/// Makes an ACTIVE admin of one organization for each e-mail, with its hash.
///
/// # Errors
/// When the store cannot be opened or refuses.
pub async fn insert(
    store: StoreUrl,
    accounts: impl IntoIterator<Item = (String, PasswordHash)>,
) -> Result<(), Failure> {
    let store: Arc<dyn Store> = open(store, CACHE_MIB).await?;
    let now = SystemClock.now();
    let organization_id = OrganizationId::from_uuid(SystemIds.uuid_v7(now));
    store.set_gate(organization_id, GateState::Open, 1).await?;
    let affiliation = Affiliation::new(Some(organization_id), Role::Admin)?;
    for (email, hash) in accounts {
        store
            .insert_admin(&admin(&email, affiliation, hash, now)?)
            .await?;
    }
    Ok(())
}

fn admin(
    email: &str,
    affiliation: Affiliation,
    password_hash: PasswordHash,
    now: Timestamp,
) -> Result<Admin, Failure> {
    let credentials = Credentials {
        email: Email::parse(email)?,
        password_hash,
    };
    let id = AdminId::from_uuid(SystemIds.uuid_v7(now));
    Ok(Admin::new(id, affiliation, AdminState::Active(credentials), now))
}

/// A hash of [`PASSWORD`], for many: what is measured verifies it as often as there are logins.
///
/// # Errors
/// None that the bounds of [`Cost`] leave possible.
pub fn hash(cost: Cost) -> Result<PasswordHash, Failure> {
    let mut salt = [0; 16];
    SystemIds.fill_random(&mut salt);
    let password = Password::typed(PASSWORD)?;
    Ok(PasswordScheme::new(Peppers::default(), cost).hash(&password, salt)?)
}
