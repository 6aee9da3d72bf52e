//! The organization's record: the one document that decides everything about it, and the log of its operations.

use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, OrganizationId},
};
use uuid::Uuid;

use super::{CollectionName, Handle, Labels, OrganizationName, Stamp};

/// An organization as its store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Never changes, never used again.
    pub id: OrganizationId,
    /// What its owner wrote.
    pub name: OrganizationName,
    /// The canonical name, the last one held if none is held now.
    pub handle: Handle,
    /// Whether the handle was given by hand, so that it does not follow the name.
    pub handle_given: bool,
    /// Every handle held now: the current one, the target of a rename, and those that rest.
    pub handles: Vec<HeldHandle>,
    /// What it is.
    pub state: State,
    /// While it is deleted: what it was before, and will be again if that is taken back. PROVISIONING means that it
    /// never was in use.
    #[serde(default)]
    pub state_before_delete: Option<State>,
    /// Where its collection belongs; none once it is purged or aborted.
    pub home: Option<CollectionName>,
    /// Which `create` command made its collection; none before that is known.
    pub stamp: Option<Uuid>,
    /// Counts accepted changes; the etag, and the order of the calls to auth-service. Starts at 1.
    pub epoch: i64,
    /// Counts leases and never goes back; a write of an operation names the one it was made under.
    pub fence: i64,
    /// What is under way.
    pub operation: Option<Operation>,
    /// Who drives it, and until when at the longest.
    pub lease: Option<Lease>,
    /// A command may still arrive late until then; the collection's place must be looked at.
    pub recheck_until: Option<Timestamp>,
    /// The first admin, its OWNER.
    pub admin_id: AdminId,
    /// The platform's own notes.
    pub labels: Labels,
    /// The caller's request id of the create, if it gave one.
    pub create_request: Option<CreateRequest>,
    /// When it was created.
    pub create_time: Timestamp,
    /// When it was last changed.
    pub update_time: Timestamp,
    /// When it was deleted.
    pub delete_time: Option<Timestamp>,
    /// When its data goes for good: of a deleted one. When the record goes: of an aborted one.
    pub purge_time: Option<Timestamp>,
}

impl Organization {
    /// The stamp that its collection bears, once that is known.
    pub fn full_stamp(&self) -> Option<Stamp> {
        self.stamp.map(|attempt| Stamp {
            organization: self.id,
            attempt,
        })
    }

    /// Why its operation waits for an operator, if it has one that does.
    pub fn halted(&self) -> Option<HaltReason> {
        self.operation.as_ref().and_then(|operation| operation.halted)
    }

    /// Whether it has an operation that somebody drives, or is to drive.
    pub fn is_under_way(&self) -> bool {
        self.operation.is_some() && self.halted().is_none()
    }

    /// The handles that it holds and that do not rest.
    pub fn active_handles(&self) -> impl Iterator<Item = &Handle> {
        self.handles
            .iter()
            .filter(|held| held.rest_until.is_none())
            .map(|held| &held.handle)
    }
}

/// A handle that an organization holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldHandle {
    /// The handle.
    pub handle: Handle,
    /// Given up, and kept from others at least until then, so that nothing late lands in somebody else's place.
    pub rest_until: Option<Timestamp>,
}

/// What an organization is. Restrictive states are written when an operation is accepted, permissive ones at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Its creation is under way; nobody sees it yet.
    Provisioning,
    /// In use.
    Active,
    /// Nobody of it may log in.
    Suspended,
    /// Deleted, its data in the trash.
    Deleted,
    /// Gone for good; a tombstone, so that its id is never used again.
    Purged,
    /// Its creation was rolled back.
    Aborted,
}

/// A change that takes several steps. One at a time; only who holds the lease takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Names this operation.
    pub id: Uuid,
    /// What it changes.
    pub kind: OperationKind,
    /// When it was accepted.
    pub started: Timestamp,
    /// The fence of its first lease; a higher one means that another driver took over.
    pub first_fence: i64,
    /// Why it waits for an operator, if it does.
    pub halted: Option<HaltReason>,
}

/// What an operation changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationKind {
    /// Brings the organization, its admin and its collection into being.
    Create {
        /// How far it is.
        step: CreateStep,
    },
    /// Moves the collection to another handle.
    Rename {
        /// The name that it ends with.
        name: OrganizationName,
        /// The handle that it ends with.
        handle: Handle,
        /// Whether that handle was given by hand.
        handle_given: bool,
    },
    /// Ends the sessions and shuts the gate.
    Suspend,
    /// Opens the gate.
    Resume,
    /// Ends the sessions and moves the collection to the trash.
    Delete,
    /// Moves the collection back from the trash, and sets the gate as it was.
    Undelete,
    /// Drops the trash and frees the admins' e-mails.
    Purge,
    /// Puts right what something late, or a hand, has displaced: the collection and the gate. The state stays.
    Repair,
}

impl OperationKind {
    /// What it is called where people read of it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Create { .. } => "CREATE",
            Self::Rename { .. } => "RENAME",
            Self::Suspend => "SUSPEND",
            Self::Resume => "RESUME",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::Purge => "PURGE",
            Self::Repair => "REPAIR",
        }
    }
}

/// The recorded decisions of a create. Nobody creates a collection or activates the admin before `AdminPrepared` is
/// written; nobody cancels the admin before `RollingBack` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreateStep {
    /// The handle is taken, nothing else is known.
    Intent,
    /// auth-service has the admin: it goes on to the end.
    AdminPrepared,
    /// auth-service has no admin: it is undone.
    RollingBack,
}

/// Why an operation does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HaltReason {
    /// The collection is nowhere; an empty one is never put in its place.
    #[error("the organization's collection is nowhere to be found")]
    CollectionMissing,
    /// Two collections bear the very stamp.
    #[error("two collections bear the organization's stamp")]
    CollectionTwice,
    /// auth-service refuses what this operation needs.
    #[error("auth-service refuses the change of the admin or of the gate")]
    AdminRefused,
}

/// Who drives an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which driver: a UUID of the process.
    pub owner: Uuid,
    /// When the lease ends unless it is renewed, by the store's clock.
    pub until: Timestamp,
}

/// The `request_id` of a create, and what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRequest {
    /// The caller's UUID.
    pub key: Uuid,
    /// SHA-256 of the request in canonical form, without the password, in hexadecimal.
    pub fingerprint: String,
}
