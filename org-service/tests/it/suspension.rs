//! Suspending, and ending it: operators lock an organization out and let it in again; its data stays in place.

use org_service::domain::State;
use tenantry_proto::organization::v1::{
    self as pb, OrganizationState, resume_organization_request, suspend_organization_request,
};
use tonic::{Code, Status};

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_suspension_ends_all_tokens_and_lets_nobody_in,
    after_a_resume_the_admin_logs_in_and_old_tokens_stay_dead,
    operators_alone_suspend_and_resume,
    a_repeat_changes_nothing,
    a_stale_etag_neither_suspends_nor_resumes,
    what_is_deleted_or_gone_is_neither_suspended_nor_resumed,
    a_suspended_organization_is_renamed_and_stays_suspended,
    a_suspension_outlasts_a_deletion_that_is_taken_back,
}

async fn suspend(
    platform: &Platform,
    token: &str,
    key: suspend_organization_request::Organization,
    etag: &str,
) -> Result<pb::Organization, Status> {
    let request = pb::SuspendOrganizationRequest {
        organization: Some(key),
        etag: etag.to_owned(),
    };
    let reply = platform
        .org
        .clone()
        .suspend_organization(bearer(token, request))
        .await?;
    Ok(reply.into_inner().organization.unwrap())
}

async fn resume(
    platform: &Platform,
    token: &str,
    key: resume_organization_request::Organization,
    etag: &str,
) -> Result<pb::Organization, Status> {
    let request = pb::ResumeOrganizationRequest {
        organization: Some(key),
        etag: etag.to_owned(),
    };
    let reply = platform
        .org
        .clone()
        .resume_organization(bearer(token, request))
        .await?;
    Ok(reply.into_inner().organization.unwrap())
}

async fn login_is_refused(platform: &Platform, name: &str) {
    let login = platform.login(&email_of(name), PASSWORD).await;
    refused(login, Code::Unauthenticated, "CREDENTIALS_INVALID");
}

async fn a_suspension_ends_all_tokens_and_lets_nobody_in(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let (token, other) = (platform.token_of(&acme).await, platform.token_of(&acme).await);
    let operator = platform.operator().await;
    let before = platform.record(&acme.id).await;

    let suspended = platform.suspend(&operator, &acme.id).await.unwrap();
    for token in [&token, &other] {
        let dead = platform.get(token, &acme.id).await;
        refused(dead, Code::Unauthenticated, "TOKEN_REVOKED");
    }
    login_is_refused(&platform, "Acme").await;

    assert_eq!(suspended.state(), OrganizationState::Suspended);
    assert_ne!(suspended.etag, acme.etag);
    let unchanged = pb::Organization {
        state: acme.state,
        etag: acme.etag.clone(),
        update_time: acme.update_time,
        ..suspended.clone()
    };
    assert_eq!(unchanged, acme);
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), suspended);
    let list = pb::ListOrganizationsRequest::default();
    let listed = platform
        .org
        .clone()
        .list_organizations(bearer(&operator, list))
        .await;
    assert_eq!(listed.unwrap().into_inner().organizations, [suspended]);
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme"]);
    let after = platform.record(&acme.id).await;
    assert_eq!(
        (after.stamp, after.operation, after.recheck_until),
        (before.stamp, None, None)
    );
}

async fn after_a_resume_the_admin_logs_in_and_old_tokens_stay_dead(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let old = platform.token_of(&acme).await;
    let operator = platform.operator().await;
    platform.suspend(&operator, &acme.id).await.unwrap();
    let resumed = platform.resume(&operator, &acme.id).await.unwrap();
    assert_eq!(resumed.state(), OrganizationState::Active);
    let token = platform.token_of(&acme).await;
    assert_eq!(platform.get(&token, &acme.id).await.unwrap(), resumed);
    refused(
        platform.get(&old, &acme.id).await,
        Code::Unauthenticated,
        "TOKEN_REVOKED",
    );
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme"]);
}

async fn operators_alone_suspend_and_resume(place: Place) {
    let platform = Platform::start(place).await;
    let (acme, globex) = (platform.create("Acme").await, platform.create("Globex").await);
    let (owner, other) = (platform.token_of(&acme).await, platform.token_of(&globex).await);
    let records = (platform.record(&acme.id).await, platform.record(&globex.id).await);
    let handle = || "acme".to_owned();
    let by_handle = || suspend_organization_request::Organization::Handle(handle());
    for outcome in [
        platform.suspend(&owner, &acme.id).await,
        platform.resume(&owner, &acme.id).await,
        suspend(&platform, &owner, by_handle(), "").await,
    ] {
        refused(outcome, Code::PermissionDenied, "PERMISSION_DENIED");
    }
    for outcome in [
        platform.suspend(&other, &acme.id).await,
        platform.resume(&other, &acme.id).await,
        suspend(&platform, &other, by_handle(), "").await,
        resume(
            &platform,
            &other,
            resume_organization_request::Organization::Handle(handle()),
            "",
        )
        .await,
    ] {
        refused(outcome, Code::NotFound, "ORGANIZATION_NOT_FOUND");
    }
    let after = (platform.record(&acme.id).await, platform.record(&globex.id).await);
    assert_eq!(after, records);
    platform.get(&owner, &acme.id).await.unwrap();
}

async fn a_repeat_changes_nothing(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    assert_eq!(platform.resume(&operator, &acme.id).await.unwrap(), acme);
    let suspended = platform.suspend(&operator, &acme.id).await.unwrap();
    let record = platform.record(&acme.id).await;
    assert_eq!(platform.suspend(&operator, &acme.id).await.unwrap(), suspended);
    let by_handle = suspend_organization_request::Organization::Handle("acme".to_owned());
    assert_eq!(
        suspend(&platform, &operator, by_handle, &suspended.etag)
            .await
            .unwrap(),
        suspended
    );
    assert_eq!(platform.record(&acme.id).await, record);
    let by_handle = resume_organization_request::Organization::Handle("acme".to_owned());
    let resumed = resume(&platform, &operator, by_handle, &suspended.etag)
        .await
        .unwrap();
    assert_eq!(platform.resume(&operator, &acme.id).await.unwrap(), resumed);
}

async fn a_stale_etag_neither_suspends_nor_resumes(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    let renamed = platform.rename(&operator, &acme.id, "Acme Two").await.unwrap();
    let key = || suspend_organization_request::Organization::Id(acme.id.clone());
    let stale = suspend(&platform, &operator, key(), &acme.etag).await;
    refused(stale, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), renamed);
    let suspended = suspend(&platform, &operator, key(), &renamed.etag).await.unwrap();
    let key = resume_organization_request::Organization::Id(acme.id.clone());
    let stale = resume(&platform, &operator, key, &renamed.etag).await;
    refused(stale, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), suspended);
}

async fn what_is_deleted_or_gone_is_neither_suspended_nor_resumed(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    let deleted = platform.delete(&operator, &acme.id).await.unwrap();
    for outcome in [
        platform.suspend(&operator, &acme.id).await,
        platform.resume(&operator, &acme.id).await,
    ] {
        refused(outcome, Code::FailedPrecondition, "ORGANIZATION_STATE");
    }
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), deleted);
    // Its handle names it no more.
    let by_handle = suspend_organization_request::Organization::Handle("acme".to_owned());
    let unknown = suspend(&platform, &operator, by_handle, "").await;
    refused(unknown, Code::NotFound, "ORGANIZATION_NOT_FOUND");
    let purged = platform.ground.active("Gone");
    platform
        .ground
        .put(&org_service::domain::Organization {
            state: State::Purged,
            handles: Vec::new(),
            home: None,
            ..purged.clone()
        })
        .await;
    for id in [
        purged.id.to_string(),
        "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned(),
    ] {
        for outcome in [
            platform.suspend(&operator, &id).await,
            platform.resume(&operator, &id).await,
        ] {
            refused(outcome, Code::NotFound, "ORGANIZATION_NOT_FOUND");
        }
    }
}

async fn a_suspended_organization_is_renamed_and_stays_suspended(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    platform.suspend(&operator, &acme.id).await.unwrap();
    let renamed = platform.rename(&operator, &acme.id, "Acme Two").await.unwrap();
    assert_eq!(
        (renamed.state(), renamed.collection_name.as_str()),
        (OrganizationState::Suspended, "org_acme_two")
    );
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme_two"]);
    let labelled = pb::Organization {
        id: acme.id.clone(),
        labels: [("unpaid".to_owned(), "yes".to_owned())].into(),
        ..Default::default()
    };
    let labelled = platform.update(&operator, labelled, &["labels"]).await.unwrap();
    assert_eq!(
        (labelled.state(), labelled.labels.len()),
        (OrganizationState::Suspended, 1)
    );
    login_is_refused(&platform, "Acme").await;
}

async fn a_suspension_outlasts_a_deletion_that_is_taken_back(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let old = platform.token_of(&acme).await;
    let operator = platform.operator().await;
    platform.suspend(&operator, &acme.id).await.unwrap();
    let deleted = platform.delete(&operator, &acme.id).await.unwrap();
    assert_eq!(deleted.state(), OrganizationState::Deleted);
    let back = platform.undelete(&operator, &acme.id).await.unwrap();
    assert_eq!(back.state(), OrganizationState::Suspended);
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme"]);
    login_is_refused(&platform, "Acme").await;
    platform.resume(&operator, &acme.id).await.unwrap();
    platform.token_of(&acme).await;
    refused(
        platform.get(&old, &acme.id).await,
        Code::Unauthenticated,
        "TOKEN_REVOKED",
    );
}
