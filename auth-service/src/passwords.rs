//! Hashing and verifying passwords on the hashing threads.

use std::{sync::Arc, time::Instant};

use tenantry_common::{id::Ids, password_rules::Password};

use crate::{
    domain::{Decoy, PasswordHash, PasswordScheme, Verdict},
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
    /// What is compared with a password where none is stored.
    decoy: Arc<Decoy>,
    ids: Arc<dyn Ids>,
}

impl Passwords {
    /// Makes a decoy on one of the threads, which takes as long as a hash does.
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
        let maker = Arc::clone(&scheme);
        let decoy = pool.run(deadline, move || maker.decoy()).await?;
        let decoy = decoy.map_err(|error| HashError::Bcrypt(error.to_string()))?;
        Ok(Self {
            scheme,
            pool,
            decoy: Arc::new(decoy),
            ids,
        })
    }

    /// OK when there is room for one more hash before the deadline.
    ///
    /// # Errors
    /// [`NotHashed::QueueFull`].
    pub fn has_room(&self, deadline: Instant) -> Result<(), NotHashed> {
        self.pool.has_room(deadline)
    }

    /// Hashes a password under a new salt.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(&self, password: Password, deadline: Instant) -> Result<PasswordHash, HashError> {
        let mut salt = [0; 16];
        self.ids.fill_random(&mut salt);
        let scheme = Arc::clone(&self.scheme);
        let hash = self
            .pool
            .run(deadline, move || scheme.hash(&password, salt))
            .await?;
        hash.map_err(|error| HashError::Bcrypt(error.to_string()))
    }

    /// Whether the password is the one stored, and its hash as new ones are. Wrong takes one hash, whatever is missing
    /// ([`PasswordScheme::verify_at_full_price`]).
    ///
    /// # Errors
    /// [`NotHashed`].
    pub async fn verify(
        &self,
        password: Option<Password>,
        stored: Option<PasswordHash>,
        deadline: Instant,
    ) -> Result<Verdict, NotHashed> {
        let (scheme, decoy) = (Arc::clone(&self.scheme), Arc::clone(&self.decoy));
        let verify = move || scheme.verify_at_full_price(password.as_ref(), stored.as_ref(), &decoy);
        self.pool.run(deadline, verify).await
    }
}
