//! What both stores answer alike: which records a list shows, which collections a look reports.

use std::collections::{BTreeSet, HashMap};

use tenantry_common::{id::OrganizationId, store::error::StoreError};

use super::Lookup;
use crate::domain::{CollectionName, Organization, Seen, State};

/// The states of the records that a list shows.
pub(super) fn listed_states(show_deleted: bool) -> &'static [State] {
    const ALL: [State; 3] = [State::Active, State::Suspended, State::Deleted];
    if show_deleted { &ALL } else { &ALL[..2] }
}

/// False for a record that cannot be read, which is logged: nothing that waits beside it need wait longer.
pub(super) fn is_readable(found: &Result<Organization, StoreError>) -> bool {
    match found {
        Err(StoreError::Corrupt(what)) => {
            tracing::error!(what, "a record cannot be read and is left as it is");
            false
        }
        _ => true,
    }
}

/// Sorts collections out among those who look for them, one by one as a store tells of them.
pub(super) struct Sorter<'w> {
    by_owner: HashMap<OrganizationId, Vec<usize>>,
    by_name: HashMap<&'w CollectionName, Vec<usize>>,
    found: Vec<BTreeSet<Seen>>,
}

impl<'w> Sorter<'w> {
    pub(super) fn new(wanted: &'w [Lookup]) -> Self {
        let mut by_owner: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, lookup) in wanted.iter().enumerate() {
            by_owner.entry(lookup.id).or_default().push(index);
            for name in &lookup.names {
                by_name.entry(name).or_default().push(index);
            }
        }
        Self {
            by_owner,
            by_name,
            found: vec![BTreeSet::new(); wanted.len()],
        }
    }

    /// Notes a collection with everybody who looks for it: by its stamp, by its name, or by whom it was condemned for.
    pub(super) fn offer(&mut self, seen: Seen) {
        let stamped = seen.stamp.map(|stamp| stamp.organization);
        let owners = [stamped, seen.name.condemned_for()];
        let by_owner = owners.iter().flatten().filter_map(|id| self.by_owner.get(id));
        let whose: BTreeSet<usize> = by_owner
            .chain(self.by_name.get(&seen.name))
            .flatten()
            .copied()
            .collect();
        for index in whose {
            if let Some(found) = self.found.get_mut(index) {
                found.insert(seen.clone());
            }
        }
    }

    /// What was found for each of those who look.
    pub(super) fn finish(self) -> Vec<Vec<Seen>> {
        self.found
            .into_iter()
            .map(|found| found.into_iter().collect())
            .collect()
    }
}

/// The least names after a given one, at most so many of them, whatever the order in which they are told.
pub(super) struct Page {
    after: Option<CollectionName>,
    limit: usize,
    least: BTreeSet<Seen>,
}

impl Page {
    pub(super) fn new(after: Option<&CollectionName>, limit: usize) -> Self {
        Self {
            after: after.cloned(),
            limit,
            least: BTreeSet::new(),
        }
    }

    /// Takes a collection into account.
    pub(super) fn offer(&mut self, seen: Seen) {
        if self.after.as_ref().is_some_and(|after| seen.name <= *after) {
            return;
        }
        self.least.insert(seen);
        if self.least.len() > self.limit {
            self.least.pop_last();
        }
    }

    /// The page, in the order of the names.
    pub(super) fn finish(self) -> Vec<Seen> {
        self.least.into_iter().collect()
    }
}
