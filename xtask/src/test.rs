//! `cargo xtask test`: everything that proves the project.

use std::{error::Error, process::Command};

use crate::{
    bugs,
    cargo::cargo,
    chaos::Fire,
    mongodb::{self, MongoDb},
    parts::{Outcome, Parts},
};

/// Runs all tests over both stores; then has every seeded bug found, and a server killed at every point. `arguments` go
/// to every test program; with any, only tests are run.
///
/// # Errors
/// When there is no MongoDB to be had, or a part failed.
pub fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let mongodb = parts.prepare("MongoDB", mongodb::find)?;
    println!("{mongodb}");

    // Before the others: what is built last is what lies in the target directory then.
    let fire = Fire::prepare(&mut parts, false)?;
    let mut build = cargo(&["test", "--workspace", "--all-targets", "--no-run"]);
    let built = parts.run("build", &mut build)? == Outcome::Passed;
    if let Some(fire) = fire.filter(|_| built) {
        let every = ["test", "--workspace", "--all-targets", "--no-fail-fast", "--"];
        let mut tests = cargo(&every);
        fire.tell(over(&mongodb, tests.args(arguments)));
        parts.run("tests on both stores", &mut tests)?;
        let examples = ["test", "--workspace", "--doc", "--no-fail-fast", "--"];
        parts.run(
            "examples in the documentation",
            over(&mongodb, cargo(&examples).args(arguments)),
        )?;
        if arguments.is_empty() {
            bugs::run_over(&mongodb, &mut parts)?;
            let points = &["--every-point", "--regressions"];
            parts.run("kills at every point, kept faults", fire.command().args(points))?;
        }
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
