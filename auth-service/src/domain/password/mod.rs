//! How passwords are stored and verified: the own scheme, and what is imported from others.

mod bcrypt_hash;
mod cost;
mod derived;
mod hash;
mod imported;
mod pepper;
mod scheme;
mod stored;
mod work;

pub use cost::{Cost, InvalidCost};
pub use hash::{PasswordHash, UnusableHash};
pub use imported::ImportedHash;
pub use pepper::{Pepper, Peppers};
pub use scheme::{Decoy, PasswordScheme, Verdict};
