//! Taking a deletion back, until the purge; and what never was in use and is deleted for good.

use std::time::Duration;

use org_service::domain::{
    CreateStep, HaltReason, HeldHandle, Operation, OperationKind, Organization, State,
};
use tenantry_proto::{
    auth::v1::PrepareAdminRequest,
    organization::v1::{self as pb, OrganizationState},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    an_undeleted_organization_is_as_before_with_its_documents,
    under_another_handle_the_former_one_goes_on_resting,
    a_handle_taken_meanwhile_is_refused_and_the_organization_stays_deleted,
    what_is_purged_is_not_found,
    what_is_not_deleted_stays_as_it_is,
    operators_alone_undelete,
    a_stale_etag_does_not_undelete,
    a_halted_create_is_deleted_for_good_and_starts_anew,
    a_halted_create_without_collection_frees_its_email,
}

const REST: Duration = Duration::from_secs(601);

async fn create(platform: &Platform, request: pb::CreateOrganizationRequest) -> Result<String, Status> {
    let reply = platform.org.clone().create_organization(request).await?;
    Ok(reply.into_inner().organization.unwrap().id)
}

/// A create of this name whose admin nobody else has.
fn with_email(name: &str, email: &str) -> pb::CreateOrganizationRequest {
    let mut request = create_request(name);
    request.admin.as_mut().unwrap().email = email.to_owned();
    request
}

async fn an_undeleted_organization_is_as_before_with_its_documents(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme, Inc.").await;
    let old = platform.token_of(&acme).await;
    platform.ground.write("org_acme_inc", &["first", "second"]).await;
    let before = platform.record(&acme.id).await;
    let operator = platform.operator().await;
    platform.delete(&old, &acme.id).await.unwrap();

    let back = platform.undelete(&operator, &acme.id).await.unwrap();
    assert_ne!(back.etag, acme.etag);
    let unchanged = pb::Organization {
        etag: acme.etag.clone(),
        update_time: acme.update_time,
        ..back.clone()
    };
    assert_eq!(unchanged, acme);
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme_inc"]);
    let documents = platform.ground.documents("org_acme_inc").await;
    assert_eq!(documents.unwrap(), ["first", "second"]);
    let after = platform.record(&acme.id).await;
    assert_eq!((after.stamp, &after.handles), (before.stamp, &before.handles));
    assert_eq!((after.state_before_delete, after.operation), (None, None));

    refused(
        platform.get(&old, &acme.id).await,
        Code::Unauthenticated,
        "TOKEN_REVOKED",
    );
    let token = platform.token_of(&acme).await;
    assert_eq!(platform.get(&token, &acme.id).await.unwrap(), back);
    // The repeat finds it in use.
    assert_eq!(platform.undelete(&operator, &acme.id).await.unwrap(), back);
}

async fn under_another_handle_the_former_one_goes_on_resting(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    platform.delete(&operator, &acme.id).await.unwrap();
    let rests = platform.record(&acme.id).await.handles[0].rest_until;
    let back = platform
        .undelete_as(&operator, &acme.id, "acme_again")
        .await
        .unwrap();
    assert_eq!((back.name.as_str(), back.handle.as_str()), ("Acme", "acme_again"));
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme_again"]);
    let held = platform.record(&acme.id).await.handles;
    let held: Vec<_> = held
        .iter()
        .map(|held| (held.handle.as_str(), held.rest_until))
        .collect();
    assert_eq!(held, [("acme", rests), ("acme_again", None)]);
    let early = create(&platform, with_email("Acme", "other@acme.example")).await;
    refused(early, Code::AlreadyExists, "HANDLE_RESTING");
    // Given by hand, it stays when the name changes.
    let renamed = platform.rename(&operator, &acme.id, "Globex").await.unwrap();
    assert_eq!(renamed.handle, "acme_again");
}

async fn a_handle_taken_meanwhile_is_refused_and_the_organization_stays_deleted(place: Place) {
    let platform = Platform::start(place).await;
    let (acme, third) = (platform.create("Acme").await, platform.create("Third").await);
    platform.ground.write("org_acme", &["old"]).await;
    let operator = platform.operator().await;
    platform.delete(&operator, &acme.id).await.unwrap();
    platform.clock.advance(REST);
    let successor = create(&platform, with_email("Acme", "new@acme.example"))
        .await
        .unwrap();
    let operator = platform.operator().await;
    platform.rename(&operator, &third.id, "Third Two").await.unwrap();

    let deleted = platform.record(&acme.id).await;
    refused(
        platform.undelete(&operator, &acme.id).await,
        Code::AlreadyExists,
        "HANDLE_TAKEN",
    );
    let resting = platform.undelete_as(&operator, &acme.id, "third").await;
    refused(resting, Code::AlreadyExists, "HANDLE_RESTING");
    assert_eq!(platform.record(&acme.id).await, deleted);
    assert_eq!(deleted.state, State::Deleted);

    let back = platform
        .undelete_as(&operator, &acme.id, "acme_old")
        .await
        .unwrap();
    assert_eq!(back.state(), OrganizationState::Active);
    assert_eq!(platform.collections_of(&acme.id).await, ["org_acme_old"]);
    assert_eq!(platform.collections_of(&successor).await, ["org_acme"]);
    assert_eq!(platform.ground.documents("org_acme_old").await.unwrap(), ["old"]);
    assert_eq!(platform.ground.documents("org_acme").await.unwrap(), [""; 0]);
    platform.token_of(&acme).await;
}

async fn what_is_purged_is_not_found(place: Place) {
    let wishes = Wishes {
        retention: "0s",
        ..Wishes::default()
    };
    let platform = Platform::start_with(place, wishes).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    platform.delete(&operator, &acme.id).await.unwrap();
    for id in [acme.id.as_str(), "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"] {
        for handle in ["", "another"] {
            let missing = platform.undelete_as(&operator, id, handle).await;
            refused(missing, Code::NotFound, "ORGANIZATION_NOT_FOUND");
        }
    }
    assert_eq!(platform.record(&acme.id).await.state, State::Purged);
}

async fn what_is_not_deleted_stays_as_it_is(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    for state in [OrganizationState::Active, OrganizationState::Suspended] {
        if state == OrganizationState::Suspended {
            platform.suspend(&operator, &acme.id).await.unwrap();
        }
        let before = platform.record(&acme.id).await;
        let back = platform.undelete(&operator, &acme.id).await.unwrap();
        assert_eq!(back.state(), state);
        assert_eq!(
            platform.undelete_as(&operator, &acme.id, "acme").await.unwrap(),
            back
        );
        let other = platform.undelete_as(&operator, &acme.id, "other").await;
        refused(other, Code::FailedPrecondition, "ORGANIZATION_STATE");
        assert_eq!(platform.record(&acme.id).await, before);
    }
}

async fn operators_alone_undelete(place: Place) {
    let platform = Platform::start(place).await;
    let (acme, globex) = (platform.create("Acme").await, platform.create("Globex").await);
    let (owner, other) = (platform.token_of(&acme).await, platform.token_of(&globex).await);
    let own = platform.undelete(&owner, &acme.id).await;
    refused(own, Code::PermissionDenied, "PERMISSION_DENIED");
    platform.delete(&owner, &acme.id).await.unwrap();
    let calls = platform.store.calls();
    let own = platform.undelete(&owner, &acme.id).await;
    refused(own, Code::Unauthenticated, "TOKEN_REVOKED");
    let foreign = platform.undelete(&other, &acme.id).await;
    refused(foreign, Code::NotFound, "ORGANIZATION_NOT_FOUND");
    assert_eq!(platform.store.calls(), calls);
    assert_eq!(platform.record(&acme.id).await.state, State::Deleted);
}

async fn a_stale_etag_does_not_undelete(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    let deleted = platform.delete(&operator, &acme.id).await.unwrap();
    let undelete = async |etag: &str| {
        let request = pb::UndeleteOrganizationRequest {
            id: acme.id.clone(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        platform
            .org
            .clone()
            .undelete_organization(bearer(&operator, request))
            .await
    };
    refused(undelete(&acme.etag).await, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), deleted);
    undelete(&deleted.etag).await.unwrap();
    // It is back already, and another one than the etag's.
    refused(undelete(&deleted.etag).await, Code::Aborted, "ETAG_MISMATCH");
}

/// The create of this record, waiting for an operator.
fn halted(record: Organization, reason: HaltReason) -> Organization {
    let step = CreateStep::AdminPrepared;
    let operation = Operation {
        id: Uuid::from_u128(7),
        kind: OperationKind::Create { step },
        started: START,
        first_fence: record.fence,
        halted: Some(reason),
    };
    Organization {
        state: State::Provisioning,
        operation: Some(operation),
        ..record
    }
}

async fn a_halted_create_is_deleted_for_good_and_starts_anew(place: Place) {
    let platform = Platform::start(place).await;
    let request = pb::CreateOrganizationRequest {
        request_id: Uuid::from_u128(42).to_string(),
        ..create_request("Acme")
    };
    let id = create(&platform, request.clone()).await.unwrap();
    let owner = platform.login(&email_of("Acme"), PASSWORD).await.unwrap();
    // As far as a create can be before its end: the admin may log in, the collection is there.
    let planted = halted(platform.record(&id).await, HaltReason::CollectionTwice);
    platform.ground.put(&planted).await;
    let operator = platform.operator().await;
    let waits = create(&platform, request.clone()).await;
    refused(waits, Code::FailedPrecondition, "OPERATION_HALTED");
    let not_the_owners = platform.delete(&owner, &id).await;
    refused(not_the_owners, Code::FailedPrecondition, "OPERATION_HALTED");
    let stale = pb::DeleteOrganizationRequest {
        organization: Some(pb::delete_organization_request::Organization::Id(id.clone())),
        etag: "\"99\"".to_owned(),
        ..Default::default()
    };
    let stale = platform
        .org
        .clone()
        .delete_organization(bearer(&operator, stale))
        .await;
    refused(stale, Code::Aborted, "ETAG_MISMATCH");

    let deleted = platform.delete(&operator, &id).await.unwrap();
    assert_eq!(deleted.state(), OrganizationState::Purged);
    let record = platform.record(&id).await;
    assert_eq!(
        (record.state, &record.operation, &record.create_request),
        (State::Purged, &None, &None)
    );
    assert!(matches!(
        record.handles.as_slice(),
        [HeldHandle {
            rest_until: Some(_),
            ..
        }]
    ));
    assert!(platform.ground.collections().await.is_empty());
    refused(
        platform.get(&owner, &id).await,
        Code::Unauthenticated,
        "TOKEN_REVOKED",
    );
    refused(
        platform.undelete(&operator, &id).await,
        Code::NotFound,
        "ORGANIZATION_NOT_FOUND",
    );

    refused(
        create(&platform, request.clone()).await,
        Code::AlreadyExists,
        "HANDLE_RESTING",
    );
    platform.clock.advance(REST);
    // The same request id, the same e-mail: another organization.
    let anew = create(&platform, request.clone()).await.unwrap();
    assert_ne!(anew, id);
    assert_eq!(create(&platform, request).await.unwrap(), anew);
    assert_eq!(platform.collections_of(&anew).await, ["org_acme"]);
}

async fn a_halted_create_without_collection_frees_its_email(place: Place) {
    let platform = Platform::start(place).await;
    let planted = halted(platform.ground.provisioning("Acme"), HaltReason::AdminRefused);
    let prepare = PrepareAdminRequest {
        admin_id: planted.admin_id.to_string(),
        organization_id: planted.id.to_string(),
        email: email_of("Acme"),
        password: PASSWORD.to_owned(),
    };
    let mut provisioning = platform.provisioning().await;
    provisioning
        .prepare_admin(with_credential(prepare))
        .await
        .unwrap();
    platform.ground.put(&planted).await;
    let taken = create(&platform, with_email("Globex", &email_of("Acme"))).await;
    refused(taken, Code::AlreadyExists, "EMAIL_TAKEN");
    let operator = platform.operator().await;
    let id = planted.id.to_string();
    let deleted = platform.delete(&operator, &id).await.unwrap();
    assert_eq!(deleted.state(), OrganizationState::Purged);
    create(&platform, with_email("Globex", &email_of("Acme")))
        .await
        .unwrap();
}
