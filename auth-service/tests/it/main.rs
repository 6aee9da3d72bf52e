//! auth-service as its clients see it: a real server on a free port, the generated client, both stores.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod admin_states;
mod binary;
mod harness;
mod load;
mod login;
mod operator;
mod own_password;
mod provisioning;
mod refresh;
mod replaced_passwords;
mod secrets;
mod sessions;
mod startup;
mod throttling;
mod tokens;
