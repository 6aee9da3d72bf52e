//! bcrypt's own text, `$2b$12$…`.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use bcrypt::HashParts;

use super::{cost::Cost, hash::UnusableHash, work::Work};

/// A bcrypt hash whose cost is within the bounds.
pub(super) struct BcryptHash {
    cost: Cost,
    parts: HashParts,
}

impl BcryptHash {
    /// Reads a hash that begins with one of these versions, such as `$2b$`.
    pub(super) fn parse(text: &str, versions: &[&str]) -> Result<Self, UnusableHash> {
        if !versions.iter().any(|version| text.starts_with(version)) {
            return Err(UnusableHash::UnknownScheme);
        }
        let parts: HashParts = text.parse().map_err(|_| UnusableHash::Damaged)?;
        let cost = Cost::new(parts.get_cost()).map_err(|_| UnusableHash::OutOfBounds)?;
        Ok(Self { cost, parts })
    }

    pub(super) const fn cost(&self) -> Cost {
        self.cost
    }

    /// Whether the hash is the input's. An input that bcrypt would cut off is hashed all the same, as far as it goes, so
    /// that it takes as long, and is never the right one.
    pub(super) fn is_of(&self, input: &[u8], work: &impl Work) -> bool {
        let (cost, salt) = (self.cost.get(), self.parts.get_salt_raw());
        match work.bcrypt(input, cost, salt) {
            Some(hashed) if !input.contains(&0) => {
                let (hashed, stored) = (hashed.to_string(), self.parts.to_string());
                verify_slices_are_equal(hashed.as_bytes(), stored.as_bytes()).is_ok()
            }
            Some(_) => false,
            None => {
                std::hint::black_box(work.bcrypt(&[], cost, salt));
                false
            }
        }
    }
}

/// Shows the cost alone.
impl fmt::Debug for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BcryptHash({}, …)", self.cost)
    }
}
