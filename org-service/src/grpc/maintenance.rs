//! `organization.v1.MaintenanceService`.

use prost::Message as _;
use tenantry_common::{
    id::OrganizationId,
    rpc::{
        client::CallContext,
        fields::{one_field, page_size},
        status::{Failure, published},
    },
};
use tenantry_proto::organization::v1::{
    ErrorReason, Finding as FindingMessage, FindingKind, FindingSeverity, ListFindingsRequest,
    ListFindingsResponse, RepairOrganizationRequest, RepairOrganizationResponse,
    maintenance_service_server::MaintenanceService, repair_organization_request,
};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::{convert::etag, parse};
use crate::{
    authentication::ServiceCaller,
    domain::Principal,
    maintenance::{Cursor, Finding, Kind, Maintenance, Position, RepairError, Severity, Target},
    organizations::Error,
    page_token::{PageTokens, Pages},
};

/// Page sizes (AIP-158): the default, and the most that is answered.
const DEFAULT_PAGE_SIZE: usize = 500;
const MAX_PAGE_SIZE: usize = 1_000;

/// MongoDB's limit on a namespace (MongoDB manual, Limits and Thresholds).
const MAX_NAME_BYTES: usize = 255;

/// The service's methods.
pub struct MaintenanceGrpc {
    maintenance: Maintenance,
    page_tokens: PageTokens,
}

impl MaintenanceGrpc {
    /// The methods over these use cases.
    pub fn new(maintenance: Maintenance, page_tokens: PageTokens) -> Self {
        Self {
            maintenance,
            page_tokens,
        }
    }
}

#[tonic::async_trait]
impl MaintenanceService for MaintenanceGrpc {
    async fn list_findings(
        &self,
        request: Request<ListFindingsRequest>,
    ) -> Result<Response<ListFindingsResponse>, Status> {
        may_maintain(&request)?;
        let context = CallContext::of_request(&request);
        let request = request.into_inner();
        let limit = page_size(request.page_size, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
        let limit = one_field("page_size", limit)?;
        let from = match request.page_token.as_str() {
            "" => None,
            token => Some(parse::page_token(self.page_tokens.open(Findings, token))?),
        };
        let page = self.maintenance.findings(from, limit, &context).await;
        let page = page.map_err(Failure::from)?;
        let next = page.next.map(|next| self.page_tokens.seal(Findings, next));
        let reply = ListFindingsResponse {
            findings: page.findings.into_iter().map(finding_message).collect(),
            next_page_token: next.unwrap_or_default(),
            checked_count: i64::try_from(page.checked).unwrap_or(i64::MAX),
            total_count: i64::try_from(page.total).unwrap_or(i64::MAX),
        };
        tracing::debug!(
            findings = reply.findings.len(),
            bytes = reply.encoded_len(),
            "page of findings"
        );
        Ok(Response::new(reply))
    }

    async fn repair_organization(
        &self,
        request: Request<RepairOrganizationRequest>,
    ) -> Result<Response<RepairOrganizationResponse>, Status> {
        may_maintain(&request)?;
        let context = CallContext::of_request(&request);
        let target = target(request.into_inner().target)?;
        let actions = self.maintenance.repair(target, &context).await;
        let actions = actions.map_err(Failure::from)?;
        Ok(Response::new(RepairOrganizationResponse { actions }))
    }
}

/// Operators may, and who has the services' credential. To everybody else nothing is looked up.
fn may_maintain<T>(request: &Request<T>) -> Result<(), Failure> {
    let extensions = request.extensions();
    let is_operator = extensions.get().is_some_and(Principal::is_operator);
    if is_operator || extensions.get::<ServiceCaller>().is_some() {
        return Ok(());
    }
    let reason = published(ErrorReason::PermissionDenied.as_str_name());
    Err(Failure::new(
        Code::PermissionDenied,
        reason,
        "only operators, and who has the services' credential, may look after the stores",
    ))
}

fn target(target: Option<repair_organization_request::Target>) -> Result<Target, Failure> {
    use repair_organization_request::Target::{CollectionName, Id};
    match target {
        Some(Id(id)) => one_field("id", id.parse().map(Target::Organization)),
        Some(CollectionName(name)) if name.len() > MAX_NAME_BYTES => {
            one_field("collection_name", Err("is longer than any collection's name"))
        }
        Some(CollectionName(name)) => one_field("collection_name", name.parse().map(Target::Collection)),
        None => one_field("target", Err("give an id or a collection_name")),
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let text = error.to_string();
        let failure = |code, reason: ErrorReason| Self::new(code, published(reason.as_str_name()), text);
        match error {
            RepairError::CollectionNotFound(_) => failure(Code::NotFound, ErrorReason::OrganizationNotFound),
            RepairError::NotSafe(_) => failure(Code::FailedPrecondition, ErrorReason::OrganizationState),
            // Whoever repairs must know why.
            RepairError::Other(Error::Halted(reason)) => Self::new(
                Code::FailedPrecondition,
                published(ErrorReason::OperationHalted.as_str_name()),
                format!("halted again: {reason}; nothing is lost"),
            ),
            RepairError::Other(error) => error.into(),
        }
    }
}

fn finding_message(finding: Finding) -> FindingMessage {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    FindingMessage {
        kind: kind_message(finding.kind).into(),
        severity: match finding.kind.severity() {
            Severity::Notice => FindingSeverity::Notice,
            Severity::Damage => FindingSeverity::Damage,
        }
        .into(),
        advice: finding.advice(),
        organization_id: text(finding.organization),
        collection_name: text(finding.collection),
        admin_id: text(finding.admin),
        handle: text(finding.handle),
        etag: finding.epoch.map(etag).unwrap_or_default(),
        description: finding.description,
        repairable: finding.repairable,
    }
}

fn kind_message(kind: Kind) -> FindingKind {
    match kind {
        Kind::CollectionMissing => FindingKind::CollectionMissing,
        Kind::CollectionMisplaced => FindingKind::CollectionMisplaced,
        Kind::CollectionDuplicated => FindingKind::CollectionDuplicated,
        Kind::CollectionForeign => FindingKind::CollectionForeign,
        Kind::CollectionTwin => FindingKind::CollectionTwin,
        Kind::CollectionOrphaned => FindingKind::CollectionOrphaned,
        Kind::CollectionSetAside => FindingKind::CollectionSetAside,
        Kind::AdminWithoutOrganization => FindingKind::AdminWithoutOrganization,
        Kind::OwnerMissing => FindingKind::OwnerMissing,
        Kind::GateDisagrees => FindingKind::GateDisagrees,
        Kind::HandleHeldTwice => FindingKind::HandleHeldTwice,
        Kind::OperationStalled => FindingKind::OperationStalled,
        Kind::OperationHalted => FindingKind::OperationHalted,
    }
}

/// The one walk of findings: every caller sees the same.
#[derive(Clone, Copy, Debug)]
struct Findings;

const IN_ORGANIZATIONS: u8 = 1;
const IN_COLLECTIONS: u8 = 2;

impl Pages for Findings {
    type Cursor = Cursor;

    fn bound_to(&self) -> Vec<u8> {
        b"findings".to_vec()
    }

    fn write(&self, cursor: Cursor) -> Vec<u8> {
        let mut bytes = cursor.total.to_be_bytes().to_vec();
        match cursor.position {
            Position::Organizations(after) => {
                bytes.push(IN_ORGANIZATIONS);
                bytes.extend(after.iter().flat_map(|id| id.as_uuid().as_bytes()));
            }
            Position::Collections(after) => {
                bytes.push(IN_COLLECTIONS);
                bytes.extend(after.iter().flat_map(|name| name.as_str().bytes()));
            }
        }
        bytes
    }

    fn read(&self, bytes: &[u8]) -> Option<Cursor> {
        let (total, position) = bytes.split_first_chunk()?;
        let position = match position.split_first()? {
            (&IN_ORGANIZATIONS, []) => Position::Organizations(None),
            (&IN_ORGANIZATIONS, id) => {
                let id = Uuid::from_slice(id).ok()?;
                Position::Organizations(Some(OrganizationId::from_uuid(id)))
            }
            (&IN_COLLECTIONS, []) => Position::Collections(None),
            (&IN_COLLECTIONS, name) => {
                Position::Collections(Some(std::str::from_utf8(name).ok()?.parse().ok()?))
            }
            _ => return None,
        };
        Some(Cursor {
            position,
            total: u64::from_be_bytes(*total),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cursor_survives_its_token_and_no_other_lists_token_opens() {
        let tokens = PageTokens::new(b"credential");
        let id = OrganizationId::from_uuid(Uuid::from_u128(7));
        for position in [
            Position::Organizations(None),
            Position::Organizations(Some(id)),
            Position::Collections(None),
            Position::Collections(Some("org_acme".parse().unwrap())),
        ] {
            let cursor = Cursor { position, total: 9 };
            let token = tokens.seal(Findings, cursor.clone());
            assert_eq!(tokens.open(Findings, &token), Ok(cursor));
        }
        let walk = crate::page_token::Walk {
            admin: tenantry_common::id::AdminId::from_uuid(Uuid::from_u128(1)),
            show_deleted: false,
        };
        let lists = tokens.seal(walk, id);
        assert!(tokens.open(Findings, &lists).is_err());
    }

    #[test]
    fn every_kind_is_published_once() {
        let kinds: std::collections::BTreeSet<i32> =
            KINDS.into_iter().map(|kind| kind_message(kind).into()).collect();
        let published = (1..100).filter(|number| FindingKind::try_from(*number).is_ok());
        assert!(kinds.into_iter().eq(published));
    }

    const KINDS: [Kind; 13] = [
        Kind::CollectionMissing,
        Kind::CollectionMisplaced,
        Kind::CollectionDuplicated,
        Kind::CollectionForeign,
        Kind::CollectionTwin,
        Kind::CollectionOrphaned,
        Kind::CollectionSetAside,
        Kind::AdminWithoutOrganization,
        Kind::OwnerMissing,
        Kind::GateDisagrees,
        Kind::HandleHeldTwice,
        Kind::OperationStalled,
        Kind::OperationHalted,
    ];
}
