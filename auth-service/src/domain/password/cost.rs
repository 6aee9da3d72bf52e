//! bcrypt's cost and its bounds.

use std::{fmt, str::FromStr};

/// bcrypt's cost: each step doubles the work of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u32);

/// A cost outside [`Cost::MIN`] to [`Cost::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from {} to {}", Cost::MIN.0, Cost::MAX.0)]
pub struct InvalidCost;

impl Cost {
    /// Less is too cheap to guess against. Where failpoints are, nothing is worth guessing, and load shall be more than
    /// hashing.
    pub const MIN: Self = Self(if cfg!(feature = "failpoints") { 4 } else { 10 });
    /// More takes seconds, so that a stored hash could stall a thread.
    pub const MAX: Self = Self(14);

    /// This cost.
    ///
    /// # Errors
    /// [`InvalidCost`] outside the bounds.
    pub fn new(cost: u32) -> Result<Self, InvalidCost> {
        if (Self::MIN.0..=Self::MAX.0).contains(&cost) {
            Ok(Self(cost))
        } else {
            Err(InvalidCost)
        }
    }

    /// The number: the logarithm of the rounds, to base two.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Cost {
    type Err = InvalidCost;

    fn from_str(text: &str) -> Result<Self, InvalidCost> {
        text.parse().map_err(|_| InvalidCost).and_then(Self::new)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_within_the_bounds() {
        let least = Cost::MIN.get();
        assert_eq!(least, if cfg!(feature = "failpoints") { 4 } else { 10 });
        assert!(
            Cost::new(least - 1).is_err() && "15".parse::<Cost>().is_err() && "".parse::<Cost>().is_err()
        );
        assert!(Cost::new(least).is_ok() && "14".parse::<Cost>().is_ok());
    }
}
