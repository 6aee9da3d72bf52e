//! What all use cases share: the store, the driver, and how a handle that somebody holds is met.

use std::{sync::Arc, time::Duration};

use tenantry_common::{
    clock::{Clock, Timestamp},
    id::{Ids, OrganizationId},
    rpc::client::CallContext,
    store::error::StoreError,
};

use crate::{
    admins::{Admins, AdminsError},
    domain::{Access, HaltReason, Handle, InvalidHandle, Organization, Principal},
    driver::{DriveError, Driver},
    lifecycle::{self, Accepted, Observed},
    store::{Lookup, Store},
};

/// The use cases: create, get, list, update, suspend and resume, delete, undelete. One file each.
#[derive(Clone)]
pub struct Organizations {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) admins: Arc<dyn Admins>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

/// Why a use case did not do what it was asked to. The table in `grpc::errors` gives each its code and reason.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Missing, or not one that the caller may know of.
    #[error("organization not found")]
    NotFound,
    /// The caller may read the organization, and no more.
    #[error("your role does not allow this")]
    NotAllowed,
    /// Sign-up is closed.
    #[error("sign-up is closed; ask an operator")]
    SignUpClosed,
    /// Another organization has the handle.
    #[error("handle \"{0}\" is taken")]
    HandleTaken(Handle),
    /// The handle was given up a short while ago.
    #[error("handle \"{handle}\" was given up a short while ago and is not free yet")]
    HandleResting {
        /// The handle.
        handle: Handle,
        /// When it may be free.
        available: Timestamp,
    },
    /// Another admin has the e-mail.
    #[error("an admin with this e-mail exists")]
    EmailTaken,
    /// The new name folds to no handle.
    #[error("{0}")]
    NoHandle(InvalidHandle),
    /// The request id came with another request before.
    #[error("this request_id was used with another request")]
    RequestIdReused,
    /// The etag is another by now.
    #[error("the organization has changed; read it again")]
    EtagMismatch,
    /// The state does not allow it.
    #[error("the organization is deleted")]
    Deleted,
    /// It is in use, and under another handle than it was to be brought back to.
    #[error("the organization is not deleted")]
    NotDeleted,
    /// Another change is under way.
    #[error("a change of this organization is under way; try again")]
    InProgress,
    /// An operation waits for an operator.
    #[error("a change of this organization has halted and waits for an operator; nothing is lost")]
    Halted(HaltReason),
    /// auth-service hashes all it can.
    #[error("too many passwords are being hashed; try again")]
    Overloaded(Duration),
    /// auth-service is away.
    #[error("auth-service is not answering: {0}")]
    AuthUnavailable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DriveError> for Error {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::RolledBack(refusal) => refusal.into(),
            DriveError::Halted(reason) => Self::Halted(reason),
            DriveError::InProgress => Self::InProgress,
        }
    }
}

impl From<AdminsError> for Error {
    fn from(error: AdminsError) -> Self {
        match error {
            AdminsError::EmailTaken => Self::EmailTaken,
            AdminsError::Overloaded { retry_after } => Self::Overloaded(retry_after),
            AdminsError::Refused(why) | AdminsError::Unavailable(why) => Self::AuthUnavailable(why),
        }
    }
}

/// How often a write is tried again that lost a race to another.
pub(crate) const MAX_ATTEMPTS: usize = 8;

/// Whether a write that takes no new handle was refused because the record has changed since it was read. A resting
/// handle that was let go meanwhile may be another organization's by now: then the index says so first.
pub(crate) fn lost_a_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict | StoreError::AlreadyExists(_))
}

/// What operators alone may do: to everybody else somebody else's organization is a missing one.
pub(crate) fn must_operate(principal: &Principal, id: OrganizationId) -> Result<(), Error> {
    match principal.access_to(id) {
        _ if principal.is_operator() => Ok(()),
        Access::None => Err(Error::NotFound),
        Access::Read | Access::Write => Err(Error::NotAllowed),
    }
}

/// That the record is still the one whose etag the caller read last, if one was given.
pub(crate) fn must_be_current(organization: &Organization, etag: Option<i64>) -> Result<(), Error> {
    match etag {
        Some(epoch) if epoch != organization.epoch => Err(Error::EtagMismatch),
        _ => Ok(()),
    }
}

/// The look for an organization's collections, and for what stands at its names.
pub(crate) fn lookup(organization: &Organization) -> Lookup {
    Lookup {
        id: organization.id,
        names: lifecycle::own_names(organization),
    }
}

impl Organizations {
    /// The use cases over these.
    pub fn new(driver: Arc<Driver>) -> Self {
        Self {
            store: Arc::clone(&driver.store),
            admins: Arc::clone(&driver.admins),
            clock: Arc::clone(&driver.clock),
            ids: Arc::clone(&driver.ids),
            driver,
        }
    }

    pub(crate) fn accepted(&self) -> Accepted {
        let now = self.clock.now();
        Accepted {
            operation: self.ids.uuid_v7(now),
            now,
        }
    }

    /// Has a change accepted and drives it to its end; none when the record has changed since it was read, or the
    /// handle that it takes has become free. `taken` is that handle.
    pub(crate) async fn carry_out(
        &self,
        next: &Organization,
        taken: Option<&Handle>,
        context: &CallContext,
    ) -> Result<Option<Organization>, Error> {
        match (self.store.accept(next, Some(self.driver.lease)).await, taken) {
            (Ok(accepted), _) => {
                let observed = Observed::at_acceptance(&accepted);
                Ok(Some(self.driver.drive(accepted, observed, None, context).await?))
            }
            (Err(StoreError::AlreadyExists(_)), Some(taken)) => self.meet_holder(taken).await.map(|()| None),
            (Err(error), _) if lost_a_race(&error) => Ok(None),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Waits for whatever is under way, so that the own change comes next.
    pub(crate) async fn settled(
        &self,
        organization: Organization,
        context: &CallContext,
    ) -> Result<Organization, Error> {
        Ok(self.driver.settle(organization, context).await??)
    }

    /// After a write found the handle held: why, or OK when the holder let go of it and the write may be repeated.
    pub(crate) async fn meet_holder(&self, handle: &Handle) -> Result<(), Error> {
        let Some(holder) = self.store.find_by_handle(handle).await? else {
            return Ok(());
        };
        let rest_until = holder
            .handles
            .iter()
            .find(|held| held.handle == *handle)
            .and_then(|held| held.rest_until);
        let Some(rest_until) = rest_until else {
            return Err(Error::HandleTaken(handle.clone()));
        };
        let available = rest_until.max(holder.recheck_until.unwrap_or(rest_until));
        if self.released(&holder, available).await? {
            return Ok(());
        }
        Err(Error::HandleResting {
            handle: handle.clone(),
            available,
        })
    }

    /// Whether the holder, of a handle that was kept until `available`, had no reason to keep it any longer.
    async fn released(&self, holder: &Organization, available: Timestamp) -> Result<bool, Error> {
        let now = self.clock.now();
        if holder.operation.is_some() || now < available {
            return Ok(false);
        }
        let seen = self.store.look(holder.id, &lifecycle::own_names(holder)).await?;
        if !lifecycle::in_place(holder, seen) {
            return Ok(false);
        }
        // If it let go of nothing it has changed meanwhile: whoever asks tries again, and meets it as it is now.
        self.let_go(holder, now).await?;
        Ok(true)
    }

    /// Ends an idle record's waiting, as far as its time is over, after a look that found everything in place: first
    /// for late commands, then of the handles that rest. Answers whether anything ended.
    pub(crate) async fn let_go(
        &self,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = organization.id;
        let mut ended = false;
        if let Some(until) = organization.recheck_until {
            if until > now || !self.store.end_recheck(id, organization.epoch, until).await? {
                return Ok(false);
            }
            ended = true;
        }
        let over = |rest_until: Option<Timestamp>| rest_until.is_some_and(|until| until <= now);
        for held in organization.handles.iter().filter(|held| over(held.rest_until)) {
            ended |= self.store.release_handle(id, &held.handle, now).await?;
        }
        Ok(ended)
    }
}
