//! The ground that both services' store adapters stand on.

pub mod embedded;
pub mod error;
pub mod mongo;
mod writer;
