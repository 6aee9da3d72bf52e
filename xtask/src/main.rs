//! Tenantry's development tasks: `cargo xtask --help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal is all that a task talks to"
)]

mod cargo;
mod check;
mod explore;
mod guard;
mod mongodb;
mod parts;
mod task;
mod test;

use std::process::ExitCode;

fn main() -> ExitCode {
    task::main()
}
