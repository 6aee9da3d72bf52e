//! Tenantry's command line: a client for people, and both servers in one process.

mod admin;
mod answers;
mod caller;
mod cli;
mod connection;
mod context;
mod credentials;
mod dev;
mod errors;
mod global;
mod label;
mod login;
mod logout;
mod org;
mod output;
mod password;
mod progress;
mod prompt;
mod refresh;
mod repair;
mod report;
mod server;
mod sessions;
mod verify;
mod views;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    context::Context,
    errors::CommandError,
    verify::Verdict,
};

/// Parses the command line, carries the command out and tells how that went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            if !error.is_broken_pipe() {
                output::note(&error);
            }
            error.exit_code()
        }
    }
}

/// Help and version are answers; anything else is a misuse of the command line.
fn usage(error: &clap::Error) -> ExitCode {
    let _unheard = error.print();
    if error.use_stderr() {
        CommandError::Usage(String::new()).exit_code()
    } else {
        ExitCode::SUCCESS
    }
}

fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Org(command) => org::run(&Context::new(cli.global)?, command).await,
            Command::Login(args) => login::login(&Context::new(cli.global)?, args).await,
            Command::Logout(args) => logout::logout(cli.global, args).await,
            Command::Sessions(command) => sessions::run(&Context::new(cli.global)?, command).await,
            Command::Password(command) => password::run(&Context::new(cli.global)?, command).await,
            Command::Admin(command) => return admin::run(cli.global, command).await,
            Command::Dev(args) => dev::run(args).await,
            Command::Whoami => login::whoami(&Context::new(cli.global)?).await,
            Command::Verify(args) => return judged(verify::run(cli.global, args).await),
            Command::Repair(args) => return judged(repair::run(cli.global, args).await),
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

/// The exit code that answers whether the stores are sound; what kept that from being found out must not look like it.
fn judged(verdict: Result<Verdict, CommandError>) -> Result<ExitCode, CommandError> {
    verdict
        .map(|verdict| match verdict {
            Verdict::Sound => ExitCode::SUCCESS,
            Verdict::Damaged => ExitCode::from(1),
        })
        .map_err(CommandError::could_not_look)
}
