//! What a stack asks its servers: whether they serve, and what is wrong.

use std::{net::SocketAddr, time::Duration};

use tenantry_common::rpc::service_credential::METADATA_KEY;
use tenantry_proto::organization::v1::{
    Finding, FindingSeverity, ListFindingsRequest, ListFindingsResponse,
    maintenance_service_client::MaintenanceServiceClient,
};
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::settings::CREDENTIAL;

/// What ListFindings found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// What is not sound.
    pub damage: Vec<Finding>,
    /// How much else is worth a look.
    pub notices: usize,
}

/// A channel that connects when it is used.
pub(super) fn channel(address: SocketAddr) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(endpoint.connect_timeout(Duration::from_secs(1)).connect_lazy())
}

/// Whether the server says that it serves.
pub(super) async fn serves(channel: &Channel) -> bool {
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(1));
    let answer = HealthClient::new(channel.clone()).check(request).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}

/// One page of findings.
pub(super) async fn page(
    channel: &Channel,
    page: ListFindingsRequest,
    patience: Duration,
) -> Result<ListFindingsResponse, Status> {
    let answer = MaintenanceServiceClient::new(channel.clone())
        .list_findings(credentialed(page, patience))
        .await?;
    Ok(answer.into_inner())
}

/// All findings.
pub(super) async fn findings(channel: &Channel, patience: Duration) -> Result<Findings, Status> {
    let mut all = Findings::default();
    let mut token = String::new();
    loop {
        let request = ListFindingsRequest {
            page_size: 0,
            page_token: token,
        };
        let answer = page(channel, request, patience).await?;
        for finding in answer.findings {
            match finding.severity() {
                FindingSeverity::Notice => all.notices += 1,
                _ => all.damage.push(finding),
            }
        }
        token = answer.next_page_token;
        if token.is_empty() {
            return Ok(all);
        }
    }
}

/// A request of who has the services' credential.
pub(super) fn credentialed<T>(message: T, patience: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
        .metadata_mut()
        .insert(METADATA_KEY, MetadataValue::from_static(CREDENTIAL));
    request
}
