//! What is wrong with a collection that no organization's look sees to. Pure.

use tenantry_common::clock::Timestamp;

use super::{
    finding::{Finding, Kind},
    is_settled,
};
use crate::domain::{Organization, Seen, State};

/// A collection, and the records that it points to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met<'a> {
    /// The collection.
    pub(super) seen: &'a Seen,
    /// The record of the organization whose stamp it bears.
    pub(super) owner: Option<&'a Organization>,
    /// The record of the organization whose name it has.
    pub(super) place: Option<&'a Organization>,
}

/// What is wrong with it, unless the look at an organization tells of it, or something is pending that may move it.
pub(super) fn of_collection(met: &Met<'_>, now: Timestamp) -> Option<Finding> {
    let name = &met.seen.name;
    let alive = met.owner.filter(|owner| has_collection(owner));
    match alive {
        Some(owner) if owner.full_stamp() == met.seen.stamp || !name.is_stray() => return None,
        _ if name.is_stray() => return Some(set_aside(met, alive)),
        _ => {}
    }
    let records = || [met.owner, met.place].into_iter().flatten();
    let is_anothers = |place: &Organization| met.owner.is_none_or(|owner| owner.id != place.id);
    if met.place.is_some_and(is_anothers) || records().any(|record| !is_settled(record, now)) {
        return None;
    }
    Some(orphaned(met))
}

/// Whether an organization in this state has a collection, or had one that may come back.
pub(super) fn has_collection(organization: &Organization) -> bool {
    !matches!(organization.state, State::Purged | State::Aborted)
}

fn set_aside(met: &Met<'_>, owner: Option<&Organization>) -> Finding {
    let name = &met.seen.name;
    let text = match (owner, met.seen.stamp) {
        (Some(owner), _) => format!(
            "collection {name} was set aside: a late command made it for organization {}, which has its own",
            owner.id
        ),
        (None, Some(stamp)) => format!(
            "collection {name} was set aside: it bears the stamp of organization {}, which is not there",
            stamp.organization
        ),
        (None, None) => format!(
            "collection {name} was set aside: it bore no stamp and stood in an organization's place; a late write may \
             have made it, and it may hold lost writes"
        ),
    };
    let finding = Finding {
        organization: owner.map(|owner| owner.id),
        epoch: owner.map(|owner| owner.epoch),
        ..Finding::of_nobody(Kind::CollectionSetAside, text)
    };
    finding.at(name)
}

fn orphaned(met: &Met<'_>) -> Finding {
    let name = &met.seen.name;
    let whose = match (met.owner, met.seen.stamp) {
        (Some(owner), _) => format!("organization {}, whose data should be gone", owner.id),
        (None, Some(stamp)) => format!("organization {}, which is not there", stamp.organization),
        (None, None) => "nobody".to_owned(),
    };
    let text = format!("collection {name} stands under a tenant's name and bears the stamp of {whose}");
    // Only a handle can be held while the collection is set aside.
    let can_be_reserved = met.place.is_none() && name.handle().is_some();
    Finding::of_nobody(Kind::CollectionOrphaned, text)
        .at(name)
        .repairable(can_be_reserved)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::CollectionName,
        maintenance::samples::{
            ATTEMPT, START, active, deleted, handle, id, in_use, purged, stamped, unstamped,
        },
    };

    const LATER: Timestamp = Timestamp::from_millis(START.as_millis() + 86_400_000);

    fn judged(
        seen: &Seen,
        owner: Option<&Organization>,
        place: Option<&Organization>,
    ) -> Option<(Kind, bool)> {
        let found = of_collection(&Met { seen, owner, place }, LATER)?;
        assert_eq!(found.collection.as_ref(), Some(&seen.name));
        Some((found.kind, found.repairable))
    }

    #[test]
    fn what_is_somebodys_is_told_with_its_organization() {
        let acme = active("acme");
        for name in [in_use("acme"), in_use("bolt"), CollectionName::trash(id(10))] {
            for attempt in [ATTEMPT, Uuid::from_u128(3)] {
                assert_eq!(judged(&stamped(&name, id(10), attempt), Some(&acme), None), None);
            }
        }
        let own_astray = stamped(&CollectionName::stray(ATTEMPT), id(10), ATTEMPT);
        assert_eq!(judged(&own_astray, Some(&acme), None), None);
    }

    #[test]
    fn what_stands_in_somebodys_place_is_told_with_its_holder() {
        let acme = active("acme");
        assert_eq!(judged(&unstamped(&in_use("acme")), None, Some(&acme)), None);
        let strangers = stamped(&in_use("acme"), id(99), ATTEMPT);
        assert_eq!(judged(&strangers, None, Some(&acme)), None);
        let gone = purged();
        assert_eq!(
            judged(&unstamped(&CollectionName::trash(id(10))), None, Some(&gone)),
            None
        );
    }

    #[test]
    fn nobodys_is_orphaned_and_set_aside_where_its_handle_can_be_held() {
        let drop = CollectionName::condemned(id(99), ATTEMPT);
        let bad: CollectionName = "org_Not A Handle".parse().unwrap();
        for (name, repairable) in [
            (in_use("bolt"), true),
            (CollectionName::trash(id(99)), false),
            (drop, false),
            (bad, false),
        ] {
            for seen in [unstamped(&name), stamped(&name, id(99), ATTEMPT)] {
                assert_eq!(
                    judged(&seen, None, None),
                    Some((Kind::CollectionOrphaned, repairable))
                );
            }
        }
    }

    #[test]
    fn data_of_a_purged_organization_is_orphaned_and_never_repaired_in_its_trash() {
        let gone = Organization {
            handles: Vec::new(),
            ..purged()
        };
        let in_trash = stamped(&CollectionName::trash(id(10)), id(10), ATTEMPT);
        let expected = Some((Kind::CollectionOrphaned, false));
        assert_eq!(judged(&in_trash, Some(&gone), Some(&gone)), expected);
        let at_free_name = stamped(&in_use("bolt"), id(10), ATTEMPT);
        assert_eq!(
            judged(&at_free_name, Some(&gone), None),
            Some((Kind::CollectionOrphaned, true))
        );
    }

    #[test]
    fn a_collection_that_was_set_aside_is_a_notice() {
        let name = CollectionName::stray(ATTEMPT);
        let acme = active("acme");
        let aside = Some((Kind::CollectionSetAside, false));
        assert_eq!(judged(&unstamped(&name), None, None), aside);
        assert_eq!(judged(&stamped(&name, id(99), ATTEMPT), None, None), aside);
        let twin = stamped(&name, id(10), Uuid::from_u128(3));
        assert_eq!(judged(&twin, Some(&acme), None), aside);
        let gone = purged();
        assert_eq!(judged(&stamped(&name, id(10), ATTEMPT), Some(&gone), None), aside);
    }

    #[test]
    fn what_may_still_move_is_left_alone() {
        let purging = crate::lifecycle::purge(&deleted(), crate::maintenance::samples::ACCEPTED);
        let condemned = stamped(&CollectionName::condemned(id(10), ATTEMPT), id(10), ATTEMPT);
        assert_eq!(judged(&condemned, Some(&purging), Some(&purging)), None);
        let resting = purged();
        let met = |now| {
            let seen = stamped(&in_use("acme"), id(10), ATTEMPT);
            let (owner, place) = (Some(&resting), Some(&resting));
            of_collection(
                &Met {
                    seen: &seen,
                    owner,
                    place,
                },
                now,
            )
            .is_some()
        };
        assert!(resting.handles.iter().any(|held| held.handle == handle("acme")));
        assert!(!met(START));
        assert!(met(START + Duration::from_secs(86_400)));
    }
}
