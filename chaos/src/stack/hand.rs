//! What is done to a stack by hand: by an operator, or by somebody who should not have.

use std::time::Duration;

use redb::{Database, TableDefinition};
use tenantry_proto::{
    auth::v1::{
        GateState, SetOrganizationGateRequest,
        admin_provisioning_service_client::AdminProvisioningServiceClient,
    },
    organization::v1::{
        RepairOrganizationRequest, maintenance_service_client::MaintenanceServiceClient,
        repair_organization_request::Target,
    },
};
use tokio::time::sleep;
use tonic::{Code, Request};
use uuid::Uuid;

use super::{Error, Server, Stack, Store, asking::credentialed};

/// Longest that a call may take whose server may die under it.
const CALL: Duration = Duration::from_secs(5);

impl Stack {
    /// Moves an organization's gate behind org-service's back.
    ///
    /// # Errors
    /// auth-service's refusal.
    pub async fn set_gate(&self, organization: Uuid, epoch: i64, open: bool) -> Result<(), Error> {
        let state = if open {
            GateState::Open
        } else {
            GateState::Suspended
        };
        let request = SetOrganizationGateRequest {
            organization_id: organization.to_string(),
            epoch,
            state: state.into(),
        };
        let channel = self.place(Server::Auth)?.channel.clone();
        let answer = AdminProvisioningServiceClient::new(channel)
            .set_organization_gate(credentialed(request, CALL))
            .await;
        answer.map(drop).map_err(|status| Error::Answer(Box::new(status)))
    }

    /// Has an organization repaired; the server may die under the call.
    ///
    /// # Errors
    /// When there is no such server.
    pub async fn repair(&self, server: Server, organization: Uuid) -> Result<(), Error> {
        let mut client = MaintenanceServiceClient::new(self.place(server)?.channel.clone());
        let _ = client.repair_organization(repairing(organization)).await;
        Ok(())
    }

    /// Has an organization repaired until that is answered, or it is gone.
    ///
    /// # Errors
    /// What was answered last, after many attempts.
    pub async fn mend(&self, server: Server, organization: Uuid) -> Result<(), Error> {
        const ATTEMPTS: usize = 40;
        const PAUSE: Duration = Duration::from_millis(250);
        let mut client = MaintenanceServiceClient::new(self.place(server)?.channel.clone());
        let mut attempt = 0;
        loop {
            attempt += 1;
            match client.repair_organization(repairing(organization)).await {
                Ok(_) => return Ok(()),
                Err(status) if status.code() == Code::NotFound => return Ok(()),
                Err(status) if attempt == ATTEMPTS => return Err(Error::Answer(Box::new(status))),
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Makes a collection that is nobody's. An embedded store takes it while its server is down.
    ///
    /// # Errors
    /// The store's.
    pub async fn plant(&self, collection: &str) -> Result<(), Error> {
        match &self.setup.store {
            Store::MongoDb(server) => {
                let database = self.org_database().unwrap_or_default();
                server.create_collection(database, collection).await
            }
            Store::Embedded => {
                let file = self.directory().join("org.redb");
                plant_table(&file, collection).map_err(|error| Error::Io {
                    what: format!("planting {collection}"),
                    source: std::io::Error::other(error),
                })
            }
        }
    }
}

/// A tenant's collection is a table with its name.
fn plant_table(file: &std::path::Path, name: &str) -> Result<(), redb::Error> {
    let documents: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(name);
    let transaction = Database::open(file)?.begin_write()?;
    transaction.open_table(documents)?;
    transaction.commit()?;
    Ok(())
}

/// A repair of an organization.
fn repairing(organization: Uuid) -> Request<RepairOrganizationRequest> {
    let target = Some(Target::Id(organization.to_string()));
    credentialed(RepairOrganizationRequest { target }, CALL)
}
