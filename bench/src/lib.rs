//! Measures what Tenantry promises of its speed. Rates of a machine drift by more than any promise allows, so every
//! promise is a ratio of two things that are measured side by side in one run, over and over.
//!
//! `login-flood`: what ValidateToken's callers notice of a flood of logins, how fast those are refused that are too
//! many, and how much of the processor's time for hashing becomes logins. `login-timing`: whether the time that a
//! refused login takes tells whose e-mail it was.
#![cfg(target_os = "linux")]

pub mod accounts;
pub mod arguments;
pub mod cpus;
pub mod host;
pub mod latency;
pub mod login_flood;
pub mod login_timing;
pub mod open_loop;
pub mod place;
pub mod raw_bcrypt;
pub mod serve;
pub mod server;
pub mod statistics;
mod table;

use std::{
    error::Error,
    future::Future,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use tokio::runtime;

use crate::arguments::{Arguments, Command};

/// What went wrong, for people.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Does what the command line asks for. The exit code is 0 whenever it was measured, whatever the figures are.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::LoginFlood(arguments) => login_flood::run(&arguments),
        Command::LoginTiming(arguments) => login_timing::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells what is under way, on standard error; nobody to hear it is no failure.
pub(crate) fn note(line: &str) {
    let _unheard = writeln!(io::stderr().lock(), "{line}");
}

/// Runs on a runtime of one thread, this one, with nothing else on it.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
