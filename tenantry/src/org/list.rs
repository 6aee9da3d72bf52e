//! `tenantry org list`.

use clap::Args;
use tenantry_proto::organization::v1::{
    ListOrganizationsRequest, ListOrganizationsResponse,
    organization_service_client::OrganizationServiceClient,
};

use crate::{
    answers::log_in_again, connection::Connection, context::Context, errors::CommandError, output,
    views::OrganizationsView,
};

/// Arguments of `org list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many organizations a page holds at most, up to 500 [default: 50]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub page_size: i32,
    /// Starts at the page that an earlier answer named
    #[arg(long, value_name = "TOKEN", conflicts_with = "all")]
    pub page_token: Option<String>,
    /// Lists deleted organizations too, until they are purged
    #[arg(long)]
    pub show_deleted: bool,
    /// Follows all pages
    #[arg(long)]
    pub all: bool,
}

/// Lists organizations.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn list(context: &Context, args: ListArgs) -> Result<(), CommandError> {
    let connection = context.org()?;
    let mut request = ListOrganizationsRequest {
        page_size: args.page_size,
        page_token: args.page_token.unwrap_or_default(),
        show_deleted: args.show_deleted,
    };
    let mut answer = page(&connection, request.clone()).await?;
    while args.all && !answer.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut answer.next_page_token);
        let next = page(&connection, request.clone()).await?;
        answer.organizations.extend(next.organizations);
        answer.next_page_token = next.next_page_token;
    }
    let next = answer.next_page_token.clone();
    context.print(&OrganizationsView::from(answer))?;
    if context.is_for_people() && !next.is_empty() {
        output::note(format_args!(
            "there are more: --all lists them, --page-token {next} shows the next page"
        ));
    }
    Ok(())
}

async fn page(
    connection: &Connection,
    request: ListOrganizationsRequest,
) -> Result<ListOrganizationsResponse, CommandError> {
    connection
        .call(request, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .list_organizations(request)
                .await
        })
        .await
        .map_err(log_in_again)
}
