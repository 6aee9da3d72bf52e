//! Does the safe things for one organization, or for a collection that is nobody's, and says what it did. Data is
//! never deleted.

use std::time::Duration;

use tenantry_common::{
    id::{AdminId, OrganizationId},
    rpc::client::CallContext,
    store::error::StoreError,
};

use super::{
    Maintenance,
    collection::has_collection,
    record::{auth_agrees, is_own},
};
use crate::{
    domain::{CollectionName, Handle, Labels, Organization, OrganizationName, Seen},
    driver::{DriveError, Notes},
    lifecycle::{self, NewOrganization, Observed},
    organizations::{Error, MAX_ATTEMPTS},
    store::{Fence, HANDLE_INDEX},
};

/// How often a repair looks whether somebody else's drive has ended.
const POLL: Duration = Duration::from_millis(50);

/// How much of a call's time is kept for saying that somebody else drives.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// What is to be repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An organization.
    Organization(OrganizationId),
    /// A collection, most likely nobody's.
    Collection(CollectionName),
}

/// Why nothing was, or not everything could be, repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// There is no such collection.
    #[error("collection {0} not found")]
    CollectionNotFound(CollectionName),
    /// It cannot be done without the risk of losing something.
    #[error("{0}")]
    NotSafe(String),
    /// As with every change.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl Maintenance {
    /// Repairs, and says what was done, in order; nothing when there was nothing to do.
    ///
    /// # Errors
    /// [`RepairError`]. What was begun goes on, whatever is answered.
    pub async fn repair(&self, target: Target, context: &CallContext) -> Result<Vec<String>, RepairError> {
        let notes = Notes::default();
        for _ in 0..MAX_ATTEMPTS {
            let done = match &target {
                Target::Organization(id) => self.repair_organization(*id, &notes, context).await?,
                Target::Collection(name) => self.repair_collection(name, &notes, context).await?,
            };
            if done {
                return Ok(notes.taken());
            }
        }
        Err(Error::InProgress.into())
    }

    /// One attempt; false when the record changed meanwhile, or when there may be more to do.
    async fn repair_organization(
        &self,
        id: OrganizationId,
        notes: &Notes,
        context: &CallContext,
    ) -> Result<bool, RepairError> {
        let record = self.organizations.store.get(id).await?.ok_or(Error::NotFound)?;
        if record.operation.is_some() {
            self.drive_on(record, notes, context).await?;
            return Ok(false);
        }
        let names = lifecycle::own_names(&record);
        let seen = self.organizations.store.look(id, &names).await?;
        let auth = self.admins_of(id, context).await?;
        if let Some(left) = left_of_purged(&record, &seen) {
            return Err(RepairError::NotSafe(format!(
                "organization {id} is purged, and collection {left} bears its stamp still: to bring it to its end would \
                 drop it; look into it, and drop it by hand or rename it to a name without a tenant's prefix"
            )));
        }
        if lifecycle::in_place(&record, seen) && auth_agrees(&record, auth.as_ref()) {
            return Ok(true);
        }
        let next = lifecycle::repair(&record, self.organizations.accepted());
        let lease = self.organizations.driver.lease;
        match self.organizations.store.accept(&next, Some(lease)).await {
            Ok(accepted) => self.drive(accepted, notes, context).await.map(|()| true),
            Err(StoreError::Conflict | StoreError::NotFound | StoreError::AlreadyExists(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Drives the operation that is under way, or has halted, once nobody else does.
    async fn drive_on(
        &self,
        mut record: Organization,
        notes: &Notes,
        context: &CallContext,
    ) -> Result<(), RepairError> {
        let (id, store) = (record.id, &self.organizations.store);
        let driver = &self.organizations.driver;
        while record.operation.is_some() {
            if let Some(taken) = store.take_lease(id, driver.lease).await? {
                let going_on = self.without_halt(taken, notes).await?;
                return self.drive(going_on, notes, context).await;
            }
            if context.deadline.remaining() < ANSWER_MARGIN {
                return Err(Error::InProgress.into());
            }
            tokio::time::sleep(POLL).await;
            record = store.get(id).await?.ok_or(Error::NotFound)?;
        }
        Ok(())
    }

    /// The record under its new lease, without the halt if it has one.
    async fn without_halt(&self, taken: Organization, notes: &Notes) -> Result<Organization, RepairError> {
        let Some(operation) = &taken.operation else {
            return Ok(taken);
        };
        let kind = operation.kind.as_str();
        let Some(reason) = operation.halted else {
            notes.note(format!("took over the {kind} that was under way"));
            return Ok(taken);
        };
        let fence = Fence {
            organization: taken.id,
            operation: operation.id,
            fence: taken.fence,
        };
        let recorded = self
            .organizations
            .store
            .record(fence, &lifecycle::unhalted(&taken))
            .await;
        let recorded = recorded.map_err(|error| match error {
            StoreError::Conflict => Error::InProgress,
            other => other.into(),
        })?;
        notes.note(format!("took up the {kind} again that had halted: {reason}"));
        Ok(recorded)
    }

    async fn drive(
        &self,
        leased: Organization,
        notes: &Notes,
        context: &CallContext,
    ) -> Result<(), RepairError> {
        let driver = &self.organizations.driver;
        let outcome = driver
            .drive_noting(leased, Observed::nothing(), notes.clone(), context)
            .await;
        match outcome {
            // A create that was undone has come to its end.
            Ok(_) | Err(DriveError::RolledBack(_)) => Ok(()),
            Err(error) => Err(Error::from(error).into()),
        }
    }

    /// One attempt; as [`repair_organization`](Self::repair_organization), of whom the collection belongs to.
    async fn repair_collection(
        &self,
        name: &CollectionName,
        notes: &Notes,
        context: &CallContext,
    ) -> Result<bool, RepairError> {
        let found = self.organizations.store.at(std::slice::from_ref(name)).await?;
        let Some(seen) = found.first() else {
            // It was there at the first attempt, and is where it belongs by now.
            return match notes.taken().is_empty() {
                true => Err(RepairError::CollectionNotFound(name.clone())),
                false => Ok(true),
            };
        };
        if let Some(whose) = self.whose(seen).await? {
            return self.repair_organization(whose, notes, context).await;
        }
        match name.handle() {
            _ if name.is_stray() => Ok(true),
            Some(handle) => self.set_aside(handle, notes, context).await,
            None => Err(RepairError::NotSafe(format!(
                "collection {name} belongs to no organization, and no handle can be held while it is set aside; look \
                 into it, and drop it by hand or rename it to a name without a tenant's prefix"
            ))),
        }
    }

    /// The organization that a collection belongs to, or in whose place it stands.
    async fn whose(&self, seen: &Seen) -> Result<Option<OrganizationId>, StoreError> {
        let store = &self.organizations.store;
        let owner = match seen.stamp {
            Some(stamp) => store.get(stamp.organization).await?,
            None => None,
        };
        if let Some(owner) = owner.filter(has_collection) {
            return Ok(Some(owner.id));
        }
        let place = match (
            seen.name.trash_of().or_else(|| seen.name.condemned_for()),
            seen.name.handle(),
        ) {
            (Some(id), _) => store.get(id).await?,
            (None, Some(handle)) => store.find_by_handle(&handle).await?,
            (None, None) => None,
        };
        Ok(place.map(|place| place.id))
    }

    /// Sets aside what stands at the name of a handle that nobody holds, by a record that holds the handle meanwhile.
    async fn set_aside(
        &self,
        handle: Handle,
        notes: &Notes,
        context: &CallContext,
    ) -> Result<bool, RepairError> {
        let (ids, accepted) = (&self.organizations.ids, self.organizations.accepted());
        let name = OrganizationName::parse(handle.as_str())
            .map_err(|error| StoreError::Internal(format!("handle {handle} is no name: {error}")))?;
        let reservation = NewOrganization {
            id: OrganizationId::from_uuid(ids.uuid_v7(accepted.now)),
            admin_id: AdminId::from_uuid(ids.uuid_v7(accepted.now)),
            name,
            handle,
            handle_given: true,
            labels: Labels::default(),
            create_request: None,
        };
        let record = lifecycle::reservation(reservation, accepted);
        let lease = self.organizations.driver.lease;
        match self.organizations.store.insert(&record, Some(lease)).await {
            Ok(inserted) => self.drive(inserted, notes, context).await.map(|()| true),
            // Somebody took it meanwhile, and is repaired instead.
            Err(StoreError::AlreadyExists(index)) if index == HANDLE_INDEX => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// A collection of an organization that is gone for good: a repair would bring the purge to its end.
fn left_of_purged<'a>(organization: &Organization, seen: &'a [Seen]) -> Option<&'a CollectionName> {
    if organization.home.is_some() {
        return None;
    }
    let own = seen.iter().find(|seen| is_own(organization, seen));
    own.map(|seen| &seen.name)
}
