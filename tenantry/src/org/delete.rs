//! `tenantry org delete`.

use clap::Args;
use tenantry_proto::organization::v1::{
    DeleteOrganizationRequest, delete_organization_request::Organization as By,
    organization_service_client::OrganizationServiceClient,
};

use super::is_id;
use crate::{
    answers::log_in_again, context::Context, errors::CommandError, output, prompt, views::OrganizationView,
};

/// Arguments of `org delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The organization's id or exact handle
    #[arg(value_name = "ID|HANDLE")]
    pub organization: String,
    /// Deletes only if this is still the organization's etag
    #[arg(long)]
    pub etag: Option<String>,
    /// Takes a missing or already deleted organization for a success
    #[arg(long)]
    pub allow_missing: bool,
    /// Does not ask; needed when standard input is no terminal
    #[arg(short, long)]
    pub yes: bool,
}

/// Deletes an organization, after asking.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn delete(context: &Context, args: DeleteArgs) -> Result<(), CommandError> {
    let connection = context.org()?;
    let wanted = args.organization;
    if !args.yes && !prompt::confirm(&format!("Delete organization {wanted} and end all its logins?"))? {
        output::note("nothing was deleted");
        return Ok(());
    }
    let by = if is_id(&wanted) {
        By::Id(wanted.clone())
    } else {
        By::Handle(wanted.clone())
    };
    let message = DeleteOrganizationRequest {
        organization: Some(by),
        etag: args.etag.unwrap_or_default(),
        allow_missing: args.allow_missing,
    };
    let answer = connection
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .delete_organization(request)
                .await
        })
        .await;
    match answer.map(|answer| answer.organization) {
        Ok(Some(organization)) => context.print(&OrganizationView::from(organization)),
        Ok(None) => {
            output::note(format_args!("there is no organization {wanted}"));
            Ok(())
        }
        Err(error) => accepted_before(context, error, &wanted, args.allow_missing),
    }
}

/// An owner's login ends with the acceptance of the deletion, so that the repeat meets a revoked token: that is
/// the sign that the deletion was accepted, not a failure of it.
fn accepted_before(
    context: &Context,
    error: CommandError,
    wanted: &str,
    allow_missing: bool,
) -> Result<(), CommandError> {
    let own = context.login().is_ok_and(|login| {
        !login.organization_id.is_empty()
            && (!is_id(wanted) || login.organization_id == wanted.to_lowercase())
    });
    if !own || error.reason().as_deref() != Some("TOKEN_REVOKED") {
        return Err(log_in_again(error));
    }
    let text = format!("an earlier deletion of {wanted} was accepted: it ended this login");
    let repeated = matches!(error, CommandError::Refused { repeated: true, .. });
    if repeated || allow_missing {
        output::note(text);
        return Ok(());
    }
    Err(error.with_hint(text))
}
