//! What the collections' documents look like, and how the domain is read from them.

use mongodb::bson::{Binary, Bson, DateTime, Uuid as BsonUuid, spec::BinarySubtype};
use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::error::StoreError,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    domain::{
        Admin, AdminState, AdminStatus, AdminSummary, Affiliation, ClientInfo, Credentials, Gate, GateState,
        PasswordHash, Role, Session, StoredKey,
    },
    store::KeyName,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AdminDocument {
    #[serde(rename = "_id")]
    id: BsonUuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<BsonUuid>,
    role: Role,
    state: AdminStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<PasswordHash>,
    generation: i64,
    create_time: DateTime,
    update_time: DateTime,
}

/// An [`AdminDocument`] without what nobody shall see, as a projection fetches it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct SummaryDocument {
    #[serde(rename = "_id")]
    id: BsonUuid,
    organization_id: BsonUuid,
    role: Role,
    state: AdminStatus,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GateDocument {
    #[serde(rename = "_id")]
    id: BsonUuid,
    state: GateState,
    epoch: i64,
    generation: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionDocument {
    #[serde(rename = "_id")]
    id: BsonUuid,
    admin_id: BsonUuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<BsonUuid>,
    role: Role,
    email: String,
    create_time: DateTime,
    expire_time: DateTime,
    idle_expire_time: DateTime,
    counter: i64,
    rotate_time: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    user_agent: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeyDocument {
    #[serde(rename = "_id")]
    pub(super) id: String,
    secret: Binary,
    create_time: DateTime,
}

pub(super) fn binary(uuid: &Uuid) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: uuid.as_bytes().to_vec(),
    })
}

fn bson_uuid(uuid: &Uuid) -> BsonUuid {
    BsonUuid::from_bytes(*uuid.as_bytes())
}

fn uuid(uuid: BsonUuid) -> Uuid {
    Uuid::from_bytes(uuid.bytes())
}

pub(super) fn date(timestamp: Timestamp) -> DateTime {
    DateTime::from_millis(timestamp.as_millis())
}

fn timestamp(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

fn organization(affiliation: Affiliation) -> Option<BsonUuid> {
    affiliation.organization_id().map(|id| bson_uuid(id.as_uuid()))
}

fn affiliation(organization_id: Option<BsonUuid>, role: Role) -> Result<Affiliation, StoreError> {
    let organization_id = organization_id.map(|id| OrganizationId::from_uuid(uuid(id)));
    Affiliation::new(organization_id, role).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The text is left out of the error: it may be an address.
fn stored_email(text: &str) -> Result<Email, StoreError> {
    Email::parse(text).map_err(|_| StoreError::Corrupt("a stored e-mail is no e-mail".to_owned()))
}

impl From<&Admin> for AdminDocument {
    fn from(admin: &Admin) -> Self {
        let credentials = admin.credentials();
        Self {
            id: bson_uuid(admin.id.as_uuid()),
            organization_id: organization(admin.affiliation),
            role: admin.affiliation.role(),
            state: AdminStatus::from(&admin.state),
            email: credentials.map(|credentials| credentials.email.as_str().to_owned()),
            password_hash: credentials.map(|credentials| credentials.password_hash.clone()),
            generation: admin.generation,
            create_time: date(admin.create_time),
            update_time: date(admin.update_time),
        }
    }
}

impl TryFrom<AdminDocument> for Admin {
    type Error = StoreError;

    fn try_from(document: AdminDocument) -> Result<Self, StoreError> {
        let credentials = document
            .email
            .zip(document.password_hash)
            .map(|(email, password_hash)| {
                stored_email(&email).map(|email| Credentials { email, password_hash })
            });
        let missing = || StoreError::Corrupt("an admin has no credentials".to_owned());
        let state = match document.state {
            AdminStatus::Pending => AdminState::Pending(credentials.ok_or_else(missing)??),
            AdminStatus::Active => AdminState::Active(credentials.ok_or_else(missing)??),
            AdminStatus::Cancelled => AdminState::Cancelled,
            AdminStatus::Purged => AdminState::Purged,
        };
        Ok(Self {
            id: AdminId::from_uuid(uuid(document.id)),
            affiliation: affiliation(document.organization_id, document.role)?,
            state,
            generation: document.generation,
            create_time: timestamp(document.create_time),
            update_time: timestamp(document.update_time),
        })
    }
}

impl SummaryDocument {
    /// The admin, and whose it is.
    pub(super) fn into_summary(self) -> (OrganizationId, AdminSummary) {
        let summary = AdminSummary {
            id: AdminId::from_uuid(uuid(self.id)),
            role: self.role,
            status: self.state,
        };
        (OrganizationId::from_uuid(uuid(self.organization_id)), summary)
    }
}

impl From<Gate> for GateDocument {
    fn from(gate: Gate) -> Self {
        Self {
            id: bson_uuid(gate.organization_id.as_uuid()),
            state: gate.state,
            epoch: gate.epoch,
            generation: gate.generation,
        }
    }
}

impl From<GateDocument> for Gate {
    fn from(document: GateDocument) -> Self {
        Self {
            organization_id: OrganizationId::from_uuid(uuid(document.id)),
            state: document.state,
            epoch: document.epoch,
            generation: document.generation,
        }
    }
}

impl From<&Session> for SessionDocument {
    fn from(session: &Session) -> Self {
        Self {
            id: bson_uuid(session.id.as_uuid()),
            admin_id: bson_uuid(session.admin_id.as_uuid()),
            organization_id: organization(session.affiliation),
            role: session.affiliation.role(),
            email: session.email.as_str().to_owned(),
            create_time: date(session.create_time),
            expire_time: date(session.expire_time),
            idle_expire_time: date(session.idle_expire_time),
            counter: session.counter,
            rotate_time: date(session.rotate_time),
            peer: session.client.peer.map(|peer| peer.to_string()),
            user_agent: session.client.user_agent.clone(),
        }
    }
}

impl TryFrom<SessionDocument> for Session {
    type Error = StoreError;

    fn try_from(document: SessionDocument) -> Result<Self, StoreError> {
        let peer = document.peer.map(|peer| peer.parse()).transpose();
        let peer = peer.map_err(|_| StoreError::Corrupt("a stored peer is no address".to_owned()))?;
        Ok(Self {
            id: SessionId::from_uuid(uuid(document.id)),
            admin_id: AdminId::from_uuid(uuid(document.admin_id)),
            affiliation: affiliation(document.organization_id, document.role)?,
            email: stored_email(&document.email)?,
            create_time: timestamp(document.create_time),
            expire_time: timestamp(document.expire_time),
            idle_expire_time: timestamp(document.idle_expire_time),
            counter: document.counter,
            rotate_time: timestamp(document.rotate_time),
            client: ClientInfo {
                peer,
                user_agent: document.user_agent,
            },
        })
    }
}

impl KeyDocument {
    /// The key under its name.
    pub(super) fn new(name: KeyName, key: &StoredKey) -> Self {
        Self {
            id: name.id().to_owned(),
            secret: Binary {
                subtype: BinarySubtype::Generic,
                bytes: key.secret.to_vec(),
            },
            create_time: date(key.create_time),
        }
    }
}

impl From<KeyDocument> for StoredKey {
    fn from(document: KeyDocument) -> Self {
        Self {
            secret: Zeroizing::new(document.secret.bytes),
            create_time: timestamp(document.create_time),
        }
    }
}
