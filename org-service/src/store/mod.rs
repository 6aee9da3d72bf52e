//! THE PORT: what org-service needs of a store. Both adapters hold to the suite in `conformance`.

#[cfg(test)]
mod conformance;
pub mod embedded;
pub mod mongo;
mod open;
mod selection;

use std::time::Duration;

use async_trait::async_trait;
use tenantry_common::{
    clock::Timestamp,
    id::OrganizationId,
    store::error::{StoreError, UniqueIndex},
};
use uuid::Uuid;

pub use self::open::open;
use crate::domain::{CollectionName, Handle, Organization, Seen, Stamp};

/// No two records hold a handle, resting ones included.
pub const HANDLE_INDEX: UniqueIndex = UniqueIndex("organizations_handle");
/// No two records have a create's request id.
pub const CREATE_REQUEST_INDEX: UniqueIndex = UniqueIndex("organizations_create_request");
/// No two records have an id.
pub const ID_INDEX: UniqueIndex = UniqueIndex("_id_");
/// No two collections have a name.
pub const COLLECTION_INDEX: UniqueIndex = UniqueIndex("collections_name");

/// The lease that a write asks for; the store reckons its end by its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerm {
    /// Which driver.
    pub owner: Uuid,
    /// How long.
    pub length: Duration,
}

/// The right to take an operation's next step: this operation, under this lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Whose operation.
    pub organization: OrganizationId,
    /// Which operation.
    pub operation: Uuid,
    /// Which lease.
    pub fence: i64,
}

/// Which organizations a list wants, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only those with a greater id.
    pub after: Option<OrganizationId>,
    /// At most this many.
    pub limit: usize,
    /// This one alone.
    pub only: Option<OrganizationId>,
    /// Deleted ones too.
    pub show_deleted: bool,
}

/// What a record waits for and the reconciler sees to; each kind is found by an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// An operation, not halted, that nobody drives: its lease is past by the store's clock, or there is none.
    Operation,
    /// A DELETED or ABORTED record without operation whose `purge_time` is not after `now`.
    Purge,
    /// A record without operation that has a `recheck_until`, whenever that is.
    Recheck,
    /// A record without operation that holds a resting handle, however long it still rests.
    RestingHandle,
}

/// Which collections a look is for: those of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Whose.
    pub id: OrganizationId,
    /// Names at which anything is of interest, whosever it is.
    pub names: Vec<CollectionName>,
}

/// About how much there is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records, whatever their state.
    pub organizations: u64,
    /// Tenant collections, whosever.
    pub collections: u64,
}

/// Whether the record is under the very operation and lease that `next` begins.
fn began_as(stored: &Organization, next: &Organization) -> bool {
    let id = |organization: &Organization| organization.operation.as_ref().map(|operation| operation.id);
    next.operation.is_some() && id(stored) == id(next) && stored.fence == next.fence
}

/// Records of organizations, and their collections.
///
/// Every method MUST answer [`StoreError::Unavailable`] when the store is away, [`StoreError::Corrupt`] when a record
/// cannot be read, and MUST have made its write durable (MongoDB: majority and journaled) before it answers OK. A
/// caller that stops waiting MUST NOT leave a write half done. Values MUST be stored literally, whatever they hold.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// OK when the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Inserts a record as it is, with a first lease if `lease` is given: `lease.until` is the store's now plus its
    /// length. Answers the record as stored.
    ///
    /// MUST refuse with `AlreadyExists(HANDLE_INDEX)`, `AlreadyExists(CREATE_REQUEST_INDEX)` or
    /// `AlreadyExists(ID_INDEX)` and write nothing; where several are violated it may name any of them. MUST answer the
    /// record as it stands when it began with this very operation: a command whose answer was lost may have been sent
    /// again.
    async fn insert(
        &self,
        organization: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError>;

    /// The record with this id, whatever its state.
    async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// The record that holds this handle, and whether or not the handle rests there.
    async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError>;

    /// The record of the create with this request id.
    async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError>;

    /// Records in ascending order of their ids: ACTIVE and SUSPENDED ones, with `show_deleted` DELETED ones too.
    ///
    /// MUST answer a record that is there throughout exactly once over a walk of pages, whatever else is written.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError>;

    /// Replaces an idle record: one atomic write that MUST happen only while the stored record's epoch is
    /// `next.epoch - 1` and it has no operation, or one that is halted, with a lesser fence than `next.fence`: whoever
    /// took that one up meanwhile has raised it. Otherwise `Conflict`, or `NotFound` when there is no record. With
    /// `lease` the record gets that lease; `next` carries the operation and the raised fence already. Answers the
    /// record as stored.
    ///
    /// MUST refuse with `AlreadyExists(HANDLE_INDEX)` when `next.handles` holds another record's handle.
    async fn accept(&self, next: &Organization, lease: Option<LeaseTerm>)
    -> Result<Organization, StoreError>;

    /// Takes the lease of an operation that nobody drives, halted or not: MUST happen only while the stored record has
    /// an operation and no lease, or one whose end is past by the store's clock; the fence is raised by one. On the
    /// embedded store a lease of an earlier start of the process counts as past, whatever its time. None when it
    /// cannot be taken.
    async fn take_lease(
        &self,
        id: OrganizationId,
        lease: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError>;

    /// Moves the lease's end to the store's now plus `length`. `Conflict` when operation or fence are others by now.
    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError>;

    /// Replaces a record under its lease: one atomic write that MUST happen only while the stored record has this
    /// operation and this fence, else `Conflict`. The stored lease is kept while `next` has an operation that goes on,
    /// and removed when that ends or halts; `next.lease` is not looked at. Answers the record as stored.
    ///
    /// MUST refuse with `AlreadyExists(HANDLE_INDEX)` when `next.handles` holds another record's handle.
    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError>;

    /// Lets go of a resting handle: one atomic write that MUST happen only while the record holds the handle with a
    /// `rest_until` not after `now` and has neither operation nor `recheck_until`. Answers whether it did.
    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Unsets a `recheck_until`: one atomic write that MUST happen only while the record has this epoch, this
    /// `recheck_until` and no operation. Answers whether it did.
    async fn end_recheck(
        &self,
        id: OrganizationId,
        epoch: i64,
        recheck_until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes the record of a create that was rolled back: one atomic write that MUST happen only while the record
    /// is ABORTED, has no operation and no handle, and its `purge_time` is not after `now`. Answers whether it did.
    async fn remove_aborted(&self, id: OrganizationId, now: Timestamp) -> Result<bool, StoreError>;

    /// At most `limit` records that wait for this, those first that waited longest: by the end of the last lease (none
    /// before all), by `purge_time`, `recheck_until`, the least `rest_until`. MUST use an index: what it costs depends
    /// on how many wait, not on how many there are.
    ///
    /// A record that cannot be read MUST NOT keep the others waiting: it is left out, and logged.
    async fn find_due(&self, due: Due, now: Timestamp, limit: usize)
    -> Result<Vec<Organization>, StoreError>;

    /// At most `limit` records, whatever their state, in ascending order of their ids.
    async fn records(
        &self,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Vec<Organization>, StoreError>;

    /// Which records hold these handles, resting ones included, as the unique index has it; in no order.
    async fn holders(&self, handles: &[Handle]) -> Result<Vec<(Handle, OrganizationId)>, StoreError>;

    /// About how much there is; need not be exact.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// For each of `wanted`, in their order: every collection that bears this organization's stamp, under any name;
    /// that stands at one of `names`; or whose name was condemned for it (`drop_<id>_…`). In the order of the
    /// collections' names, none twice. One look at the store, however many are wanted.
    async fn look_for(&self, wanted: &[Lookup]) -> Result<Vec<Vec<Seen>>, StoreError>;

    /// [`look_for`](Self::look_for) one organization.
    async fn look(&self, id: OrganizationId, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        let wanted = Lookup {
            id,
            names: names.to_vec(),
        };
        let mut found = self.look_for(&[wanted]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// What stands at these names, whosever it is, in ascending order of the names. What it costs MUST depend on how
    /// many names there are, not on how many collections.
    async fn at(&self, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError>;

    /// At most `limit` tenant collections, whosever they are, in ascending order of their names.
    async fn collections(
        &self,
        after: Option<&CollectionName>,
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError>;

    /// Creates an empty collection that bears `stamp` from the instant it exists.
    ///
    /// `AlreadyExists(COLLECTION_INDEX)` when something has the name. MUST be sent at most once. A store that can
    /// MUST check the fence in the same transaction and answer `Conflict` when it is stale, here and for the next two.
    async fn create_collection(
        &self,
        fence: Fence,
        name: &CollectionName,
        stamp: Stamp,
    ) -> Result<(), StoreError>;

    /// Renames a collection with its stamp and all its documents, atomically.
    ///
    /// `NotFound` when nothing is at `from`, `AlreadyExists(COLLECTION_INDEX)` when something is at `to`, which MUST
    /// never be overwritten. MUST be sent at most once.
    async fn rename_collection(
        &self,
        fence: Fence,
        from: &CollectionName,
        to: &CollectionName,
    ) -> Result<(), StoreError>;

    /// Drops a collection with all its documents; OK when nothing has the name. MUST be sent at most once.
    async fn drop_collection(&self, fence: Fence, name: &CollectionName) -> Result<(), StoreError>;
}
