//! The gRPC face: parse, call the use case, encode; nothing else.

mod auth;
mod authentication;
mod convert;
mod errors;
mod parse;
mod provisioning;
mod service_credential;

pub use auth::Auth;
pub use authentication::AuthenticationLayer;
pub use provisioning::Provisioning;
pub use service_credential::ServiceCredentialLayer;
