//! `cargo xtask check`: what a reviewer need not look for.

use std::{error::Error, process::Stdio};

use crate::{
    cargo::{cargo, target_directory},
    parts::Parts,
};

/// Runs every check; one that fails does not keep the others from running.
///
/// # Errors
/// When one failed.
pub fn run() -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    parts.run("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    parts.run(
        "clippy",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    let mut rustdoc = cargo(&["doc", "--workspace", "--no-deps"]);
    parts.run("rustdoc", rustdoc.env("RUSTDOCFLAGS", "-D warnings"))?;
    // In the same directory: what was built for the others need not be built again.
    let fuzz = [
        "check",
        "--locked",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target-dir",
    ];
    parts.run("fuzz targets", cargo(&fuzz).arg(target_directory()))?;
    if has_cargo_deny()? {
        parts.run(
            "dependencies",
            &mut cargo(&[
                "deny",
                "check",
                "--hide-inclusion-graph",
                "bans",
                "licenses",
                "sources",
            ]),
        )?;
    } else {
        parts.leave_out(
            "dependencies",
            "cargo-deny is not here: `cargo install --locked cargo-deny`",
        );
    }
    parts.report()
}

fn has_cargo_deny() -> Result<bool, Box<dyn Error>> {
    let mut version = cargo(&["deny", "--version"]);
    Ok(version
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success())
}
