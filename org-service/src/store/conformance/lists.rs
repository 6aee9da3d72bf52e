//! Lists and their pages.

use std::collections::BTreeSet;

use tenantry_common::id::{Ids, OrganizationId, SystemIds};

use super::{fixture::*, samples::*};
use crate::{
    domain::{Organization, OrganizationName, State},
    store::ListQuery,
};

pub(super) async fn a_list_is_in_the_order_of_the_ids(fixture: Fixture) {
    let mut organizations: Vec<_> = (0..5).map(|number| active(&format!("org{number}"))).collect();
    organizations.sort_by_key(|organization| std::cmp::Reverse(organization.id));
    for organization in &organizations {
        fixture.insert(organization).await;
    }
    let mut ids: Vec<_> = organizations.iter().map(|organization| organization.id).collect();
    ids.reverse();
    assert_eq!(fixture.list(all(10)).await, ids);
    assert_eq!(fixture.list(all(2)).await, ids[..2]);
    assert_eq!(fixture.list(all(0)).await, []);
    let after = |id| ListQuery {
        after: Some(id),
        ..all(2)
    };
    assert_eq!(fixture.list(after(ids[1])).await, ids[2..4]);
    assert_eq!(fixture.list(after(ids[4])).await, []);
    let listed = fixture.store.list(&all(1)).await.unwrap();
    assert_eq!(listed, organizations[4..]);
}

pub(super) async fn a_list_shows_deleted_records_on_demand_and_hidden_ones_never(fixture: Fixture) {
    let states = [
        State::Provisioning,
        State::Active,
        State::Suspended,
        State::Deleted,
        State::Purged,
        State::Aborted,
    ];
    let mut ids = Vec::new();
    for (number, state) in states.into_iter().enumerate() {
        let organization = Organization {
            state,
            ..active(&format!("org{number}"))
        };
        ids.push(fixture.insert(&organization).await.id);
    }
    let sorted = |range: std::ops::Range<usize>| ids[range].iter().copied().collect::<BTreeSet<_>>();
    let listed = fixture.list(all(10)).await;
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), sorted(1..3));
    let with_deleted = ListQuery {
        show_deleted: true,
        ..all(10)
    };
    let listed = fixture.list(with_deleted).await;
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), sorted(1..4));
}

pub(super) async fn a_list_of_one_shows_that_one_if_it_is_listed(fixture: Fixture) {
    let shown = fixture.insert(&active("acme")).await;
    fixture.insert(&active("other")).await;
    let hidden = fixture.insert(&provisioning("hidden")).await;
    let only = |id| ListQuery {
        only: Some(id),
        ..all(10)
    };
    assert_eq!(fixture.list(only(shown.id)).await, [shown.id]);
    assert_eq!(fixture.list(only(hidden.id)).await, []);
    assert_eq!(fixture.list(only(active("absent").id)).await, []);
    let past = ListQuery {
        after: Some(shown.id),
        ..only(shown.id)
    };
    assert_eq!(fixture.list(past).await, []);
}

pub(super) async fn paging_meets_every_record_once_while_others_are_written(fixture: Fixture) {
    let mut there = BTreeSet::new();
    for number in 0..12 {
        there.insert(fixture.insert(&active(&format!("org{number}"))).await.id);
    }
    let (mut met, mut after, mut number) = (Vec::new(), None, 0);
    loop {
        let query = ListQuery { after, ..all(3) };
        let page = fixture.store.list(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        met.extend(page.iter().map(|organization| organization.id));
        // One more, anywhere in the order, and one that is changed: neither moves the others.
        number += 1;
        let other = Organization {
            id: OrganizationId::from_uuid(SystemIds.uuid_v4()),
            ..active(&format!("new{number}"))
        };
        fixture.insert(&other).await;
        let renamed = Organization {
            name: OrganizationName::parse("Changed").unwrap(),
            epoch: page[0].epoch + 1,
            ..page[0].clone()
        };
        fixture.store.accept(&renamed, None).await.unwrap();
    }
    let met_once: BTreeSet<_> = met.iter().copied().collect();
    assert_eq!(met_once.len(), met.len());
    assert!(met_once.is_superset(&there));
}
