//! `cargo xtask test`: everything that proves the project.

use std::{error::Error, process::Command};

use crate::{
    cargo::cargo,
    mongodb::{self, MongoDb},
    parts::{Outcome, Parts},
};

/// Runs all tests over both stores. `arguments` go to every test program.
///
/// # Errors
/// When there is no MongoDB to be had, or a part failed.
pub fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let mongodb = parts.prepare("MongoDB", mongodb::find)?;
    println!("{mongodb}");

    let mut build = cargo(&["test", "--workspace", "--all-targets", "--no-run"]);
    if parts.run("build", &mut build)? == Outcome::Passed {
        let every = ["test", "--workspace", "--all-targets", "--no-fail-fast", "--"];
        parts.run(
            "tests on both stores",
            over(&mongodb, cargo(&every).args(arguments)),
        )?;
        let examples = ["test", "--workspace", "--doc", "--no-fail-fast", "--"];
        parts.run(
            "examples in the documentation",
            over(&mongodb, cargo(&examples).args(arguments)),
        )?;
    }
    if let Some(last_words) = mongodb.ended() {
        eprintln!("the test MongoDB ended before the tests did:\n{last_words}");
    }
    drop(mongodb);
    parts.report()
}

fn over<'a>(mongodb: &MongoDb, command: &'a mut Command) -> &'a mut Command {
    command.env(mongodb::URI, mongodb.uri())
}
