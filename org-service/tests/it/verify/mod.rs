//! Whether the stores are sound: each kind of damage, planted by hand, is found and told; what a repair says it mends
//! it mends, and nothing is ever deleted.

mod access;
mod admins;
mod collections;
mod operations;
mod sound;

use std::time::Duration;

use org_service::domain::{CollectionName, Handle, Organization, Stamp};
use tenantry_common::id::{Ids, SystemIds};
use tenantry_proto::organization::v1::{
    Finding, FindingKind, FindingSeverity, ListFindingsRequest, RepairOrganizationRequest,
    maintenance_service_client::MaintenanceServiceClient, repair_organization_request::Target,
};
use tonic::{Code, Status, transport::Channel};

use crate::harness::*;

/// A platform, and who looks after it.
pub struct Inspector {
    pub platform: Platform,
    pub client: MaintenanceServiceClient<Channel>,
}

impl Inspector {
    pub async fn new(place: Place) -> Self {
        Self::of(Platform::start(place).await).await
    }

    pub async fn of(platform: Platform) -> Self {
        Self {
            client: MaintenanceServiceClient::new(connect(&platform.org_server.url).await),
            platform,
        }
    }

    /// An organization in use, as the store has it.
    pub async fn organization(&self, name: &str) -> Organization {
        let created = self.platform.create(name).await;
        self.platform.record(&created.id).await
    }

    /// All that is found, on small pages.
    pub async fn findings(&self) -> Vec<Finding> {
        let (mut findings, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListFindingsRequest {
                page_size: 2,
                page_token,
            };
            let page = self.client.clone().list_findings(with_credential(request)).await;
            let page = page.expect("a page").into_inner();
            findings.extend(page.findings);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return findings;
            }
        }
    }

    /// The kinds of all that is found, and whether a repair mends them.
    pub async fn kinds(&self) -> Vec<(FindingKind, bool)> {
        let findings = self.findings().await;
        findings
            .iter()
            .map(|finding| (finding.kind(), finding.repairable))
            .collect()
    }

    /// The one thing that is found.
    pub async fn only_finding(&self) -> Finding {
        let mut findings = self.findings().await;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let finding = findings.remove(0);
        assert!(
            !finding.description.is_empty() && !finding.advice.is_empty(),
            "{finding:#?}"
        );
        let severity = match finding.kind() {
            FindingKind::CollectionSetAside => FindingSeverity::Notice,
            _ => FindingSeverity::Damage,
        };
        assert_eq!(finding.severity(), severity);
        finding
    }

    /// The one thing that is found, which is of this kind and about this organization.
    pub async fn finds(&self, kind: FindingKind, organization: &Organization, repairable: bool) -> Finding {
        let finding = self.only_finding().await;
        assert_eq!(
            (finding.kind(), finding.repairable),
            (kind, repairable),
            "{finding:#?}"
        );
        let epoch = self.platform.record(&organization.id.to_string()).await.epoch;
        assert_eq!(finding.organization_id, organization.id.to_string());
        assert_eq!(finding.etag, format!("\"{epoch}\""));
        finding
    }

    pub async fn repair(&self, target: Target) -> Result<Vec<String>, Status> {
        let request = RepairOrganizationRequest { target: Some(target) };
        let reply = self
            .client
            .clone()
            .repair_organization(with_credential(request))
            .await?;
        Ok(reply.into_inner().actions)
    }

    /// Repairs an organization; as many collections are there as before.
    pub async fn mends(&self, organization: &Organization) -> Vec<String> {
        self.mends_target(Target::Id(organization.id.to_string())).await
    }

    /// Repairs what a collection points to; as many collections are there as before.
    pub async fn mends_collection(&self, name: &CollectionName) -> Vec<String> {
        self.mends_target(Target::CollectionName(name.to_string())).await
    }

    async fn mends_target(&self, target: Target) -> Vec<String> {
        let before = self.platform.ground.collections().await.len();
        let actions = self.repair(target.clone()).await.expect("it is repaired");
        assert_eq!(
            self.platform.ground.collections().await.len(),
            before,
            "nothing is deleted"
        );
        assert!(!actions.is_empty(), "{target:?}");
        actions
    }

    /// A repair that halts: nothing is lost by it.
    pub async fn halts(&self, organization: &Organization) {
        let before = self.platform.ground.collections().await;
        let halted = self.repair(Target::Id(organization.id.to_string())).await;
        refused(halted, Code::FailedPrecondition, "OPERATION_HALTED");
        // Its last lease ends.
        self.platform.clock.advance(Duration::from_secs(6));
        assert_eq!(self.platform.ground.collections().await, before);
    }

    /// That nothing at all is found, and that a repair finds nothing to do.
    pub async fn assert_sound(&self, organizations: &[&Organization]) {
        let findings = self.findings().await;
        assert!(findings.is_empty(), "{findings:#?}");
        for organization in organizations {
            let repaired = self.repair(Target::Id(organization.id.to_string())).await;
            assert_eq!(repaired.expect("a repair"), [""; 0]);
        }
    }

    /// That the organization's own collection is at its home.
    pub async fn assert_at_home(&self, organization: &Organization) {
        let record = self.platform.record(&organization.id.to_string()).await;
        let home = record.home.clone().expect("a home");
        let seen = self.platform.ground.collections().await;
        let own: Vec<_> = seen
            .iter()
            .filter(|seen| seen.stamp == organization.full_stamp())
            .map(|seen| &seen.name)
            .collect();
        assert_eq!(own, [&home]);
    }

    /// The one collection that was set aside.
    pub async fn stray(&self) -> CollectionName {
        let seen = self.platform.ground.collections().await;
        let mut strays = seen.into_iter().filter(|seen| seen.name.is_stray());
        let stray = strays.next().expect("a stray").name;
        assert_eq!(strays.next(), None);
        stray
    }
}

pub fn in_use(handle: &str) -> CollectionName {
    CollectionName::in_use(&Handle::parse(handle).expect("a handle"))
}

/// The stamp of another `create` command for the same organization.
pub fn twin_of(organization: &Organization) -> Stamp {
    Stamp {
        organization: organization.id,
        attempt: SystemIds.uuid_v4(),
    }
}
