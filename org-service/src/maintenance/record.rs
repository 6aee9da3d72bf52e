//! What is wrong with an organization, from its record and from what was seen of it. Pure.

use std::collections::HashMap;

use tenantry_common::{clock::Timestamp, id::OrganizationId};

use super::{
    GRACE,
    finding::{Finding, Kind, Named},
    is_settled,
};
use crate::{
    admins::{AdminSummary, OrganizationAdmins},
    domain::{CollectionName, Handle, OperationKind, Organization, Seen, State},
    driver::gate_in_words,
    lifecycle::{AdminSeen, GateState, gate_of},
};

/// Which records hold a handle; normally one.
pub(super) type Holders = HashMap<Handle, Vec<OrganizationId>>;

/// An organization, and what was seen of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked<'a> {
    /// Its record.
    pub(super) organization: &'a Organization,
    /// Its collections under any name, and what stands at its names.
    pub(super) collections: &'a [Seen],
    /// What auth-service has of it.
    pub(super) auth: Option<&'a OrganizationAdmins>,
    /// Who holds handles.
    pub(super) holders: &'a Holders,
}

/// Everything that is wrong with an organization.
pub(super) fn of_organization(looked: &Looked<'_>, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<Finding> = held_twice(looked).collect();
    findings.extend(operation(looked, now));
    if is_settled(looked.organization, now) {
        findings.extend(foreign(looked));
        findings.extend(own_collection(looked));
        findings.extend(auth(looked));
    }
    findings
}

/// What is wrong with an organization that auth-service knows and that has no record.
pub(super) fn of_missing(known: &OrganizationAdmins) -> Vec<Finding> {
    known
        .admins
        .iter()
        .filter(|admin| may_ever_log_in(admin))
        .map(|admin| {
            let text = format!(
                "admin {} of organization {} has no organization: org-service has no record of it, and the admin's \
                 e-mail stays taken",
                admin.admin, known.organization
            );
            Finding {
                organization: Some(known.organization),
                admin: Some(admin.admin),
                ..Finding::of_nobody(Kind::AdminWithoutOrganization, text)
            }
        })
        .collect()
}

fn may_ever_log_in(admin: &AdminSummary) -> bool {
    matches!(admin.state, AdminSeen::Pending | AdminSeen::Active)
}

fn held_twice<'a>(looked: &'a Looked<'_>) -> impl Iterator<Item = Finding> + 'a {
    let organization = looked.organization;
    organization.handles.iter().filter_map(|held| {
        let handle = &held.handle;
        let other = looked
            .holders
            .get(handle)?
            .iter()
            .find(|holder| **holder != organization.id)?;
        let text = format!(
            "organizations {} and {other} both hold handle \"{handle}\"",
            organization.id
        );
        Some(Finding {
            handle: Some(handle.clone()),
            ..Finding::of(organization, Kind::HandleHeldTwice, text)
        })
    })
}

fn operation(looked: &Looked<'_>, now: Timestamp) -> Option<Finding> {
    let organization = looked.organization;
    let operation = organization.operation.as_ref()?;
    let kind = operation.kind.as_str();
    if let Some(reason) = operation.halted {
        let text = format!("its {kind} has halted: {reason}; other changes of it wait, nothing is lost");
        return Some(Finding::of(organization, Kind::OperationHalted, text).repairable(can_go_on(looked)));
    }
    (now > operation.started + GRACE).then(|| {
        let text = format!(
            "its {kind} has been under way since {:?} and has not come to its end; other changes of it wait",
            operation.started
        );
        Finding::of(organization, Kind::OperationStalled, text).repairable(true)
    })
}

/// What stands at the organization's names and is not its own.
fn foreign<'a>(looked: &'a Looked<'_>) -> impl Iterator<Item = Finding> + 'a {
    let organization = looked.organization;
    let others = looked
        .collections
        .iter()
        .filter(|seen| !is_of(organization, seen));
    others.map(|seen| {
        let place = if organization.home.as_ref() == Some(&seen.name) {
            "at its home"
        } else {
            "at one of its names"
        };
        let whose = match seen.stamp {
            Some(stamp) => format!("bears the stamp of organization {}", stamp.organization),
            None => "bears no stamp: a late write may have made it, and it may hold lost writes".to_owned(),
        };
        let text = format!("collection {} stands {place} and {whose}", seen.name);
        Finding::of(organization, Kind::CollectionForeign, text)
            .at(&seen.name)
            .repairable(can_come_home(looked))
    })
}

/// What is wrong with the collections that bear the organization's id.
fn own_collection(looked: &Looked<'_>) -> Vec<Finding> {
    let organization = looked.organization;
    // What is left of a purged one is told of among the collections.
    let Some(home) = organization.home.as_ref().filter(|_| has_data(organization)) else {
        return twins(looked).collect();
    };
    let own = own_names(looked);
    let mut findings: Vec<Finding> = twins(looked).collect();
    let found = |kind, text: String| Finding::of(organization, kind, text);
    findings.extend(match own.as_slice() {
        [] => Some(
            found(
                Kind::CollectionMissing,
                format!("its collection, that belongs at {home}, is nowhere to be found"),
            )
            .at(home),
        ),
        [at] if *at == home => None,
        [at] => Some(
            found(
                Kind::CollectionMisplaced,
                format!("its collection stands at {at} and belongs at {home}: nothing finds it there"),
            )
            .at(at)
            .repairable(can_come_home(looked)),
        ),
        [first, ..] => {
            let text = format!(
                "collections {} all bear its very stamp: which one holds its data cannot be told",
                Named(&own)
            );
            Some(found(Kind::CollectionDuplicated, text).at(first))
        }
    });
    findings
}

fn twins<'a>(looked: &'a Looked<'_>) -> impl Iterator<Item = Finding> + 'a {
    let organization = looked.organization;
    let twins = looked
        .collections
        .iter()
        .filter(|seen| is_of(organization, seen) && !is_own(organization, seen) && !seen.name.is_stray());
    twins.map(|seen| {
        let text = format!(
            "collection {} bears its id and was made by another command than its own collection: a late one made it",
            seen.name
        );
        Finding::of(organization, Kind::CollectionTwin, text)
            .at(&seen.name)
            .repairable(can_come_home(looked))
    })
}

/// What auth-service has of a settled organization, held against its record.
fn auth(looked: &Looked<'_>) -> Vec<Finding> {
    let organization = looked.organization;
    let mut findings: Vec<Finding> = gate(looked).into_iter().collect();
    let mut admins = looked.auth.map(|known| known.admins.iter()).into_iter().flatten();
    match organization.state {
        State::Active | State::Suspended => {
            if !admins.any(|admin| admin.is_owner && admin.state == AdminSeen::Active) {
                let text = "it has no owner who may log in: auth-service knows of none that is ACTIVE";
                findings.push(Finding::of(organization, Kind::OwnerMissing, text));
            }
        }
        State::Purged | State::Aborted => {
            let repairable =
                organization.state == State::Purged && can_come_home(looked) && gate_can_move(looked);
            findings.extend(admins.filter(|admin| may_ever_log_in(admin)).map(|admin| {
                let text = format!(
                    "admin {} belongs to it and is not gone, although the organization is: the e-mail stays taken",
                    admin.admin
                );
                Finding {
                    admin: Some(admin.admin),
                    ..Finding::of(organization, Kind::AdminWithoutOrganization, text).repairable(repairable)
                }
            }));
        }
        State::Deleted | State::Provisioning => {}
    }
    findings
}

fn gate(looked: &Looked<'_>) -> Option<Finding> {
    let organization = looked.organization;
    let wanted = gate_of(organization)?;
    let gate = looked.auth.and_then(|known| known.gate);
    if gate.is_some_and(|gate| gate.state == wanted) {
        return None;
    }
    let is = gate.map_or("missing", |gate| gate_in_words(gate.state));
    let text = format!(
        "its gate in auth-service is {is} and should be {}: {}",
        gate_in_words(wanted),
        match wanted {
            GateState::Open => "its admins cannot log in",
            GateState::Suspended | GateState::Purged => "its admins may get in although they should not",
        }
    );
    let repairable = can_come_home(looked) && gate_can_move(looked);
    Some(Finding::of(organization, Kind::GateDisagrees, text).repairable(repairable))
}

/// Whether auth-service has of the organization what its record wants.
pub(super) fn auth_agrees(organization: &Organization, auth: Option<&OrganizationAdmins>) -> bool {
    let Some(wanted) = gate_of(organization) else {
        return true;
    };
    let gate = auth.and_then(|known| known.gate);
    let left = organization.state == State::Purged
        && auth.is_some_and(|known| known.admins.iter().any(may_ever_log_in));
    gate.is_some_and(|gate| gate.state == wanted) && !left
}

/// Whether the collection bears the organization's id.
fn is_of(organization: &Organization, seen: &Seen) -> bool {
    seen.stamp
        .is_some_and(|stamp| stamp.organization == organization.id)
}

/// Whether it is the organization's own, as far as the record says.
pub(super) fn is_own(organization: &Organization, seen: &Seen) -> bool {
    is_of(organization, seen)
        && organization
            .stamp
            .is_none_or(|own| seen.stamp.is_some_and(|s| s.attempt == own))
}

fn own_names<'a>(looked: &Looked<'a>) -> Vec<&'a CollectionName> {
    let own = looked
        .collections
        .iter()
        .filter(|seen| is_own(looked.organization, seen));
    own.map(|seen| &seen.name).collect()
}

/// Whether there must be a collection: not before a create has come that far.
fn has_data(organization: &Organization) -> bool {
    match organization.state {
        State::Active | State::Suspended => true,
        State::Deleted => organization.stamp.is_some(),
        State::Provisioning | State::Purged | State::Aborted => false,
    }
}

/// Whether bringing the collection home ends well.
fn can_come_home(looked: &Looked<'_>) -> bool {
    let organization = looked.organization;
    match own_names(looked).as_slice() {
        [] => !has_data(organization),
        // What is left of a purged one only its purge may drop.
        [_] => organization.home.is_some() || organization.operation.is_some(),
        _ => false,
    }
}

/// Whether auth-service would move the gate for the repair that comes next.
fn gate_can_move(looked: &Looked<'_>) -> bool {
    gate_admits(looked, looked.organization.epoch + 1)
}

fn gate_admits(looked: &Looked<'_>, epoch: i64) -> bool {
    let Some(gate) = looked.auth.and_then(|known| known.gate) else {
        return true;
    };
    let reopens = gate.state == GateState::Purged && looked.organization.state != State::Purged;
    gate.epoch <= epoch && !reopens
}

/// Whether the cause of a halt seems to be gone.
fn can_go_on(looked: &Looked<'_>) -> bool {
    let organization = looked.organization;
    let Some(operation) = &organization.operation else {
        return true;
    };
    let first_admin = || {
        let admins = looked.auth.map(|known| known.admins.iter()).into_iter().flatten();
        admins
            .filter(|admin| admin.admin == organization.admin_id)
            .any(may_ever_log_in)
    };
    let gate = gate_admits(looked, organization.epoch);
    match operation.kind {
        OperationKind::Create { .. } => gate && can_come_home(looked) && first_admin(),
        OperationKind::Suspend | OperationKind::Resume => gate,
        OperationKind::Rename { .. } => can_come_home(looked),
        OperationKind::Delete | OperationKind::Undelete | OperationKind::Purge | OperationKind::Repair => {
            gate && can_come_home(looked)
        }
    }
}
