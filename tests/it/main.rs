//! What holds the repository together: its layers, the files it is deployed by, and what both servers promise of every
//! call.

mod architecture;
mod deployment;
mod failpoints;
mod paths;
mod requests;
mod security_table;
mod tenants;
mod topology;

use std::path::Path;

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
