//! The gRPC face: parse, use case, encode, nothing else.

mod convert;
mod errors;
mod organization;
mod parse;

pub use organization::{OrganizationGrpc, SignUp, open_methods};
