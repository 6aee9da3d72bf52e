//! The ground that both services' store adapters stand on.

pub mod error;
