//! `cargo xtask explore`: the exploration of the lifecycle, wider than in every test run.

use std::error::Error;

use crate::{cargo::cargo, parts::Parts};

/// Runs the explorations that `cargo test` leaves out for their size.
///
/// # Errors
/// When one found a fault.
pub fn run() -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let exploration = [
        "test",
        "--release",
        "-p",
        "org-service",
        "--test",
        "exploration",
        "--",
    ];
    parts.run(
        "exploration",
        cargo(&exploration).args(["--ignored", "--nocapture"]),
    )?;
    parts.report()
}
