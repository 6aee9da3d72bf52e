//! What both stores answer alike: which records a list shows, which collections a look reports.

use tenantry_common::id::OrganizationId;

use crate::domain::{CollectionName, Seen, State};

/// The states of the records that a list shows.
pub(super) fn listed_states(show_deleted: bool) -> &'static [State] {
    const ALL: [State; 3] = [State::Active, State::Suspended, State::Deleted];
    if show_deleted { &ALL } else { &ALL[..2] }
}

/// Whether a look for `id` at `names` reports this collection.
pub(super) fn is_reported(seen: &Seen, id: OrganizationId, names: &[CollectionName]) -> bool {
    seen.stamp.is_some_and(|stamp| stamp.organization == id)
        || seen.name.is_condemned(id)
        || names.contains(&seen.name)
}
