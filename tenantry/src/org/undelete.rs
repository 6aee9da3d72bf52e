//! `tenantry org undelete`.

use clap::Args;
use tenantry_proto::organization::v1::{
    UndeleteOrganizationRequest, organization_service_client::OrganizationServiceClient,
};

use super::print;
use crate::{answers::log_in_again, context::Context, errors::CommandError};

/// Arguments of `org undelete`.
#[derive(Args, Debug)]
pub struct UndeleteArgs {
    /// The organization's id; `org list --show-deleted` shows it
    #[arg(value_name = "ID")]
    pub id: String,
    /// The handle it comes back under, in canonical form [default: its former one]
    #[arg(long)]
    pub handle: Option<String>,
    /// Brings it back only if this is still the organization's etag
    #[arg(long)]
    pub etag: Option<String>,
}

/// Brings a deleted organization back.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn undelete(context: &Context, args: UndeleteArgs) -> Result<(), CommandError> {
    let message = UndeleteOrganizationRequest {
        id: args.id,
        handle: args.handle.unwrap_or_default(),
        etag: args.etag.unwrap_or_default(),
    };
    let answer = context
        .org()?
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .undelete_organization(request)
                .await
        })
        .await
        .map_err(log_in_again)?;
    print(context, answer.organization, "UndeleteOrganization")
}
