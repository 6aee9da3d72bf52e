//! `cargo xtask forge`: more forged tokens than in every test run.

use std::error::Error;

use crate::{cargo::cargo, parts::Parts};

/// Runs the test that forges, with so many tokens; says what was made of each kind. The build is that of the tests: one
/// for release would take longer than it saves.
///
/// # Errors
/// When one was accepted.
pub fn run(tokens: u64, seed: Option<u64>) -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let mut forgery = cargo(&[
        "test",
        "-p",
        "auth-service",
        "--lib",
        "--",
        "--nocapture",
        "no_forged_or_mutated_token_is_accepted",
    ]);
    forgery.env("TENANTRY_FORGED_TOKENS", tokens.to_string());
    if let Some(seed) = seed {
        forgery.env("TENANTRY_FORGERY_SEED", seed.to_string());
    }
    parts.run("forgery", &mut forgery)?;
    parts.report()
}
