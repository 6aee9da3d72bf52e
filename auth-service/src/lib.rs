//! auth-service: logins, tokens, sessions, and the admins of every organization.

pub mod activate_admin;
pub mod cancel_admin;
mod config;
pub mod current_admin;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod grpc;
pub mod hashing;
pub mod key;
pub mod list_admin_states;
pub mod login;
pub mod operator;
pub mod passwords;
pub mod prepare_admin;
pub mod prepared_admin;
mod server;
pub mod set_gate;
mod starting;
pub mod store;
pub mod validate_token;

pub use config::Config;
pub use server::{Environment, RunError, run, run_in};
