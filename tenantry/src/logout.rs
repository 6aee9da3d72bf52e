//! `tenantry logout`.

use std::sync::Arc;

use clap::Args;
use tenantry_proto::auth::v1::{LogoutRequest, auth_service_client::AuthServiceClient};

use crate::{
    caller::{Caller, FixedToken},
    context::Context,
    credentials::CredentialsFile,
    errors::CommandError,
    global::Global,
    output,
};

/// Arguments of `logout`.
#[derive(Args, Debug)]
pub struct LogoutArgs {
    /// Forgets the saved login and does not ask the server, where its session goes on until its time is over
    #[arg(long)]
    pub local: bool,
}

/// Ends the session of the saved login, which may have expired, and removes it. Without one there is nothing to do.
///
/// # Errors
/// The server's refusal, or why it could not be asked: then the login stays.
pub async fn logout(global: Global, args: LogoutArgs) -> Result<(), CommandError> {
    let file = CredentialsFile::locate(global.credentials_file.clone())?;
    // Whoever refreshes the login at this time is waited for: its tokens would come back otherwise.
    let _lock = file.lock(global.timeout).await?;
    if args.local {
        // One that cannot be read is forgotten as well.
        file.remove()?;
        output::note(format_args!("no login is kept in {file} any more"));
        return Ok(());
    }
    let context = Context::new(global)?;
    let Some(saved) = &context.saved else {
        output::note("nobody is logged in");
        return Ok(());
    };
    let token = FixedToken(saved.access_token.clone());
    context
        .auth_as(Caller::Bearer(Arc::new(token)))
        .call(LogoutRequest {}, |channel, request| async move {
            AuthServiceClient::new(channel).logout(request).await
        })
        .await
        .map_err(forget_it_here)?;
    file.remove()?;
    output::note(format_args!("{} is logged out", saved.email));
    Ok(())
}

fn forget_it_here(error: CommandError) -> CommandError {
    let hint = "the login is kept; `tenantry logout --local` forgets it here without ending it there";
    error.with_hint(hint.to_owned())
}
