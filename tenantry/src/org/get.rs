//! `tenantry org get`.

use clap::Args;
use tenantry_proto::organization::v1::{
    GetOrganizationRequest, Organization, get_organization_request::Organization as By,
    organization_service_client::OrganizationServiceClient,
};

use super::{is_id, print};
use crate::{
    answers::{incomplete, log_in_again},
    connection::Connection,
    context::Context,
    errors::CommandError,
};

/// Arguments of `org get`.
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The organization's id, or its handle in any spelling [default: your own]
    #[arg(value_name = "ID|HANDLE")]
    pub organization: Option<String>,
}

/// Shows one organization.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn get(context: &Context, args: GetArgs) -> Result<(), CommandError> {
    let wanted = match args.organization {
        Some(wanted) => wanted,
        None => own_organization(context)?,
    };
    let organization = fetch(&context.org()?, wanted).await?;
    print(context, Some(organization), "GetOrganization")
}

fn own_organization(context: &Context) -> Result<String, CommandError> {
    let login = context.login()?;
    if login.organization_id.is_empty() {
        let text = format!(
            "{} belongs to no organization: name one by its id or handle",
            login.email
        );
        return Err(CommandError::Usage(text));
    }
    Ok(login.organization_id.clone())
}

/// Reads the organization with an id or handle.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn fetch(connection: &Connection, wanted: String) -> Result<Organization, CommandError> {
    let by = if is_id(&wanted) {
        By::Id(wanted)
    } else {
        By::Handle(wanted)
    };
    let answer = connection
        .call(
            GetOrganizationRequest {
                organization: Some(by),
            },
            |channel, request| async move {
                OrganizationServiceClient::new(channel)
                    .get_organization(request)
                    .await
            },
        )
        .await
        .map_err(log_in_again)?;
    answer.organization.ok_or_else(|| incomplete("GetOrganization"))
}
