//! Between messages and the domain.

use std::time::Instant;

use tenantry_common::rpc::{
    client::CallContext,
    peer::{Peer, user_agent},
};
use tenantry_proto::auth::v1;
use tonic::Request;

use crate::{
    domain::{
        Admin, AdminStatus, AdminSummary, ClientInfo, GateState, OrganizationAdmins, PublicKey, Role, Session,
    },
    validate_token::Principal,
};

/// When the call must be answered.
pub fn deadline<T>(request: &Request<T>) -> Instant {
    CallContext::of_request(request).deadline.instant().into_std()
}

/// Where the call came from, as far as it is known.
pub fn client<T>(request: &Request<T>) -> ClientInfo {
    ClientInfo {
        peer: Peer::of(request.extensions()).map(Peer::address),
        user_agent: user_agent(request.metadata().as_ref()),
    }
}

/// A session as its admin sees it.
pub fn session(session: &Session, caller: &Principal) -> v1::Session {
    v1::Session {
        id: session.id.to_string(),
        create_time: Some(session.create_time.into()),
        last_used_time: Some(session.rotate_time.into()),
        expire_time: Some(session.expire_time.into()),
        idle_expire_time: Some(session.idle_expire_time.into()),
        peer: session
            .client
            .peer
            .map_or_else(String::new, |peer| peer.to_string()),
        user_agent: session.client.user_agent.clone(),
        current: session.id == caller.session_id,
    }
}

/// The admin as clients see it: without hash and generation.
pub fn admin(admin: &Admin) -> v1::Admin {
    v1::Admin {
        id: admin.id.to_string(),
        email: admin
            .credentials()
            .map_or_else(String::new, |credentials| credentials.email.to_string()),
        organization_id: organization_id(admin.affiliation.organization_id()),
        role: role(admin.affiliation.role()).into(),
        state: admin_state(Some(admin)).into(),
        create_time: Some(admin.create_time.into()),
        update_time: Some(admin.update_time.into()),
    }
}

/// The principal as clients see it.
pub fn principal(principal: &Principal) -> v1::Principal {
    v1::Principal {
        admin_id: principal.admin_id.to_string(),
        organization_id: organization_id(principal.affiliation.organization_id()),
        email: principal.email.to_string(),
        role: role(principal.affiliation.role()).into(),
        session_id: principal.session_id.to_string(),
        issue_time: Some(principal.issue_time.into()),
        expire_time: Some(principal.expire_time.into()),
    }
}

/// The key by RFC 8037.
pub fn json_web_key(key: &PublicKey) -> v1::JsonWebKey {
    v1::JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: key.x.clone(),
        kid: key.key_id.clone(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    }
}

/// The state of an admin that may never have been.
pub fn admin_state(admin: Option<&Admin>) -> v1::AdminState {
    admin.map_or(v1::AdminState::Absent, |admin| {
        admin_status(AdminStatus::from(&admin.state))
    })
}

/// What is known of an organization, as org-service sees it.
pub fn organization_admins(organization: OrganizationAdmins) -> v1::OrganizationAdmins {
    v1::OrganizationAdmins {
        organization_id: organization.organization_id.to_string(),
        gate: organization.gate.map(|gate| v1::OrganizationGate {
            epoch: gate.epoch,
            state: gate_state(gate.state).into(),
        }),
        admins: organization.admins.into_iter().map(admin_summary).collect(),
    }
}

fn admin_summary(admin: AdminSummary) -> v1::AdminSummary {
    v1::AdminSummary {
        admin_id: admin.id.to_string(),
        role: role(admin.role).into(),
        state: admin_status(admin.status).into(),
    }
}

fn admin_status(status: AdminStatus) -> v1::AdminState {
    match status {
        AdminStatus::Pending => v1::AdminState::Pending,
        AdminStatus::Active => v1::AdminState::Active,
        AdminStatus::Cancelled => v1::AdminState::Cancelled,
        AdminStatus::Purged => v1::AdminState::Purged,
    }
}

/// The gate's state on the wire.
pub fn gate_state(state: GateState) -> v1::GateState {
    match state {
        GateState::Open => v1::GateState::Open,
        GateState::Suspended => v1::GateState::Suspended,
        GateState::Purged => v1::GateState::Purged,
    }
}

/// The gate's state off the wire.
///
/// # Errors
/// What is wrong with an unset or unknown one.
pub fn parse_gate_state(number: i32) -> Result<GateState, &'static str> {
    match v1::GateState::try_from(number) {
        Ok(v1::GateState::Open) => Ok(GateState::Open),
        Ok(v1::GateState::Suspended) => Ok(GateState::Suspended),
        Ok(v1::GateState::Purged) => Ok(GateState::Purged),
        Ok(v1::GateState::Unspecified) | Err(_) => Err("must be OPEN, SUSPENDED or PURGED"),
    }
}

fn role(role: Role) -> v1::Role {
    match role {
        Role::Owner => v1::Role::Owner,
        Role::Admin => v1::Role::Admin,
        Role::Viewer => v1::Role::Viewer,
        Role::Operator => v1::Role::Operator,
    }
}

fn organization_id(id: Option<tenantry_common::id::OrganizationId>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}
