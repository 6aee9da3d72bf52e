//! `tenantry org …`: one command per file.

mod create;
mod delete;
mod get;
mod list;
mod rename;
mod resume;
mod suspend;
mod undelete;

use clap::Subcommand;
use tenantry_common::id::parse_uuid;
use tenantry_proto::organization::v1::Organization;

use crate::{answers::incomplete, context::Context, errors::CommandError, views::OrganizationView};

/// What to do with organizations.
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Creates an organization with its first admin
    Create(create::CreateArgs),
    /// Shows one organization
    Get(get::GetArgs),
    /// Lists organizations in the order of their creation
    List(list::ListArgs),
    /// Gives an organization another name; its handle and collection follow, unless the handle was given by hand
    Rename(rename::RenameArgs),
    /// Suspends an organization: ends all its logins and lets nobody of it log in; for operators
    Suspend(suspend::SuspendArgs),
    /// Ends an organization's suspension; for operators
    Resume(resume::ResumeArgs),
    /// Deletes an organization; its data stays in the trash until the purge time
    Delete(delete::DeleteArgs),
    /// Brings a deleted organization back with its data, until the purge time; for operators
    Undelete(undelete::UndeleteArgs),
}

/// Carries out one of the `org` commands.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn run(context: &Context, command: OrgCommand) -> Result<(), CommandError> {
    match command {
        OrgCommand::Create(args) => create::create(context, args).await,
        OrgCommand::Get(args) => get::get(context, args).await,
        OrgCommand::List(args) => list::list(context, args).await,
        OrgCommand::Rename(args) => rename::rename(context, args).await,
        OrgCommand::Suspend(args) => suspend::suspend(context, args).await,
        OrgCommand::Resume(args) => resume::resume(context, args).await,
        OrgCommand::Delete(args) => delete::delete(context, args).await,
        OrgCommand::Undelete(args) => undelete::undelete(context, args).await,
    }
}

/// What looks like an id is one: no handle has hyphens.
fn is_id(text: &str) -> bool {
    parse_uuid(text).is_ok()
}

fn print(context: &Context, organization: Option<Organization>, method: &str) -> Result<(), CommandError> {
    let organization = organization.ok_or_else(|| incomplete(method))?;
    context.print(&OrganizationView::from(organization))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_never_taken_for_an_id() {
        assert!(is_id("0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"));
        for handle in ["acme_inc", "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b", "Acme, Inc."] {
            assert!(!is_id(handle), "{handle}");
        }
    }
}
