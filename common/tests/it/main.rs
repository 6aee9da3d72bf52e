//! The server frame around a small service, over real connections.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail, and loudly"
)]

mod calls;
mod carrier;
mod client;
mod drain;
mod errors;
mod limits;
mod logs;
mod malformed;
mod raw;
