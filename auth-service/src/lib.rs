//! auth-service: logins, tokens, sessions, and the admins of every organization.

pub mod activate_admin;
pub mod attempts;
pub mod cancel_admin;
mod config;
pub mod current_admin;
pub mod domain;
mod environment;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod grpc;
pub mod hashing;
pub mod key;
pub mod list_admin_states;
pub mod login;
pub mod operator;
pub mod own_password;
mod parts;
pub mod passwords;
pub mod prepare_admin;
pub mod prepared_admin;
pub mod refresh;
pub mod replace_password;
mod server;
pub mod sessions;
pub mod set_gate;
mod starting;
pub mod store;
pub mod token_pair;
pub mod validate_token;

pub use config::Config;
pub use environment::{Environment, RunError};
pub use server::{run, run_in};
