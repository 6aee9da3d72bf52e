//! THE PORT: what auth-service needs of a store. Both adapters hold to the suite in `conformance`.

mod change_active;
mod embedded;
mod listing;
mod mongo;
mod open;
mod repeated;

#[cfg(test)]
mod conformance;

use async_trait::async_trait;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
    store::error::{StoreError, UniqueIndex},
};

pub use self::{
    embedded::EmbeddedStore,
    mongo::MongoStore,
    open::{OpenStoreError, open},
};
use crate::domain::{Admin, AdminChange, Gate, GateState, OrganizationAdmins, Rotation, Session, StoredKey};

/// No two records of one kind have an id.
pub const ID_INDEX: UniqueIndex = UniqueIndex("_id_");
/// No two admins have an e-mail; those without one do not count.
pub const EMAIL_INDEX: UniqueIndex = UniqueIndex("admins_email");

/// Which of the deployment's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// Signs access tokens.
    AccessToken,
    /// Authenticates refresh tokens.
    RefreshToken,
}

impl KeyName {
    /// The id that the key is kept under.
    pub const fn id(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// Admins, gates, sessions and the keys of their tokens.
///
/// Every method MUST answer [`StoreError::Unavailable`] when the store is away, [`StoreError::Corrupt`] when a record
/// cannot be read, and MUST have made its write durable (MongoDB: majority and journaled) before it answers OK. A
/// read MUST see every write that was answered before it began. A caller that stops waiting MUST NOT leave a write
/// half done. Values MUST be stored literally, whatever they hold. Each decision MUST be one atomic write.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// OK when the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Inserts an admin as it is.
    ///
    /// MUST refuse with `AlreadyExists(ID_INDEX)` or `AlreadyExists(EMAIL_INDEX)` and write nothing; where both are
    /// violated it may name either. Admins without credentials MUST NOT collide on the e-mail they do not have.
    async fn insert_admin(&self, admin: &Admin) -> Result<(), StoreError>;

    /// The admin with this id, whatever its state.
    async fn get_admin(&self, id: AdminId) -> Result<Option<Admin>, StoreError>;

    /// The admin with this e-mail, PENDING or ACTIVE.
    ///
    /// SHOULD take as long for an e-mail that nobody has: logins ask, and must not tell.
    async fn find_admin(&self, email: &Email) -> Result<Option<Admin>, StoreError>;

    /// Makes a PENDING admin ACTIVE ([`Admin::activated`]); an ACTIVE one stays untouched. Answers the admin.
    ///
    /// MUST answer `NotFound` when there is none and `Conflict` when its state is final.
    async fn activate_admin(&self, id: AdminId, now: Timestamp) -> Result<Admin, StoreError>;

    /// Makes a PENDING owner of this organization CANCELLED ([`Admin::cancelled`]) and frees the e-mail; where there
    /// is no admin, leaves a CANCELLED one, so that a late insert is refused. A CANCELLED one stays untouched.
    ///
    /// MUST answer `Conflict` when the admin is ACTIVE, PURGED or another organization's.
    async fn cancel_admin(
        &self,
        id: AdminId,
        organization_id: OrganizationId,
        now: Timestamp,
    ) -> Result<Admin, StoreError>;

    /// Changes an ACTIVE admin of this generation ([`Admin::changed`]) and answers it.
    ///
    /// MUST answer `NotFound` when there is none, `Conflict` when its state or its generation is another, and
    /// `AlreadyExists(EMAIL_INDEX)` when the e-mail is another admin's; nothing is changed then. An e-mail that was
    /// given up MUST be free at once. MUST answer OK when this very change was made already and nothing since: a command
    /// whose answer was lost may have been sent again.
    async fn change_admin(
        &self,
        id: AdminId,
        generation: i64,
        change: &AdminChange,
        now: Timestamp,
    ) -> Result<Admin, StoreError>;

    /// Makes every PENDING or ACTIVE admin of an organization PURGED ([`Admin::purged`]) and frees the e-mails.
    ///
    /// Not atomic across admins; MUST be safe to repeat.
    async fn purge_admins(&self, organization_id: OrganizationId, now: Timestamp) -> Result<(), StoreError>;

    /// The organization's gate.
    async fn get_gate(&self, organization_id: OrganizationId) -> Result<Option<Gate>, StoreError>;

    /// Moves the gate ([`Gate::moved`]) and answers it.
    ///
    /// MUST answer `Conflict` and change nothing when the call comes too late.
    async fn set_gate(
        &self,
        organization_id: OrganizationId,
        state: GateState,
        epoch: i64,
    ) -> Result<Gate, StoreError>;

    /// The first `limit` organizations with a gate or an admin, in the order of their ids, each with all of its
    /// admins in the order of theirs; only those with ids greater than `after` and not greater than `until`.
    ///
    /// Operators belong to none and MUST be left out. MUST read about as many records as it answers, by index. Gates
    /// and admins may be read one after the other: what changes meanwhile may be seen in the one and not in the other.
    async fn organizations(
        &self,
        after: Option<OrganizationId>,
        until: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationAdmins>, StoreError>;

    /// Inserts a session; `AlreadyExists(ID_INDEX)` when there is another with its id. Sessions that had expired when
    /// this one was created may go.
    ///
    /// MUST answer OK when this very session is there: a command whose answer was lost may have been sent again.
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session with this id. One that has expired may be there or not.
    async fn get_session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// An admin's sessions in the order of their ids, which is that of their beginning; some may have expired.
    async fn sessions_of(&self, admin_id: AdminId) -> Result<Vec<Session>, StoreError>;

    /// Moves a session on ([`Session::rotated`]) and answers it. All else of the session MUST stay as it is, even when it
    /// is changed at the same time.
    ///
    /// MUST answer `NotFound` when there is none, and `Conflict` when its counter is another; nothing is changed then.
    /// Of many with the same counter exactly one MUST succeed.
    async fn rotate_session(&self, rotation: &Rotation) -> Result<Session, StoreError>;

    /// Gives all of an admin's sessions this e-mail; MUST be safe to repeat.
    async fn set_sessions_email(&self, admin_id: AdminId, email: &Email) -> Result<(), StoreError>;

    /// Deletes a session; OK when there is none.
    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError>;

    /// Deletes every session of an organization's admins and no other; MUST be safe to repeat.
    async fn delete_sessions(&self, organization_id: OrganizationId) -> Result<(), StoreError>;

    /// Deletes every session of an admin but `kept`, and no other; MUST be safe to repeat.
    async fn delete_sessions_of(&self, admin_id: AdminId, kept: Option<SessionId>) -> Result<(), StoreError>;

    /// The key of this name, which is `candidate` if there was none. All callers MUST get the same.
    async fn key_or_insert(&self, name: KeyName, candidate: &StoredKey) -> Result<StoredKey, StoreError>;
}
