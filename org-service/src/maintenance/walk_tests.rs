//! The walk over both stores: everything once, in pages that stay small, and nothing that is not seen twice.

use std::sync::Arc;

use super::{
    Kind,
    ground::{Ground, context, create_collection, stamp_of},
    samples::*,
};
use crate::{
    domain::{Organization, Stamp},
    lifecycle,
};

/// Organizations 1 to 12 without their collections; 20 to 29 that auth-service alone knows, two among the others;
/// and collections of nobody's.
async fn full_of_damage() -> (Ground, usize) {
    let ground = Ground::new().await;
    for number in 1..=12 {
        let record = ground.plant(3 * number).await;
        if number <= 7 {
            let name = in_use(&format!("orphan_{number}"));
            let stamp = Stamp {
                organization: id(500),
                attempt: ATTEMPT,
            };
            create_collection(&*ground.store, &record, &name, stamp).await;
        }
    }
    for number in [4, 5, 20, 40, 41, 42, 43, 44] {
        let mut stranger = known(&active("stranger"));
        stranger.organization = id(number);
        ground.knows(stranger);
    }
    (ground, 12 + 8 + 7)
}

#[tokio::test]
async fn every_finding_is_met_once_whatever_the_pages() {
    let (mut ground, expected) = full_of_damage().await;
    for (limit, collections, findings) in [
        (1, 1, 1),
        (2, 3, 1_000),
        (5, 2, 3),
        (1_000, 1_000, 2),
        (1_000, 1_000, 1_000),
    ] {
        ground.maintenance.collections_per_page = collections;
        ground.maintenance.findings_per_page = findings;
        let walked = ground.walk(limit).await;
        assert_eq!(u64::try_from(walked.checked).unwrap(), walked.total);
        let (found, pages) = (walked.findings, walked.pages);
        let mut subjects: Vec<_> = found
            .iter()
            .map(|finding| {
                format!(
                    "{:?} {:?} {:?}",
                    finding.kind, finding.organization, finding.collection
                )
            })
            .collect();
        subjects.sort();
        subjects.dedup();
        assert_eq!((found.len(), subjects.len()), (expected, expected), "{limit}");
        let of = |kind| found.iter().filter(|finding| finding.kind == kind).count();
        assert_eq!(of(Kind::CollectionMissing), 12);
        assert_eq!(of(Kind::AdminWithoutOrganization), 8);
        assert_eq!(of(Kind::CollectionOrphaned), 7);
        // A page has hardly more findings than it may.
        assert!(
            pages >= expected.div_ceil(findings + 1),
            "{pages} pages at {limit}"
        );
    }
}

#[tokio::test]
async fn what_is_gone_at_the_second_look_does_not_count() {
    let ground = Ground::new().await;
    let record = ground.plant(1).await;
    let store = Arc::clone(&ground.store);
    ground.meanwhile(move |call| {
        let (store, record) = (Arc::clone(&store), record.clone());
        Box::pin(async move {
            if call == 1 {
                let home = record.home.clone().unwrap();
                create_collection(&*store, &record, &home, stamp_of(&record)).await;
            }
        })
    });
    assert_eq!(ground.walk(10).await.findings, []);
    assert_eq!(ground.asked(), 2, "it was looked at twice");
}

#[tokio::test]
async fn what_was_seen_while_its_organization_changed_does_not_count() {
    for changes_at in [0, 1] {
        let ground = Ground::new().await;
        let record = ground.plant(1).await;
        let (store, first) = (Arc::clone(&ground.store), record.clone());
        ground.meanwhile(move |call| {
            let (store, first) = (Arc::clone(&store), first.clone());
            Box::pin(async move {
                // Before its record is read for the second look, while the first one is under way.
                if call == changes_at {
                    let labels = Default::default();
                    let next = lifecycle::relabel(&first, first.name.clone(), false, labels, ACCEPTED.now);
                    store.accept(&next, None).await.unwrap();
                }
            })
        });
        let found = ground.walk(10).await.findings.len();
        // A change after the second reading is as if it came after the walk.
        assert_eq!(found, changes_at, "{changes_at}");
    }
}

#[tokio::test]
async fn an_admin_whose_organization_comes_meanwhile_does_not_count() {
    let ground = Ground::new().await;
    let mut known = known(&active("late"));
    known.organization = id(7);
    ground.knows(known);
    let store = Arc::clone(&ground.store);
    ground.meanwhile(move |call| {
        let store = Arc::clone(&store);
        Box::pin(async move {
            if call == 0 {
                let late = Organization {
                    id: id(7),
                    ..lifecycle::suspend(&active("late"), ACCEPTED)
                };
                store.insert(&late, None).await.unwrap();
            }
        })
    });
    let page = ground.maintenance.findings(None, 10, &context()).await.unwrap();
    assert_eq!(page.findings, []);
}
