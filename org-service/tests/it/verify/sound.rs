//! A sound store, with organizations in every state: nothing is found.

use std::time::Duration;

use org_service::{
    domain::{Organization, State},
    lifecycle,
};
use tenantry_proto::organization::v1::{self as pb, ListFindingsRequest};
use tonic::Code;

use super::{Inspector, in_use};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    nothing_is_found_in_a_sound_store,
    a_walk_counts_what_it_looked_at,
}

const DAY: Duration = Duration::from_secs(86_400);

/// A deleted organization whose purge has begun, and is then driven to its end.
async fn purged(inspector: &Inspector, operator: &str) -> Organization {
    let organization = inspector.organization("Purged").await;
    let id = organization.id.to_string();
    inspector.platform.delete(operator, &id).await.unwrap();
    let ground = &inspector.platform.ground;
    let begun = lifecycle::purge(&ground.record(&id).await, ground.accepted());
    ground.put(&begun).await;
    let target = pb::repair_organization_request::Target::Id(id.clone());
    let actions = inspector.repair(target).await.unwrap();
    let ended = actions
        .iter()
        .any(|action| action.contains("brought the PURGE to its end"));
    assert!(ended, "{actions:?}");
    let record = ground.record(&id).await;
    assert_eq!(record.state, State::Purged);
    record
}

/// A create that was rolled back: somebody has the e-mail.
async fn aborted(inspector: &Inspector) {
    let mut taken = create_request("Aborted");
    taken.admin.as_mut().unwrap().email = email_of("Active");
    let mut org = inspector.platform.org.clone();
    refused(
        org.create_organization(taken).await,
        Code::AlreadyExists,
        "EMAIL_TAKEN",
    );
}

async fn nothing_is_found_in_a_sound_store(place: Place) {
    let inspector = Inspector::new(place).await;
    let (platform, operator) = (&inspector.platform, inspector.platform.operator().await);
    inspector.assert_sound(&[]).await;

    let active = inspector.organization("Active").await;
    let suspended = inspector.organization("Suspended").await;
    platform
        .suspend(&operator, &suspended.id.to_string())
        .await
        .unwrap();
    let deleted = inspector.organization("Deleted").await;
    platform.delete(&operator, &deleted.id.to_string()).await.unwrap();
    let renamed = inspector.organization("Renamed").await;
    platform
        .rename(&operator, &renamed.id.to_string(), "Renamed Since")
        .await
        .unwrap();
    let purged = purged(&inspector, &operator).await;
    aborted(&inspector).await;
    platform.ground.write("org_nobody", &["a document"]).await;
    inspector.mends_collection(&in_use("nobody")).await;
    let stray = inspector.only_finding().await;
    assert_eq!(stray.kind(), pb::FindingKind::CollectionSetAside);
    platform
        .ground
        .drop_collection(&stray.collection_name.parse().unwrap())
        .await;

    let all = [&active, &suspended, &deleted, &renamed, &purged];
    inspector.assert_sound(&all).await;
    // Later nothing is excused by what still waits.
    platform.clock.advance(DAY);
    inspector.assert_sound(&all).await;
}

async fn a_walk_counts_what_it_looked_at(place: Place) {
    let inspector = Inspector::new(place).await;
    for name in ["Acme", "Globex", "Initech"] {
        inspector.organization(name).await;
    }
    let (mut checked, mut pages, mut page_token) = (0, 0, String::new());
    loop {
        let request = ListFindingsRequest {
            page_size: 2,
            page_token,
        };
        let page = inspector
            .client
            .clone()
            .list_findings(with_credential(request))
            .await;
        let page = page.unwrap().into_inner();
        (checked, pages) = (checked + page.checked_count, pages + 1);
        assert_eq!(page.total_count, 6);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    // Two pages of organizations, one of collections.
    assert_eq!((checked, pages), (6, 3));
}
