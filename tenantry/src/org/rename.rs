//! `tenantry org rename`.

use clap::Args;
use tenantry_proto::organization::v1::{
    Organization, UpdateOrganizationRequest, organization_service_client::OrganizationServiceClient,
};

use super::{get::fetch, is_id, print};
use crate::{answers::log_in_again, context::Context, errors::CommandError};

/// Arguments of `org rename`.
#[derive(Args, Debug)]
pub struct RenameArgs {
    /// The organization's id or handle
    #[arg(value_name = "ID|HANDLE")]
    pub organization: String,
    /// The new name
    pub new_name: String,
    /// The new handle, in canonical form
    #[arg(long)]
    pub handle: Option<String>,
    /// Renames only if this is still the organization's etag
    #[arg(long)]
    pub etag: Option<String>,
}

/// Gives an organization another name.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn rename(context: &Context, args: RenameArgs) -> Result<(), CommandError> {
    let connection = context.org()?;
    let id = if is_id(&args.organization) {
        args.organization
    } else {
        fetch(&connection, args.organization).await?.id
    };
    let mut paths = vec!["name".to_owned()];
    paths.extend(args.handle.is_some().then(|| "handle".to_owned()));
    let organization = Organization {
        id,
        name: args.new_name,
        handle: args.handle.unwrap_or_default(),
        ..Default::default()
    };
    let message = UpdateOrganizationRequest {
        organization: Some(organization),
        update_mask: Some(prost_types::FieldMask { paths }),
        etag: args.etag.unwrap_or_default(),
    };
    let answer = connection
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .update_organization(request)
                .await
        })
        .await
        .map_err(log_in_again)?;
    print(context, answer.organization, "UpdateOrganization")
}
