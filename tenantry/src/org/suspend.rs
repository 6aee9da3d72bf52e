//! `tenantry org suspend`.

use clap::Args;
use tenantry_proto::organization::v1::{
    SuspendOrganizationRequest, organization_service_client::OrganizationServiceClient,
    suspend_organization_request::Organization as By,
};

use super::{is_id, print};
use crate::{answers::log_in_again, context::Context, errors::CommandError};

/// Arguments of `org suspend`.
#[derive(Args, Debug)]
pub struct SuspendArgs {
    /// The organization's id or exact handle
    #[arg(value_name = "ID|HANDLE")]
    pub organization: String,
    /// Suspends only if this is still the organization's etag
    #[arg(long)]
    pub etag: Option<String>,
}

/// Suspends an organization: nobody of it logs in until it is resumed.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn suspend(context: &Context, args: SuspendArgs) -> Result<(), CommandError> {
    let by = if is_id(&args.organization) {
        By::Id(args.organization)
    } else {
        By::Handle(args.organization)
    };
    let message = SuspendOrganizationRequest {
        organization: Some(by),
        etag: args.etag.unwrap_or_default(),
    };
    let answer = context
        .org()?
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .suspend_organization(request)
                .await
        })
        .await
        .map_err(log_in_again)?;
    print(context, answer.organization, "SuspendOrganization")
}
