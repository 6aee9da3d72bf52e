//! The gRPC face: parse, use case, encode, nothing else.

mod convert;
mod errors;
mod maintenance;
mod organization;
mod parse;

pub use maintenance::MaintenanceGrpc;
pub use organization::{OrganizationGrpc, SignUp, open_methods};
