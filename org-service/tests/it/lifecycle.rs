//! Create, log in, get, rename, delete: the main job.

use std::time::Duration;

use org_service::{
    domain::{Handle, OrganizationName, State},
    lifecycle::{self, Accepted},
    store::LeaseTerm,
};
use tenantry_proto::organization::v1::{self as pb, OrganizationState};
use tonic::Code;
use uuid::Uuid;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_organization_lives_from_create_to_delete,
    a_created_organization_has_one_collection_and_an_admin_who_logs_in,
    a_repeated_create_answers_the_first_ones_organization,
    a_request_id_with_another_request_is_refused,
    a_create_that_loses_its_email_leaves_nothing_behind,
    retention_zero_purges_at_once_and_frees_the_email,
    a_rested_handle_is_free_again,
    an_operation_left_behind_is_driven_on_by_the_next_write,
    an_operation_under_way_elsewhere_is_waited_for_and_not_touched,
}

async fn an_organization_lives_from_create_to_delete(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Acme, Inc.").await;
    assert_eq!(created.handle, "acme_inc");
    assert_eq!(created.collection_name, "org_acme_inc");
    assert_eq!(created.state(), OrganizationState::Active);
    let token = platform.token_of(&created).await;

    let by_any_spelling = pb::get_organization_request::Organization::Handle("ACME  inc".to_owned());
    assert_eq!(platform.get_by(&token, by_any_spelling).await.unwrap(), created);

    let renamed = platform.rename(&token, &created.id, "Acme Labs").await.unwrap();
    assert_eq!(
        (renamed.handle.as_str(), renamed.collection_name.as_str()),
        ("acme_labs", "org_acme_labs")
    );
    assert_ne!(renamed.etag, created.etag);
    assert_eq!(platform.get(&token, &created.id).await.unwrap(), renamed);

    let deleted = platform.delete(&token, &created.id).await.unwrap();
    assert_eq!(deleted.state(), OrganizationState::Deleted);
    assert_eq!(deleted.collection_name, "");
    let kept = deleted.purge_time.unwrap().seconds - deleted.delete_time.unwrap().seconds;
    assert_eq!(kept, 7 * 86_400);
    assert!(platform.collections_of(&created.id).await[0].starts_with("trash_"));

    // The owner's own repeat: the token died with the first one.
    let repeat = platform.delete(&token, &created.id).await;
    assert_eq!(
        failure(repeat),
        (Code::Unauthenticated, "TOKEN_REVOKED".to_owned())
    );
    let login = platform.login(&email_of("Acme, Inc."), PASSWORD).await;
    assert_eq!(
        failure(login),
        (Code::Unauthenticated, "CREDENTIALS_INVALID".to_owned())
    );
    let operator = platform.operator().await;
    assert_eq!(
        failure(platform.delete(&operator, &created.id).await),
        (Code::NotFound, "ORGANIZATION_NOT_FOUND".to_owned())
    );
    assert_eq!(
        platform.get(&operator, &created.id).await.unwrap().state(),
        OrganizationState::Deleted
    );
}

async fn a_created_organization_has_one_collection_and_an_admin_who_logs_in(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Globex").await;
    assert_eq!(platform.collections_of(&created.id).await, ["org_globex"]);
    let record = platform.record(&created.id).await;
    assert_eq!(
        (record.state, record.operation, record.lease),
        (State::Active, None, None)
    );
    assert!(record.stamp.is_some() && record.recheck_until.is_none());
    let token = platform.token_of(&created).await;
    let me = platform
        .auth
        .clone()
        .get_current_admin(bearer(&token, Default::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(me.admin.unwrap().organization_id, created.id);
}

async fn a_repeated_create_answers_the_first_ones_organization(place: Place) {
    let platform = Platform::start(place).await;
    let request_id = Uuid::from_u128(0x1234_5678).to_string();
    let request = pb::CreateOrganizationRequest {
        request_id,
        ..create_request("Initech")
    };
    let first = platform
        .org
        .clone()
        .create_organization(request.clone())
        .await
        .unwrap()
        .into_inner();
    let mut again = request.clone();
    again.admin.as_mut().unwrap().password = "another password".to_owned();
    for repeat in [request, again] {
        assert_eq!(
            platform
                .org
                .clone()
                .create_organization(repeat)
                .await
                .unwrap()
                .into_inner(),
            first
        );
    }
}

async fn a_request_id_with_another_request_is_refused(place: Place) {
    let platform = Platform::start(place).await;
    let request_id = Uuid::from_u128(42).to_string();
    let first = pb::CreateOrganizationRequest {
        request_id: request_id.clone(),
        ..create_request("Initech")
    };
    platform.org.clone().create_organization(first).await.unwrap();
    let other = pb::CreateOrganizationRequest {
        request_id,
        ..create_request("Hooli")
    };
    let refused = platform.org.clone().create_organization(other).await;
    assert_eq!(
        failure(refused),
        (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())
    );
    platform.create("Hooli").await;
}

async fn a_create_that_loses_its_email_leaves_nothing_behind(place: Place) {
    let platform = Platform::start(place).await;
    let first = platform.create("Umbrella").await;
    let mut request = create_request("Tyrell");
    request.admin.as_mut().unwrap().email = format!("  {} ", email_of("Umbrella").to_uppercase());
    let refused = platform.org.clone().create_organization(request).await;
    assert_eq!(failure(refused), (Code::AlreadyExists, "EMAIL_TAKEN".to_owned()));
    // The handle is free at once.
    let tyrell = platform.create("Tyrell").await;
    assert_eq!(platform.collections_of(&tyrell.id).await, ["org_tyrell"]);
    assert_eq!(platform.collections_of(&first.id).await, ["org_umbrella"]);
}

async fn retention_zero_purges_at_once_and_frees_the_email(place: Place) {
    let platform = Platform::start_with(
        place,
        Wishes {
            retention: "0s",
            ..Wishes::default()
        },
    )
    .await;
    let created = platform.create("Ephemeral").await;
    let token = platform.token_of(&created).await;
    let purged = platform.delete(&token, &created.id).await.unwrap();
    assert_eq!(purged.state(), OrganizationState::Purged);
    assert_eq!(platform.collections_of(&created.id).await, Vec::<String>::new());
    let operator = platform.operator().await;
    assert_eq!(
        failure(platform.get(&operator, &created.id).await).0,
        Code::NotFound
    );
    let again = pb::CreateOrganizationRequest {
        handle: "ephemeral_2".to_owned(),
        ..create_request("Ephemeral")
    };
    let again = platform
        .org
        .clone()
        .create_organization(again)
        .await
        .unwrap()
        .into_inner()
        .organization
        .unwrap();
    assert_ne!(again.id, created.id);
    assert_eq!(
        failure(platform.get(&token, &again.id).await),
        (Code::Unauthenticated, "TOKEN_REVOKED".to_owned())
    );
}

async fn a_rested_handle_is_free_again(place: Place) {
    let platform = Platform::start_with(
        place,
        Wishes {
            retention: "0s",
            ..Wishes::default()
        },
    )
    .await;
    let created = platform.create("Lumon").await;
    let token = platform.token_of(&created).await;
    platform.delete(&token, &created.id).await.unwrap();
    let early = platform
        .org
        .clone()
        .create_organization(create_request("Lumon"))
        .await;
    assert_eq!(failure(early), (Code::AlreadyExists, "HANDLE_RESTING".to_owned()));
    platform.clock.advance(Duration::from_secs(601));
    let again = platform.create("Lumon").await;
    assert_ne!(again.id, created.id);
    assert_eq!(platform.collections_of(&again.id).await, ["org_lumon"]);
}

/// A rename that was accepted and has moved nothing yet, under a lease of this length.
async fn plant_rename(platform: &Platform, id: &str, name: &str, lease: Duration) {
    let record = platform.record(id).await;
    let accepted = Accepted {
        operation: Uuid::from_u128(7),
        now: START,
    };
    let (name, handle) = (
        OrganizationName::parse(name).unwrap(),
        Handle::fold(name).unwrap(),
    );
    let left = lifecycle::rename(&record, name, (handle, false), record.labels.clone(), accepted);
    let lease = LeaseTerm {
        owner: Uuid::from_u128(8),
        length: lease,
    };
    platform.store.inner.accept(&left, Some(lease)).await.unwrap();
    platform.clock.advance(Duration::from_millis(1));
}

async fn an_operation_under_way_elsewhere_is_waited_for_and_not_touched(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Aperture").await;
    let token = platform.token_of(&created).await;
    plant_rename(&platform, &created.id, "Black Mesa", Duration::from_secs(600)).await;
    let planted = platform.record(&created.id).await;
    let organization = pb::Organization {
        id: created.id.clone(),
        name: "Other".to_owned(),
        ..Default::default()
    };
    let update = pb::UpdateOrganizationRequest {
        organization: Some(organization),
        ..Default::default()
    };
    let mut impatient = bearer(&token, update);
    impatient.set_timeout(Duration::from_secs(1));
    let refused = platform.org.clone().update_organization(impatient).await;
    assert_eq!(
        failure(refused),
        (Code::Unavailable, "OPERATION_IN_PROGRESS".to_owned())
    );
    assert_eq!(platform.record(&created.id).await, planted);
}

/// As a crash leaves it: the lease has ended.
async fn an_operation_left_behind_is_driven_on_by_the_next_write(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Aperture").await;
    let token = platform.token_of(&created).await;
    plant_rename(&platform, &created.id, "Black Mesa", Duration::ZERO).await;

    let labels = [("seen".to_owned(), "yes".to_owned())].into();
    let labelled = pb::Organization {
        id: created.id.clone(),
        labels,
        ..pb::Organization::default()
    };
    let updated = platform.update(&token, labelled, &["labels"]).await.unwrap();
    assert_eq!((updated.handle.as_str(), updated.labels.len()), ("black_mesa", 1));
    assert_eq!(platform.collections_of(&created.id).await, ["org_black_mesa"]);
    // Another driver was at it before: something late may still come.
    assert!(platform.record(&created.id).await.recheck_until.is_some());
}
