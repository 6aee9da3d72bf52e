//! The `tenantry` program, run as its users run it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod dev;
mod kills;
mod organizations;
mod servers;
mod stopped;
mod verify;
mod without_a_server;
