//! Records and what is seen of them, for tests.

use std::time::Duration;

use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, OrganizationId},
};
use uuid::Uuid;

use super::{
    Kind,
    finding::Finding,
    record::{Holders, Looked, of_organization},
};
use crate::{
    admins::{AdminSummary, Gate, OrganizationAdmins},
    domain::{CollectionName, Handle, Labels, Organization, OrganizationName, Seen, Stamp, State},
    lifecycle::{
        self, Accepted, AdminSeen, GateState, NewOrganization, Observed, Policy, create, with_stamp,
    },
};

pub(super) const START: Timestamp = Timestamp::from_millis(1_000_000);
pub(super) const ATTEMPT: Uuid = Uuid::from_u128(2);
pub(super) const ACCEPTED: Accepted = Accepted {
    operation: Uuid::from_u128(1),
    now: START,
};
const POLICY: Policy = Policy {
    retention: Duration::from_secs(86_400),
    handle_rest: Duration::from_secs(600),
    recheck: Duration::from_secs(600),
};

pub(super) fn id(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

pub(super) fn in_use(text: &str) -> CollectionName {
    CollectionName::in_use(&handle(text))
}

/// What an operation makes of a record at its end.
pub(super) fn ended(begun: &Organization) -> Organization {
    let certain = Organization {
        fence: begun.operation.as_ref().unwrap().first_fence,
        ..begun.clone()
    };
    let done = lifecycle::finish(&certain, &Observed::nothing(), &POLICY, START);
    Organization {
        fence: begun.fence,
        ..done
    }
}

/// An organization in use whose handle is `text`.
pub(super) fn active(text: &str) -> Organization {
    let new = NewOrganization {
        id: id(10),
        admin_id: AdminId::from_uuid(Uuid::from_u128(11)),
        name: OrganizationName::parse(text).unwrap(),
        handle: handle(text),
        handle_given: false,
        labels: Labels::default(),
        create_request: None,
    };
    Organization {
        state: State::Active,
        operation: None,
        ..with_stamp(&create(new, ACCEPTED), ATTEMPT)
    }
}

pub(super) fn deleted() -> Organization {
    ended(&lifecycle::delete(&active("acme"), ACCEPTED))
}

pub(super) fn purged() -> Organization {
    ended(&lifecycle::purge(&deleted(), ACCEPTED))
}

/// A collection that bears an organization's stamp.
pub(super) fn stamped(name: &CollectionName, organization: OrganizationId, attempt: Uuid) -> Seen {
    let stamp = Stamp {
        organization,
        attempt,
    };
    Seen {
        name: name.clone(),
        stamp: Some(stamp),
    }
}

pub(super) fn unstamped(name: &CollectionName) -> Seen {
    Seen {
        name: name.clone(),
        stamp: None,
    }
}

/// What auth-service has of a sound organization.
pub(super) fn known(organization: &Organization) -> OrganizationAdmins {
    let state = match organization.state {
        State::Purged => AdminSeen::Cancelled,
        _ => AdminSeen::Active,
    };
    OrganizationAdmins {
        organization: organization.id,
        gate: lifecycle::gate_of(organization).map(|state| Gate {
            state,
            epoch: organization.epoch,
        }),
        admins: vec![AdminSummary {
            admin: organization.admin_id,
            is_owner: true,
            state,
        }],
    }
}

/// An organization, and all that was seen of it.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) organization: Organization,
    pub(super) collections: Vec<Seen>,
    pub(super) auth: Option<OrganizationAdmins>,
    pub(super) holders: Holders,
    pub(super) now: Timestamp,
}

impl Scene {
    /// A sound one, looked at long after its last change.
    pub(super) fn sound(organization: Organization) -> Self {
        let collections = organization
            .home
            .iter()
            .map(|home| stamped(home, organization.id, ATTEMPT));
        let held = organization.handles.iter();
        Self {
            collections: collections.collect(),
            auth: Some(known(&organization)),
            holders: held
                .map(|held| (held.handle.clone(), vec![organization.id]))
                .collect(),
            now: START + Duration::from_secs(86_400),
            organization,
        }
    }

    pub(super) fn gate(mut self, state: GateState, epoch: i64) -> Self {
        self.auth.as_mut().unwrap().gate = Some(Gate { state, epoch });
        self
    }

    pub(super) fn seen(self, collections: &[Seen]) -> Self {
        let collections = collections.to_vec();
        Self { collections, ..self }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let looked = Looked {
            organization: &self.organization,
            collections: &self.collections,
            auth: self.auth.as_ref(),
            holders: &self.holders,
        };
        of_organization(&looked, self.now)
    }
}

pub(super) fn kinds(findings: &[Finding]) -> Vec<(Kind, bool)> {
    findings
        .iter()
        .map(|finding| (finding.kind, finding.repairable))
        .collect()
}

/// The one finding.
pub(super) fn only(scene: &Scene) -> Finding {
    let mut findings = scene.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

pub(super) fn acme() -> Scene {
    Scene::sound(active("acme"))
}

pub(super) fn own(name: &CollectionName) -> Seen {
    stamped(name, id(10), ATTEMPT)
}

pub(super) fn twin(name: &CollectionName) -> Seen {
    stamped(name, id(10), Uuid::from_u128(3))
}
