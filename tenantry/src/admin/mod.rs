//! `tenantry admin …`: what operators do for other admins; one command per file.

mod import;
mod name;
mod set_password;

use std::process::ExitCode;

use clap::Subcommand;
use tonic::Code;

use crate::{answers::log_in_again, context::Context, errors::CommandError, global::Global};

/// What to do with other admins.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Sets the password of an admin who has lost it, and ends all of that admin's sessions; for operators
    SetPassword(set_password::SetPasswordArgs),
    /// Takes over password hashes of another system, and ends the sessions of each admin; for operators
    #[command(after_help = import::HELP)]
    Import(import::ImportArgs),
}

/// Carries out one of the `admin` commands.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn run(global: Global, command: AdminCommand) -> Result<ExitCode, CommandError> {
    match command {
        AdminCommand::SetPassword(args) => {
            let done = set_password::set_password(&Context::new(global)?, args).await;
            done.map(|()| ExitCode::SUCCESS)
        }
        AdminCommand::Import(args) => import::run(global, args).await,
    }
}

/// Tells an admin who is let in, and anybody whose login is over to log in again.
fn for_operators(error: CommandError) -> CommandError {
    match &error {
        CommandError::Refused { status, .. } if status.code() == Code::PermissionDenied => {
            error.with_hint("operators alone may: log in as one with `tenantry login`".to_owned())
        }
        _ => log_in_again(error),
    }
}
