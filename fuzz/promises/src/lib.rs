//! What must hold of everything that reads what strangers send, for any bytes at all.
//!
//! A promise is a function of bytes that panics where it does not hold. The fuzz targets call it with what they come
//! upon, the tests beside it with the seeds in `fuzz/corpus` and with changes of them. It answers whether the bytes were
//! accepted, so that a test sees that the seeds still lead past the first look.

mod access_token;
mod edits;
mod email;
mod handle;
mod page_token;
mod password_rules;
mod refresh_token;
mod request;
mod stored_hash;

pub use access_token::access_token;
pub use email::email;
pub use handle::handle;
pub use page_token::page_token;
pub use password_rules::password_rules;
pub use refresh_token::refresh_token;
pub use request::{REQUESTS, request};
pub use stored_hash::stored_hash;

/// Holds for any bytes, and says whether they were accepted.
pub type Promise = fn(&[u8]) -> bool;

/// Every promise, by the name of its fuzz target and of its corpus.
pub const ALL: [(&str, Promise); 8] = [
    ("access_token", access_token),
    ("email", email),
    ("handle", handle),
    ("page_token", page_token),
    ("password_rules", password_rules),
    ("refresh_token", refresh_token),
    ("request", request),
    ("stored_hash", stored_hash),
];
