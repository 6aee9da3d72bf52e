//! `tenantry org resume`.

use clap::Args;
use tenantry_proto::organization::v1::{
    ResumeOrganizationRequest, organization_service_client::OrganizationServiceClient,
    resume_organization_request::Organization as By,
};

use super::{is_id, print};
use crate::{answers::log_in_again, context::Context, errors::CommandError};

/// Arguments of `org resume`.
#[derive(Args, Debug)]
pub struct ResumeArgs {
    /// The organization's id or exact handle
    #[arg(value_name = "ID|HANDLE")]
    pub organization: String,
    /// Resumes only if this is still the organization's etag
    #[arg(long)]
    pub etag: Option<String>,
}

/// Ends an organization's suspension.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn resume(context: &Context, args: ResumeArgs) -> Result<(), CommandError> {
    let by = if is_id(&args.organization) {
        By::Id(args.organization)
    } else {
        By::Handle(args.organization)
    };
    let message = ResumeOrganizationRequest {
        organization: Some(by),
        etag: args.etag.unwrap_or_default(),
    };
    let answer = context
        .org()?
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .resume_organization(request)
                .await
        })
        .await
        .map_err(log_in_again)?;
    print(context, answer.organization, "ResumeOrganization")
}
