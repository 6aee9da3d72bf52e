//! What both Tenantry servers need, each thing by its name.

pub mod clock;
pub mod config;
pub mod email;
pub mod environment;
#[cfg(feature = "failpoints")]
pub mod failpoints;
mod faults;
pub mod id;
pub mod password_rules;
pub mod process;
pub mod quota;
pub mod rpc;
#[cfg(feature = "failpoints")]
pub mod seeded_bug;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
pub mod text;
pub mod throttle;
