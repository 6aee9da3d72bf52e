//! The gRPC frame around both services.

pub mod client;
mod connection;
pub mod deadline;
pub mod fields;
mod health;
pub mod limits;
mod log;
mod panic;
pub mod peer;
mod reflection;
pub mod request_id;
mod seal;
pub mod server;
pub mod service_credential;
mod shutdown;
pub mod status;
