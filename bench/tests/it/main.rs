//! The bench itself, with numbers so small that they say nothing: it must not rot.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod login_flood;
mod login_timing;
