//! Tenantry's development tasks: `cargo xtask --help` lists them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "for a terminal")]

mod bugs;
mod cargo;
mod chaos;
mod check;
mod explore;
mod forge;
mod guard;
mod mongodb;
mod mutants;
mod parts;
mod task;
mod test;

fn main() -> std::process::ExitCode {
    task::main()
}
