//! `tenantry password …`: one's own password.

use clap::Subcommand;
use secrecy::ExposeSecret;
use tenantry_proto::auth::v1::{ChangePasswordRequest, auth_service_client::AuthServiceClient};

use crate::{
    answers::{incomplete, log_in_again},
    context::Context,
    errors::CommandError,
    output,
    prompt::{self, PasswordChangeArgs},
    views::AdminView,
};

/// What to do with one's own password.
#[derive(Debug, Subcommand)]
pub enum PasswordCommand {
    /// Changes your password and ends your other sessions; this one goes on
    Change(PasswordChangeArgs),
}

/// Carries out one of the `password` commands.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn run(context: &Context, command: PasswordCommand) -> Result<(), CommandError> {
    let PasswordCommand::Change(args) = command;
    let connection = context.auth()?;
    let change = prompt::password_change(args)?;
    let message = ChangePasswordRequest {
        current_password: change.current.expose_secret().to_owned(),
        new_password: change.new.expose_secret().to_owned(),
    };
    let answer = connection.call(message, |channel, request| async move {
        AuthServiceClient::new(channel).change_password(request).await
    });
    let answer = answer.await.map_err(log_in_again)?;
    let admin = answer.admin.ok_or_else(|| incomplete("ChangePassword"))?;
    if context.is_for_people() {
        output::note("the password is changed; all your sessions but this one have ended");
    }
    context.print(&AdminView::from(admin))
}
