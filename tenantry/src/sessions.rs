//! `tenantry sessions …`: where one is logged in, and the end of it.

use clap::{Args, Subcommand};
use tenantry_common::id::parse_uuid;
use tenantry_proto::auth::v1::{
    ListSessionsRequest, ListSessionsResponse, RevokeAllSessionsRequest, RevokeSessionRequest,
    auth_service_client::AuthServiceClient,
};
use uuid::Uuid;

use crate::{
    answers::log_in_again, connection::Connection, context::Context, errors::CommandError, output,
    views::SessionsView,
};

/// What to do with one's own sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// Lists the places where you are logged in, the oldest first; `*` marks this one
    List,
    /// Ends sessions at once, wherever they are used
    Revoke(RevokeArgs),
}

/// Arguments of `sessions revoke`.
#[derive(Args, Debug)]
pub struct RevokeArgs {
    /// The sessions' ids
    #[arg(value_name = "ID", value_parser = parse_uuid, required_unless_present = "all", conflicts_with_all = ["all", "keep_current"])]
    pub ids: Vec<Uuid>,
    /// Ends all of them, logins under way included
    #[arg(long)]
    pub all: bool,
    /// All but this one
    #[arg(long, requires = "all")]
    pub keep_current: bool,
}

/// Carries out one of the `sessions` commands.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn run(context: &Context, command: SessionsCommand) -> Result<(), CommandError> {
    let connection = context.auth()?;
    match command {
        SessionsCommand::List => context.print(&SessionsView::from(fetch(&connection).await?)),
        SessionsCommand::Revoke(args) if args.all => {
            revoke_all(context, &connection, args.keep_current).await
        }
        SessionsCommand::Revoke(args) => revoke(context, &connection, args.ids).await,
    }
}

async fn fetch(connection: &Connection) -> Result<ListSessionsResponse, CommandError> {
    connection
        .call(ListSessionsRequest {}, |channel, request| async move {
            AuthServiceClient::new(channel).list_sessions(request).await
        })
        .await
        .map_err(log_in_again)
}

/// Ends these, the current one last: no call can be made after it.
async fn revoke(context: &Context, connection: &Connection, ids: Vec<Uuid>) -> Result<(), CommandError> {
    let sessions = fetch(connection).await?.sessions;
    let (mut others, mut current) = (Vec::new(), None);
    for id in ids.iter().map(Uuid::to_string) {
        match sessions.iter().find(|session| session.id == id) {
            Some(session) if session.current => current = Some(id),
            Some(_) => others.push(id),
            None => output::note(format_args!("you have no session {id}")),
        }
    }
    for id in others {
        revoke_one(connection, &id).await.map_err(log_in_again)?;
        output::note(format_args!("session {id} has ended"));
    }
    let Some(id) = current else { return Ok(()) };
    ended(revoke_one(connection, &id).await)?;
    context.forget_login().await
}

async fn revoke_one(connection: &Connection, id: &str) -> Result<(), CommandError> {
    let message = RevokeSessionRequest {
        session_id: id.to_owned(),
    };
    let answer = connection.call(message, |channel, request| async move {
        AuthServiceClient::new(channel).revoke_session(request).await
    });
    answer.await.map(drop)
}

async fn revoke_all(
    context: &Context,
    connection: &Connection,
    keep_current: bool,
) -> Result<(), CommandError> {
    let message = RevokeAllSessionsRequest { keep_current };
    let answer = connection.call(message, |channel, request| async move {
        AuthServiceClient::new(channel).revoke_all_sessions(request).await
    });
    let answer = answer.await.map(drop);
    if keep_current {
        answer.map_err(log_in_again)?;
        output::note("all your sessions but this one have ended");
        return Ok(());
    }
    ended(answer)?;
    output::note("all your sessions have ended");
    context.forget_login().await
}

/// The end of the session that asks. The repeat of a call whose answer was lost is refused for just what it was to do.
fn ended(answer: Result<(), CommandError>) -> Result<(), CommandError> {
    match answer {
        Err(error @ CommandError::Refused { repeated: true, .. })
            if error.reason().as_deref() == Some("TOKEN_REVOKED") =>
        {
            Ok(())
        }
        answer => answer.map_err(log_in_again),
    }
}

#[cfg(test)]
mod tests {
    use tenantry_common::rpc::status::Failure;
    use tonic::Code;

    use super::*;

    #[test]
    fn only_the_repeat_of_a_revocation_is_refused_for_its_success() {
        let refused = |reason, repeated| {
            Err(CommandError::Refused {
                status: Box::new(Failure::new(Code::Unauthenticated, reason, "no").into()),
                repeated,
                hint: None,
            })
        };
        ended(refused("TOKEN_REVOKED", true)).unwrap();
        for (reason, repeated) in [("TOKEN_REVOKED", false), ("TOKEN_INVALID", true)] {
            let error = ended(refused(reason, repeated)).unwrap_err().to_string();
            assert!(error.contains("log in again"), "{error}");
        }
    }
}
