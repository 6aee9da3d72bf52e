//! Many at once: exactly one wins, nothing is left behind.

use std::time::Duration;

use futures::future::{join, join_all};
use org_service::domain::{Handle, State};
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
    a_suspend_against_a_delete_ends_deleted,
    an_undelete_against_a_create_of_the_handle_lets_one_have_it,
    of_two_undeletes_one_wins_or_both_agree,
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

async fn a_suspend_against_a_delete_ends_deleted(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    for i in 0..6 {
        let acme = platform.create(&format!("Acme {i}")).await;
        let suspend = platform.suspend(&operator, &acme.id);
        let (suspended, deleted) = join(suspend, platform.delete(&operator, &acme.id)).await;
        deleted.unwrap();
        let record = platform.record(&acme.id).await;
        assert_eq!(record.state, State::Deleted);
        let before = if suspended.is_ok() {
            State::Suspended
        } else {
            State::Active
        };
        assert_eq!(record.state_before_delete, Some(before));
        if suspended.is_err() {
            refused(suspended, Code::FailedPrecondition, "ORGANIZATION_STATE");
        }
        let collections = platform.collections_of(&acme.id).await;
        assert!(
            collections.len() == 1 && collections[0].starts_with("trash_"),
            "{collections:?}"
        );
        let login = platform.login(&email_of(&acme.name), PASSWORD).await;
        refused(login, Code::Unauthenticated, "CREDENTIALS_INVALID");
    }
}

async fn an_undelete_against_a_create_of_the_handle_lets_one_have_it(place: Place) {
    let platform = Platform::start(place).await;
    let mut deleted = Vec::new();
    let operator = platform.operator().await;
    for i in 0..6 {
        let created = platform.create(&format!("Acme {i}")).await;
        deleted.push(platform.delete(&operator, &created.id).await.unwrap());
    }
    // The rest is over: the create may have the handle, and so may the former holder.
    platform.clock.advance(Duration::from_secs(601));
    for acme in deleted {
        let mut request = create_request(&acme.name);
        request.admin.as_mut().unwrap().email = format!("second-{}", email_of(&acme.name));
        let undelete = platform.undelete(&operator, &acme.id);
        let (undeleted, (created, not_created)) = join(undelete, create_all(&platform, vec![request])).await;
        let home = format!("org_{}", acme.handle);
        let own = platform.collections_of(&acme.id).await;
        match (undeleted, created.as_slice()) {
            (Ok(_), []) => assert_eq!(own, [home]),
            (Err(status), [successor]) => {
                refused(Err::<(), _>(status), Code::AlreadyExists, "HANDLE_TAKEN");
                assert_eq!(platform.record(&acme.id).await.state, State::Deleted);
                assert!(own[0].starts_with("trash_"), "{own:?}");
                assert_eq!(platform.collections_of(successor).await, [home]);
            }
            other => panic!("{other:?} {not_created:?}"),
        }
        for status in not_created {
            refused(Err::<(), _>(status), Code::AlreadyExists, "HANDLE_TAKEN");
        }
    }
}

async fn of_two_undeletes_one_wins_or_both_agree(place: Place) {
    let platform = Platform::start(place).await;
    let operator = platform.operator().await;
    let acme = platform.create("Acme").await;
    platform.delete(&operator, &acme.id).await.unwrap();
    let undelete = || platform.undelete(&operator, &acme.id);
    let (one, other) = join(undelete(), undelete()).await;
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme"]);

    platform.delete(&operator, &acme.id).await.unwrap();
    let handles = ["acme_one", "acme_two"];
    let undelete = |handle| platform.undelete_as(&operator, &acme.id, handle);
    let outcomes = join_all(handles.map(undelete)).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1), "{won:?} {lost:?}");
    for outcome in lost {
        refused(outcome, Code::FailedPrecondition, "ORGANIZATION_STATE");
    }
    let back = won.into_iter().next().unwrap().unwrap();
    assert!(handles.contains(&back.handle.as_str()));
    assert_eq!(platform.collections_of(&acme.id).await, [back.collection_name]);
}
