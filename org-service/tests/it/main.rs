//! org-service from outside: a real server on a free port, a real auth-service beside it, the generated clients, and
//! both stores. Each case is one named test per store.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod access;
mod bad_input;
mod binary;
mod harness;
mod lifecycle;
mod listing;
mod metadata;
mod outage;
mod races;
mod recovery;
mod revocation;
mod secrets;
mod suspension;
mod throttling;
mod undelete;
mod updates;
mod verify;
