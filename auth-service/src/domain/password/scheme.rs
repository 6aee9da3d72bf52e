//! Hashing and verifying: `bcrypt(base64(HMAC-SHA-384(pepper, password)))`.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bcrypt::BcryptError;
use tenantry_common::password_rules::Password;

use super::{
    cost::Cost,
    hash::{PasswordHash, UnusableHash},
    pepper::Peppers,
    stored::{Stored, own},
    work::{ThisThread, Work},
};

/// The cost of the hashes that make up for time: small, so that little more than the missing time is spent.
const SMALL_COST: u32 = 4;

/// What came of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or nothing that could be compared.
    Wrong,
    /// The password.
    Right,
    /// The password, but its hash should be made anew: imported, of another cost, or under another pepper.
    RightButStale,
}

impl Verdict {
    const fn of(right: bool, stale: bool) -> Self {
        match (right, stale) {
            (false, _) => Self::Wrong,
            (true, false) => Self::Right,
            (true, true) => Self::RightButStale,
        }
    }

    /// Whether it was the password.
    pub const fn is_right(self) -> bool {
        !matches!(self, Self::Wrong)
    }
}

/// What stands in for a stored password where there is none: a hash at the current cost, and how much of a processor's
/// time that takes here.
#[derive(Debug)]
pub struct Decoy {
    hash: PasswordHash,
    price: Duration,
}

/// What a verification has done already.
enum Spent {
    Nothing,
    Bcrypt(Cost),
    /// Something that is not measured in bcrypt's rounds.
    Time,
}

/// Hashes and verifies: `bcrypt(base64(HMAC-SHA-384(pepper, password)))`.
///
/// bcrypt alone stops at a NUL and at 72 bytes; the digest's 64 characters hold no NUL and are taken whole.
pub struct PasswordScheme {
    peppers: Peppers,
    cost: Cost,
    /// Whether it has been told that a pepper is missing.
    missing_pepper_told: AtomicBool,
}

impl PasswordScheme {
    /// The scheme with its peppers, and a cost for new hashes.
    pub const fn new(peppers: Peppers, cost: Cost) -> Self {
        Self {
            peppers,
            cost,
            missing_pepper_told: AtomicBool::new(false),
        }
    }

    /// Hashes a password with a random salt. This takes long: a third of a second at cost 12.
    ///
    /// # Errors
    /// None that the bounds of [`Cost`] leave possible.
    pub fn hash(&self, password: &Password, salt: [u8; 16]) -> Result<PasswordHash, BcryptError> {
        self.hash_text(password.expose(), salt)
    }

    fn hash_text(&self, text: &str, salt: [u8; 16]) -> Result<PasswordHash, BcryptError> {
        let pepper = self.peppers.current();
        let digest = pepper.digest(text);
        let hashed = bcrypt::non_truncating_hash_with_salt(digest.as_bytes(), self.cost.get(), salt)?;
        Ok(own(pepper.id(), &hashed))
    }

    /// Whether the password is the one that was stored. Takes as long as hashing at the stored cost.
    ///
    /// # Errors
    /// [`UnusableHash`], at once.
    pub fn verify(&self, password: &Password, stored: &PasswordHash) -> Result<Verdict, UnusableHash> {
        self.judge(password, &Stored::parse(stored)?, &ThisThread)
    }

    /// Hashes what nobody can have for a password, on this thread, and measures that.
    ///
    /// # Errors
    /// Those of [`Self::hash`].
    pub fn decoy(&self) -> Result<Decoy, BcryptError> {
        let began = ThisThread.cpu_time();
        let hash = self.hash_text("", [0; 16])?;
        let price = ThisThread.cpu_time().saturating_sub(began);
        Ok(Decoy { hash, price })
    }

    /// Answers as [`Self::verify`], and Wrong for whatever is amiss; but Wrong always for the price of a hash at the
    /// current cost.
    ///
    /// So an unknown e-mail, a password that nobody can have, a damaged, old or imported hash cannot be told from a
    /// wrong password by time; where nothing is stored, the decoy goes the way of what is. A hash at a higher cost than
    /// the current takes longer: where the cost was lowered, that shows until the next login.
    pub fn verify_at_full_price(
        &self,
        password: Option<&Password>,
        stored: Option<&PasswordHash>,
        decoy: &Decoy,
    ) -> Verdict {
        self.verify_with(&ThisThread, password, stored, decoy)
    }

    fn verify_with(
        &self,
        work: &impl Work,
        password: Option<&Password>,
        stored: Option<&PasswordHash>,
        decoy: &Decoy,
    ) -> Verdict {
        let began = work.cpu_time();
        let (verdict, spent) = self.answer(password, stored.unwrap_or(&decoy.hash), work);
        let verdict = if stored.is_some() { verdict } else { Verdict::Wrong };
        if verdict == Verdict::Wrong {
            let text = password.map_or("", Password::expose);
            match spent {
                Spent::Nothing => self.dummy(text, self.cost.get(), work),
                // Every cost doubles the rounds: those of c, and of c and all up to the current but one, make the
                // current one's.
                Spent::Bcrypt(cost) => {
                    (cost.get()..self.cost.get()).for_each(|cost| self.dummy(text, cost, work));
                }
                Spent::Time => self.make_up(began, decoy.price, work),
            }
        }
        verdict
    }

    /// The verdict, and what it has cost.
    fn answer(
        &self,
        password: Option<&Password>,
        stored: &PasswordHash,
        work: &impl Work,
    ) -> (Verdict, Spent) {
        let Some(password) = password else {
            return (Verdict::Wrong, Spent::Nothing);
        };
        let judged = Stored::parse(stored).map(|stored| {
            let spent = match &stored {
                Stored::Own { hash, .. } => Spent::Bcrypt(hash.cost()),
                Stored::Imported(hash) => hash.cost().map_or(Spent::Time, Spent::Bcrypt),
            };
            (self.judge(password, &stored, work), spent)
        });
        match judged {
            Ok((Ok(verdict), spent)) => (verdict, spent),
            Ok((Err(error @ UnusableHash::NotComputed), spent)) => {
                self.tell(error);
                (Verdict::Wrong, spent)
            }
            Ok((Err(error), _)) | Err(error) => {
                self.tell(error);
                (Verdict::Wrong, Spent::Nothing)
            }
        }
    }

    /// A missing pepper concerns many hashes, and is told once.
    fn tell(&self, error: UnusableHash) {
        if error != UnusableHash::UnknownPepper {
            tracing::error!(%error, "a stored password hash is unusable");
        } else if !self.missing_pepper_told.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "a stored password hash was made under a pepper that is neither AUTH_PEPPER nor in \
                 AUTH_PREVIOUS_PEPPERS_FILE; its owner cannot log in"
            );
        }
    }

    fn judge(&self, password: &Password, stored: &Stored, work: &impl Work) -> Result<Verdict, UnusableHash> {
        match stored {
            Stored::Own { pepper, hash } => {
                let pepper = self.peppers.find(*pepper).ok_or(UnusableHash::UnknownPepper)?;
                let right = hash.is_of(pepper.digest(password.expose()).as_bytes(), work);
                let stale = hash.cost() != self.cost || pepper.id() != self.peppers.current().id();
                Ok(Verdict::of(right, stale))
            }
            Stored::Imported(hash) => Ok(Verdict::of(hash.is_of(password.expose_typed(), work)?, true)),
        }
    }

    /// A hash that is not looked at.
    fn dummy(&self, text: &str, cost: u32, work: &impl Work) {
        let digest = self.peppers.current().digest(text);
        std::hint::black_box(work.bcrypt(digest.as_bytes(), cost, [0; 16]));
    }

    /// Works until as much time was spent as a hash takes, but no more rounds than it has: the clock might stand still.
    fn make_up(&self, began: Duration, price: Duration, work: &impl Work) {
        for _ in 0..1_u32 << (self.cost.get() - SMALL_COST) {
            if work.cpu_time().saturating_sub(began) >= price {
                return;
            }
            self.dummy("", SMALL_COST, work);
        }
    }
}

/// Shows neither pepper nor anything derived from it but ids.
impl fmt::Debug for PasswordScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordScheme")
            .field("peppers", &self.peppers)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "scheme_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "price_tests.rs"]
mod price_tests;
