//! What both Tenantry servers need, each thing by its name.

pub mod clock;
pub mod email;
pub mod id;
pub mod password_rules;
pub mod rpc;
pub mod store;
pub mod text;
