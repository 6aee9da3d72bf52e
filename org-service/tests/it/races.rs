//! Many at once: exactly one wins, nothing is left behind.

use futures::future::join_all;
use org_service::domain::Handle;
use tenantry_proto::organization::v1::CreateOrganizationRequest;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    of_twenty_creates_of_one_name_one_wins,
    of_twenty_creates_with_one_email_one_wins,
    twenty_repeats_of_one_request_are_one_organization,
    of_ten_renames_to_one_handle_one_wins,
    concurrent_renames_of_one_organization_end_in_one_of_them,
}

const MANY: usize = 20;

async fn create_all(
    platform: &Platform,
    requests: Vec<CreateOrganizationRequest>,
) -> (Vec<String>, Vec<Status>) {
    let calls = requests.into_iter().map(|request| {
        let mut client = platform.org.clone();
        async move { client.create_organization(request).await }
    });
    let (mut ids, mut refused) = (Vec::new(), Vec::new());
    for outcome in join_all(calls).await {
        match outcome {
            Ok(reply) => ids.push(reply.into_inner().organization.unwrap().id),
            Err(status) => refused.push(status),
        }
    }
    (ids, refused)
}

/// One organization, one collection, one admin; all others refused for this reason.
async fn one_won(platform: &Platform, ids: &[String], refused: Vec<Status>, reason: &str) {
    assert_eq!((ids.len(), refused.len()), (1, MANY - 1), "{refused:?}");
    for status in refused {
        assert_eq!(
            failure(Err::<(), _>(status)),
            (Code::AlreadyExists, reason.to_owned())
        );
    }
    assert_eq!(platform.collections_of(&ids[0]).await.len(), 1);
    let operator = platform.operator().await;
    let all = platform
        .org
        .clone()
        .list_organizations(bearer(&operator, Default::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        all.organizations.iter().map(|o| &o.id).collect::<Vec<_>>(),
        [&ids[0]]
    );
}

async fn of_twenty_creates_of_one_name_one_wins(place: Place) {
    let platform = Platform::start(place).await;
    let requests = (0..MANY).map(|i| {
        let mut request = create_request("Acme");
        request.admin.as_mut().unwrap().email = format!("admin{i}@acme.example");
        request
    });
    let (ids, refused) = create_all(&platform, requests.collect()).await;
    one_won(&platform, &ids, refused, "HANDLE_TAKEN").await;
    let mut logins = 0;
    for i in 0..MANY {
        logins += usize::from(
            platform
                .login(&format!("admin{i}@acme.example"), PASSWORD)
                .await
                .is_ok(),
        );
    }
    assert_eq!(logins, 1);
}

async fn of_twenty_creates_with_one_email_one_wins(place: Place) {
    let platform = Platform::start(place).await;
    let requests = (0..MANY).map(|i| {
        let mut request = create_request(&format!("Acme {i}"));
        request.admin.as_mut().unwrap().email = "admin@acme.example".to_owned();
        request
    });
    let (ids, refused) = create_all(&platform, requests.collect()).await;
    one_won(&platform, &ids, refused, "EMAIL_TAKEN").await;
    // Every loser's handle is free again.
    for i in 0..MANY {
        let handle = Handle::parse(&format!("acme_{i}")).unwrap();
        let holder = platform.store.inner.find_by_handle(&handle).await.unwrap();
        assert_eq!(
            holder.is_some(),
            holder.is_some_and(|holder| holder.id.to_string() == ids[0])
        );
    }
}

async fn twenty_repeats_of_one_request_are_one_organization(place: Place) {
    let platform = Platform::start(place).await;
    let request_id = Uuid::from_u128(99).to_string();
    let request = CreateOrganizationRequest {
        request_id,
        ..create_request("Acme")
    };
    let (mut ids, refused) = create_all(&platform, vec![request; MANY]).await;
    assert!(refused.is_empty(), "{refused:?}");
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(platform.collections_of(&ids[0]).await, ["org_acme"]);
}

async fn of_ten_renames_to_one_handle_one_wins(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    let created = join_all((0..10).map(|i| {
        let platform = &platform;
        async move { platform.create(&format!("Acme {i}")).await }
    }))
    .await;
    let renames = created
        .iter()
        .map(|organization| platform.rename(&operator, &organization.id, "Prize"));
    let outcomes = join_all(renames).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for (organization, outcome) in created.iter().zip(outcomes) {
        let expected = match outcome {
            Ok(_) => "org_prize".to_owned(),
            Err(status) => {
                assert_eq!(
                    failure(Err::<(), _>(status)),
                    (Code::AlreadyExists, "HANDLE_TAKEN".to_owned())
                );
                organization.collection_name.clone()
            }
        };
        assert_eq!(platform.collections_of(&organization.id).await, [expected]);
    }
}

async fn concurrent_renames_of_one_organization_end_in_one_of_them(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Acme").await;
    let token = platform.token_of(&created).await;
    let names: Vec<String> = (0..8).map(|i| format!("Acme {i}")).collect();
    let outcomes = join_all(
        names
            .iter()
            .map(|name| platform.rename(&token, &created.id, name)),
    )
    .await;
    assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
    for outcome in outcomes {
        if let Err(status) = outcome {
            assert_eq!(
                failure(Err::<(), _>(status)),
                (Code::Unavailable, "OPERATION_IN_PROGRESS".to_owned())
            );
        }
    }
    let after = platform.get(&token, &created.id).await.unwrap();
    assert_eq!(
        platform.collections_of(&created.id).await,
        std::slice::from_ref(&after.collection_name)
    );
    assert!(names.contains(&after.name));
}
