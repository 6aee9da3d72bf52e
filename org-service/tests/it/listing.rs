//! Pages of organizations.

use tenantry_proto::organization::v1::{ListOrganizationsRequest, ListOrganizationsResponse};
use tonic::{Code, Status};

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_operator_walks_through_all_pages_while_others_are_created,
    an_admin_lists_the_own_organization_alone,
    deleted_organizations_are_listed_when_asked_for,
    a_page_token_is_good_for_its_caller_and_its_list_alone,
}

async fn list(
    platform: &Platform,
    token: &str,
    request: ListOrganizationsRequest,
) -> Result<ListOrganizationsResponse, Status> {
    Ok(platform
        .org
        .clone()
        .list_organizations(bearer(token, request))
        .await?
        .into_inner())
}

async fn an_operator_walks_through_all_pages_while_others_are_created(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    let mut expected = Vec::new();
    for i in 0..7 {
        expected.push(platform.create(&format!("Acme {i}")).await.id);
        platform.clock.advance(std::time::Duration::from_millis(1));
    }
    let (mut seen, mut page_token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = list(
            &platform,
            &operator,
            ListOrganizationsRequest {
                page_size: 3,
                page_token,
                ..Default::default()
            },
        )
        .await
        .unwrap();
        assert!(page.organizations.len() <= 3);
        seen.extend(page.organizations.into_iter().map(|organization| organization.id));
        page_token = page.next_page_token;
        pages += 1;
        if page_token.is_empty() {
            break;
        }
        if pages == 1 {
            platform.clock.advance(std::time::Duration::from_millis(1));
            expected.push(platform.create("Latecomer").await.id);
        }
    }
    assert_eq!(seen, expected);
}

async fn an_admin_lists_the_own_organization_alone(place: Place) {
    let platform = Platform::start(place).await;
    platform.create("Other").await;
    let own = platform.create("Own").await;
    let token = platform.token_of(&own).await;
    let page = list(&platform, &token, ListOrganizationsRequest::default())
        .await
        .unwrap();
    assert_eq!(
        page,
        ListOrganizationsResponse {
            organizations: vec![own],
            next_page_token: String::new()
        }
    );
}

async fn deleted_organizations_are_listed_when_asked_for(place: Place) {
    let platform = Platform::start(place).await;
    let (kept, gone) = (platform.create("Kept").await, platform.create("Gone").await);
    let operator = platform.operator().await;
    platform.delete(&operator, &gone.id).await.unwrap();
    let ids = async |show_deleted| {
        let page = list(
            &platform,
            &operator,
            ListOrganizationsRequest {
                show_deleted,
                ..Default::default()
            },
        )
        .await
        .unwrap();
        let mut ids: Vec<String> = page
            .organizations
            .into_iter()
            .map(|organization| organization.id)
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(false).await, std::slice::from_ref(&kept.id));
    let mut both = vec![kept.id, gone.id];
    both.sort();
    assert_eq!(ids(true).await, both);
}

async fn a_page_token_is_good_for_its_caller_and_its_list_alone(place: Place) {
    let platform = Platform::start(place).await;
    let first = platform.create("First").await;
    platform.create("Second").await;
    let operator = platform.operator().await;
    let page_token = list(
        &platform,
        &operator,
        ListOrganizationsRequest {
            page_size: 1,
            ..Default::default()
        },
    )
    .await
    .unwrap()
    .next_page_token;
    assert!(!page_token.is_empty());
    let ask = async |token: &str, page_token: &str, show_deleted| {
        list(
            &platform,
            token,
            ListOrganizationsRequest {
                page_token: page_token.to_owned(),
                show_deleted,
                ..Default::default()
            },
        )
        .await
    };
    assert_eq!(
        ask(&operator, &page_token, false)
            .await
            .unwrap()
            .organizations
            .len(),
        1
    );
    let admin = platform.token_of(&first).await;
    let middle = page_token.len() / 2;
    let other = if page_token.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut mutated = page_token.clone();
    mutated.replace_range(middle..=middle, other);
    for outcome in [
        ask(&admin, &page_token, false).await,
        ask(&operator, &page_token, true).await,
        ask(&operator, &mutated, false).await,
        ask(&operator, "{\"$gt\":\"\"}", false).await,
        ask(&operator, &"A".repeat(60_000), false).await,
    ] {
        assert_eq!(bad_fields(outcome), ["page_token"]);
    }
    let negative = list(
        &platform,
        &operator,
        ListOrganizationsRequest {
            page_size: -1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(
        failure(negative),
        (Code::InvalidArgument, "INVALID_FIELDS".to_owned())
    );
}
