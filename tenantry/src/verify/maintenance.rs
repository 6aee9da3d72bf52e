//! Calls of MaintenanceService, of running servers or over the stores of stopped ones.

use tenantry_proto::organization::v1::{
    ListFindingsRequest, ListFindingsResponse, RepairOrganizationRequest,
    maintenance_service_client::MaintenanceServiceClient, repair_organization_request::Target,
};
use tonic::Code;

use super::walk::Pages;
use crate::{answers::log_in_again, connection::Connection, dev::servers::Servers, errors::CommandError};

/// Who repairs.
pub trait Repairs {
    /// Does the safe things for one organization or collection, and answers what was done.
    ///
    /// # Errors
    /// The server's refusal, or why it could not be asked.
    async fn repair(&self, target: Target) -> Result<Vec<String>, CommandError>;
}

/// A MaintenanceService, and the servers behind it where they run in this process.
pub struct Maintenance {
    connection: Connection,
    servers: Option<Servers>,
}

impl Maintenance {
    /// That of running servers.
    pub fn of_others(connection: Connection) -> Self {
        Self {
            connection,
            servers: None,
        }
    }

    /// That of servers of our own, which end with it.
    pub fn of_ours(connection: Connection, servers: Servers) -> Self {
        Self {
            connection,
            servers: Some(servers),
        }
    }

    /// Ends our own servers, if there are any, and closes their stores. `outcome` is how the work with them ended;
    /// a server's own failure says more than what came of it.
    ///
    /// # Errors
    /// Why a server failed, else that of `outcome`.
    pub async fn stop<T>(self, outcome: Result<T, CommandError>) -> Result<T, CommandError> {
        if let Some(servers) = self.servers {
            servers.stop().await?;
        }
        outcome
    }
}

impl Pages for Maintenance {
    async fn page(&self, token: String) -> Result<ListFindingsResponse, CommandError> {
        let message = ListFindingsRequest {
            page_size: 0,
            page_token: token,
        };
        let answer = self.connection.call(message, |channel, request| async move {
            MaintenanceServiceClient::new(channel)
                .list_findings(request)
                .await
        });
        answer.await.map_err(for_operators)
    }
}

impl Repairs for Maintenance {
    async fn repair(&self, target: Target) -> Result<Vec<String>, CommandError> {
        let message = RepairOrganizationRequest { target: Some(target) };
        let answer = self.connection.call(message, |channel, request| async move {
            MaintenanceServiceClient::new(channel)
                .repair_organization(request)
                .await
        });
        answer.await.map(|answer| answer.actions).map_err(for_operators)
    }
}

/// Tells an admin who is let in, and anybody whose login is over to log in again.
fn for_operators(error: CommandError) -> CommandError {
    match &error {
        CommandError::Refused { status, .. } if status.code() == Code::PermissionDenied => error.with_hint(
            "operators alone may: log in as one with `tenantry login`, or give --service-credential-file"
                .to_owned(),
        ),
        _ => log_in_again(error),
    }
}
