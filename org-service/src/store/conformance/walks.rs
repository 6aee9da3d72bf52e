//! Walks over all there is, for whoever checks it.

use std::collections::BTreeSet;

use tenantry_common::id::{Ids, SystemIds};

use super::{fixture::*, samples::*};
use crate::{
    domain::{CollectionName, Organization, Seen, State},
    store::Counts,
};

pub(super) async fn records_of_every_state_are_walked_in_the_order_of_their_ids(fixture: Fixture) {
    let states = [
        State::Provisioning,
        State::Active,
        State::Suspended,
        State::Deleted,
        State::Purged,
        State::Aborted,
    ];
    let mut records: Vec<Organization> = Vec::new();
    for (number, state) in states.into_iter().enumerate() {
        let organization = Organization {
            state,
            ..active(&format!("org{number}"))
        };
        records.push(organization);
    }
    records.push(provisioning("running"));
    records.sort_by_key(|organization| std::cmp::Reverse(organization.id));
    for organization in &records {
        fixture.insert(organization).await;
    }
    records.reverse();
    for size in 1..=records.len() + 1 {
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let page = fixture.store.records(after, size).await.unwrap();
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            met.extend(page);
        }
        assert_eq!(met, records, "{size}");
    }
    assert_eq!(fixture.store.records(None, 0).await.unwrap(), []);
}

pub(super) async fn holders_are_told_of_resting_handles_too(fixture: Fixture) {
    let acme = Organization {
        handles: vec![held("acme"), resting("acme_old", later(0)), held("acme_new")],
        ..active("acme")
    };
    let deleted = Organization {
        state: State::Deleted,
        handles: vec![resting("gone", later(9))],
        ..active("gone")
    };
    let aborted = Organization {
        state: State::Aborted,
        handles: Vec::new(),
        ..active("aborted")
    };
    let other = active("other");
    for organization in [&acme, &deleted, &aborted, &other, &active("unasked")] {
        fixture.insert(organization).await;
    }
    let wanted = ["gone", "acme_old", "unknown", "aborted", "acme", "other"].map(handle);
    let holders = fixture.store.holders(&wanted).await.unwrap();
    let expected = [
        ("acme", acme.id),
        ("acme_old", acme.id),
        ("gone", deleted.id),
        ("other", other.id),
    ];
    assert_eq!(holders.len(), expected.len());
    let expected = expected.map(|(text, id)| (handle(text), id));
    assert_eq!(
        holders.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(expected)
    );
    assert_eq!(fixture.store.holders(&[]).await.unwrap(), []);
}

pub(super) async fn records_and_collections_are_counted(fixture: Fixture) {
    assert_eq!(fixture.store.counts().await.unwrap(), Counts::default());
    let (organization, fence) = fixture.driven("acme").await;
    for name in ["purged", "other"] {
        let state = State::Purged;
        fixture
            .insert(&Organization {
                state,
                ..active(name)
            })
            .await;
    }
    for name in [in_use("acme"), CollectionName::trash(organization.id)] {
        let stamp = stamp(&organization);
        fixture
            .store
            .create_collection(fence, &name, stamp)
            .await
            .unwrap();
    }
    let expected = Counts {
        organizations: 3,
        collections: 2,
    };
    assert_eq!(fixture.store.counts().await.unwrap(), expected);
}

pub(super) async fn all_tenant_collections_are_walked_in_the_order_of_their_names(fixture: Fixture) {
    assert_eq!(fixture.store.collections(None, 9).await.unwrap(), []);
    let (organization, fence) = fixture.driven("acme").await;
    let unique = SystemIds.uuid_v4();
    let mut expected: Vec<Seen> = Vec::new();
    for name in [
        CollectionName::trash(organization.id),
        in_use("zebra"),
        CollectionName::condemned(organization.id, unique),
        in_use("acme"),
        CollectionName::stray(unique),
    ] {
        let stamp = stamp(&organization);
        fixture
            .store
            .create_collection(fence, &name, stamp)
            .await
            .unwrap();
        expected.push(seen(&name, Some(stamp)));
    }
    for name in ["org_Upper", "org_", "trash_can", "org_acme_2", "drop_x"] {
        let name = name.parse().unwrap();
        fixture.behind.write(&name, &["a"]).await;
        expected.push(seen(&name, None));
    }
    expected.sort();
    for size in 1..=expected.len() + 1 {
        let (mut met, mut after) = (Vec::<Seen>::new(), None);
        loop {
            let page = fixture.store.collections(after.as_ref(), size).await.unwrap();
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            met.extend(page);
        }
        assert_eq!(met, expected, "{size}");
    }
    assert_eq!(fixture.store.collections(None, 0).await.unwrap(), []);
    let between = in_use("bb");
    let page = fixture.store.collections(Some(&between), 1).await.unwrap();
    assert_eq!(
        page,
        [expected.into_iter().find(|seen| seen.name > between).unwrap()]
    );
}
