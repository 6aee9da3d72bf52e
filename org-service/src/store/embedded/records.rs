//! The records, and the indexes that are kept in the same transaction.

use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use tenantry_common::{
    id::OrganizationId,
    seeded_bug,
    store::{
        embedded::{decode, encode},
        error::{StoreError, UniqueIndex},
    },
};
use uuid::Uuid;

use super::due::{self, DueIndex};
use crate::{
    domain::{Handle, Organization},
    store::{
        CREATE_REQUEST_INDEX, Fence, HANDLE_INDEX, ID_INDEX, ListQuery, began_as,
        selection::{is_readable, listed_states},
    },
};

/// Records by the numbers of their ids, whose order is that of the ids.
const ORGANIZATIONS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("organizations");
const HANDLES: TableDefinition<'_, &str, u128> = TableDefinition::new(HANDLE_INDEX.0);
const CREATE_REQUESTS: TableDefinition<'_, u128, u128> = TableDefinition::new(CREATE_REQUEST_INDEX.0);
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
const STARTS: &str = "starts";

/// Which opening of the file this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Start(u64);

/// A record, and the start of the process that wrote it last: its lease is void in every later one.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    start: Start,
    organization: T,
}

/// Makes the tables where they are missing and counts this start.
pub(super) fn begin(transaction: &WriteTransaction) -> Result<Start, StoreError> {
    let mut counters = transaction.open_table(COUNTERS)?;
    let before = counters.get(STARTS)?.map_or(0, |count| count.value());
    let start = Start(before + 1);
    counters.insert(STARTS, start.0)?;
    let indexed = due::is_there(transaction)?;
    let mut records = Records::open(transaction, start)?;
    if indexed {
        records.due.void_leases()?;
    } else {
        records.index_due()?;
    }
    Ok(start)
}

/// The records in a write transaction.
pub(super) struct Records<'t> {
    organizations: Table<'t, u128, &'static [u8]>,
    handles: Table<'t, &'static str, u128>,
    create_requests: Table<'t, u128, u128>,
    due: DueIndex<'t>,
    start: Start,
}

impl<'t> Records<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction, start: Start) -> Result<Self, StoreError> {
        Ok(Self {
            organizations: transaction.open_table(ORGANIZATIONS)?,
            handles: transaction.open_table(HANDLES)?,
            create_requests: transaction.open_table(CREATE_REQUESTS)?,
            due: DueIndex::open(transaction)?,
            start,
        })
    }

    pub(super) fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        get_from(&self.organizations, self.start, id.as_uuid().as_u128())
    }

    /// The record with this operation under this lease; `Conflict` when there is none.
    pub(super) fn fenced(&self, fence: Fence) -> Result<Organization, StoreError> {
        self.get(fence.organization)?
            .filter(|stored| {
                let operation = stored.operation.as_ref().map(|operation| operation.id);
                let fenced = operation == Some(fence.operation) && stored.fence == fence.fence;
                fenced || seeded_bug!(FenceNotInFilter)
            })
            .ok_or(StoreError::Conflict)
    }

    /// The record as it is there then.
    pub(super) fn insert(&mut self, organization: &Organization) -> Result<Organization, StoreError> {
        match self.get(organization.id)? {
            Some(stored) if began_as(&stored, organization) => Ok(stored),
            Some(_) => Err(StoreError::AlreadyExists(ID_INDEX)),
            None => self.put(organization).map(|()| organization.clone()),
        }
    }

    pub(super) fn replace(&mut self, before: &Organization, after: &Organization) -> Result<(), StoreError> {
        self.unindex(before)?;
        self.put(after)
    }

    pub(super) fn remove(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.unindex(organization)?;
        self.organizations.remove(organization.id.as_uuid().as_u128())?;
        Ok(())
    }

    fn unindex(&mut self, organization: &Organization) -> Result<(), StoreError> {
        for held in &organization.handles {
            self.handles.remove(held.handle.as_str())?;
        }
        if let Some(request) = &organization.create_request {
            self.create_requests.remove(request.key.as_u128())?;
        }
        self.due.remove(organization)
    }

    /// Fills the index of a file that was written before there was one.
    fn index_due(&mut self) -> Result<(), StoreError> {
        for entry in self.organizations.iter()? {
            self.due.insert(&read(self.start, entry?.1.value())?)?;
        }
        Ok(())
    }

    fn put(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let id = organization.id.as_uuid().as_u128();
        for held in &organization.handles {
            let holder = self.handles.insert(held.handle.as_str(), id)?;
            refuse_other(holder.map(|holder| holder.value()), id, HANDLE_INDEX)?;
        }
        if let Some(request) = &organization.create_request {
            let holder = self.create_requests.insert(request.key.as_u128(), id)?;
            refuse_other(holder.map(|holder| holder.value()), id, CREATE_REQUEST_INDEX)?;
        }
        self.due.insert(organization)?;
        let stored = Stored {
            start: self.start,
            organization,
        };
        self.organizations.insert(id, encode(&stored)?.as_slice())?;
        Ok(())
    }
}

fn refuse_other(holder: Option<u128>, id: u128, index: UniqueIndex) -> Result<(), StoreError> {
    match holder {
        Some(holder) if holder != id => Err(StoreError::AlreadyExists(index)),
        _ => Ok(()),
    }
}

pub(super) fn get(
    transaction: &ReadTransaction,
    start: Start,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let organizations = transaction.open_table(ORGANIZATIONS)?;
    get_from(&organizations, start, id.as_uuid().as_u128())
}

pub(super) fn find_by_handle(
    transaction: &ReadTransaction,
    start: Start,
    handle: &Handle,
) -> Result<Option<Organization>, StoreError> {
    let handles = transaction.open_table(HANDLES)?;
    let Some(id) = handles.get(handle.as_str())? else {
        return Ok(None);
    };
    get_from(&transaction.open_table(ORGANIZATIONS)?, start, id.value())
}

pub(super) fn find_by_create_request(
    transaction: &ReadTransaction,
    start: Start,
    key: Uuid,
) -> Result<Option<Organization>, StoreError> {
    let requests = transaction.open_table(CREATE_REQUESTS)?;
    let Some(id) = requests.get(key.as_u128())? else {
        return Ok(None);
    };
    get_from(&transaction.open_table(ORGANIZATIONS)?, start, id.value())
}

pub(super) fn list(
    transaction: &ReadTransaction,
    start: Start,
    query: &ListQuery,
) -> Result<Vec<Organization>, StoreError> {
    let organizations = transaction.open_table(ORGANIZATIONS)?;
    let number = |id: OrganizationId| id.as_uuid().as_u128();
    let last = query.only.map_or(u128::MAX, number);
    let first = query.after.map_or(0, |id| number(id).saturating_add(1));
    let first = first.max(query.only.map_or(0, number));
    if first > last {
        return Ok(Vec::new());
    }
    organizations
        .range(first..=last)?
        .map(|entry| read(start, entry?.1.value()))
        .filter(|read| match read {
            Ok(organization) => listed_states(query.show_deleted).contains(&organization.state),
            Err(_) => true,
        })
        .take(query.limit)
        .collect()
}

/// Records in any state, in the order of their ids.
pub(super) fn walk(
    transaction: &ReadTransaction,
    start: Start,
    after: Option<OrganizationId>,
    limit: usize,
) -> Result<Vec<Organization>, StoreError> {
    let organizations = transaction.open_table(ORGANIZATIONS)?;
    let after = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_uuid().as_u128()));
    organizations
        .range::<u128>((after, Bound::Unbounded))?
        .take(limit)
        .map(|entry| read(start, entry?.1.value()))
        .collect()
}

pub(super) fn holders(
    transaction: &ReadTransaction,
    wanted: &[Handle],
) -> Result<Vec<(Handle, OrganizationId)>, StoreError> {
    let handles = transaction.open_table(HANDLES)?;
    let mut holders = Vec::with_capacity(wanted.len());
    for handle in wanted {
        if let Some(id) = handles.get(handle.as_str())? {
            let id = OrganizationId::from_uuid(Uuid::from_u128(id.value()));
            holders.push((handle.clone(), id));
        }
    }
    Ok(holders)
}

pub(super) fn count(transaction: &ReadTransaction) -> Result<u64, StoreError> {
    Ok(transaction.open_table(ORGANIZATIONS)?.len()?)
}

/// The records with these ids, in their order.
pub(super) fn find(
    transaction: &ReadTransaction,
    start: Start,
    ids: impl Iterator<Item = Result<u128, StoreError>>,
) -> Result<Vec<Organization>, StoreError> {
    let organizations = transaction.open_table(ORGANIZATIONS)?;
    let found = ids.filter_map(|id| id.and_then(|id| get_from(&organizations, start, id)).transpose());
    found.filter(is_readable).collect()
}

fn get_from(
    organizations: &impl ReadableTable<u128, &'static [u8]>,
    start: Start,
    id: u128,
) -> Result<Option<Organization>, StoreError> {
    let found = organizations.get(id)?;
    found.map(|bytes| read(start, bytes.value())).transpose()
}

fn read(start: Start, bytes: &[u8]) -> Result<Organization, StoreError> {
    let mut stored: Stored<Organization> = decode("organizations", bytes)?;
    if stored.start != start {
        stored.organization.lease = None;
    }
    Ok(stored.organization)
}
