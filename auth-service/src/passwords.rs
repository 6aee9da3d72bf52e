//! Hashing and verifying passwords on the hashing threads.

use std::{sync::Arc, time::Instant};

use tenantry_common::{id::Ids, password_rules::Password};

use crate::{
    domain::{PasswordHash, PasswordScheme},
    hashing::{HashingPool, NotHashed},
};

/// Why no hash came of a password.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The pool did not get to it.
    #[error(transparent)]
    NotHashed(#[from] NotHashed),
    /// bcrypt refuses its input; a bug.
    #[error("bcrypt failed: {0}")]
    Bcrypt(String),
}

/// The password scheme together with the threads that run it.
pub struct Passwords {
    scheme: Arc<PasswordScheme>,
    pub(crate) pool: HashingPool,
    /// Stands in where there is no hash, at the same price.
    dummy: Arc<PasswordHash>,
    ids: Arc<dyn Ids>,
}

impl Passwords {
    /// Makes the dummy hash, which takes as long as any.
    ///
    /// # Errors
    /// [`HashError`]; not in practice.
    pub async fn new(
        scheme: PasswordScheme,
        pool: HashingPool,
        ids: Arc<dyn Ids>,
        deadline: Instant,
    ) -> Result<Self, HashError> {
        let scheme = Arc::new(scheme);
        let mut random = [0; 32];
        ids.fill_random(&mut random);
        let dummy: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let dummy = Password::parse(&dummy).map_err(|error| HashError::Bcrypt(error.to_string()))?;
        let dummy = hash(&scheme, &pool, &*ids, dummy, deadline).await?;
        Ok(Self {
            scheme,
            pool,
            dummy: Arc::new(dummy),
            ids,
        })
    }

    /// Hashes a password under a new salt.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(&self, password: Password, deadline: Instant) -> Result<PasswordHash, HashError> {
        hash(&self.scheme, &self.pool, &*self.ids, password, deadline).await
    }

    /// Whether the password is the one stored. Takes one hash, whatever is missing
    /// ([`PasswordScheme::verify_at_full_price`]).
    ///
    /// # Errors
    /// [`NotHashed`].
    pub async fn verify(
        &self,
        password: Option<Password>,
        stored: Option<PasswordHash>,
        deadline: Instant,
    ) -> Result<bool, NotHashed> {
        let (scheme, dummy) = (Arc::clone(&self.scheme), Arc::clone(&self.dummy));
        let verify = move || scheme.verify_at_full_price(password.as_ref(), stored.as_ref(), &dummy);
        self.pool.run(deadline, verify).await
    }
}

async fn hash(
    scheme: &Arc<PasswordScheme>,
    pool: &HashingPool,
    ids: &dyn Ids,
    password: Password,
    deadline: Instant,
) -> Result<PasswordHash, HashError> {
    let mut salt = [0; 16];
    ids.fill_random(&mut salt);
    let scheme = Arc::clone(scheme);
    let hash = pool.run(deadline, move || scheme.hash(&password, salt)).await?;
    hash.map_err(|error| HashError::Bcrypt(error.to_string()))
}
