//! The `tenantry` program, run as its users run it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod dev;
mod kills;
mod logins;
mod logouts;
mod organizations;
mod passwords;
mod person;
mod platform;
mod servers;
mod sessions;
mod stopped;
mod verify;
mod without_a_server;
