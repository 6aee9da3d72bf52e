//! What holds the repository together: its layers, and the files it is deployed by.

mod architecture;
mod deployment;
mod failpoints;
mod topology;

use std::path::Path;

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
