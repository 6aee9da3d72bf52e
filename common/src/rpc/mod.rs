//! The gRPC frame around both services.

pub mod fields;
pub mod status;
