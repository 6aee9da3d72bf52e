//! Changes of an organization's name, handle and labels.

use tenantry_proto::organization::v1 as pb;
use tonic::Code;

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    a_rename_moves_the_collection_and_the_old_handle_rests,
    a_given_handle_stays_when_the_name_changes,
    renaming_back_and_forth_revives_the_own_handle,
    the_same_name_again_changes_nothing,
    a_stale_etag_is_refused,
    labels_change_without_an_operation,
}

async fn a_rename_moves_the_collection_and_the_old_handle_rests(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Stark").await;
    let token = platform.token_of(&created).await;
    platform
        .rename(&token, &created.id, "Stark Industries")
        .await
        .unwrap();
    assert_eq!(
        platform.collections_of(&created.id).await,
        ["org_stark_industries"]
    );
    let taken = platform
        .org
        .clone()
        .create_organization(create_request("Stark Industries"))
        .await;
    assert_eq!(failure(taken), (Code::AlreadyExists, "HANDLE_TAKEN".to_owned()));
    let mut resting = create_request("stark");
    resting.admin.as_mut().unwrap().email = "other@stark.example".to_owned();
    let resting = platform.org.clone().create_organization(resting).await;
    assert_eq!(
        failure(resting),
        (Code::AlreadyExists, "HANDLE_RESTING".to_owned())
    );
    let old = pb::get_organization_request::Organization::Handle("stark".to_owned());
    assert_eq!(
        failure(platform.get_by(&token, old).await),
        (Code::NotFound, "ORGANIZATION_NOT_FOUND".to_owned())
    );
}

async fn a_given_handle_stays_when_the_name_changes(place: Place) {
    let platform = Platform::start(place).await;
    let request = pb::CreateOrganizationRequest {
        handle: "wayne".to_owned(),
        ..create_request("Wayne Enterprises")
    };
    let created = platform
        .org
        .clone()
        .create_organization(request)
        .await
        .unwrap()
        .into_inner()
        .organization
        .unwrap();
    assert_eq!(created.handle, "wayne");
    let token = platform.token_of(&created).await;
    let renamed = platform
        .rename(&token, &created.id, "Wayne Foundation")
        .await
        .unwrap();
    assert_eq!(
        (renamed.name.as_str(), renamed.handle.as_str()),
        ("Wayne Foundation", "wayne")
    );
    // An empty handle in the mask lets it follow the name again.
    let follows = pb::Organization {
        id: created.id.clone(),
        ..pb::Organization::default()
    };
    let renamed = platform.update(&token, follows, &["handle"]).await.unwrap();
    assert_eq!(renamed.handle, "wayne_foundation");
    let given = pb::Organization {
        id: created.id.clone(),
        handle: "wf".to_owned(),
        ..pb::Organization::default()
    };
    assert_eq!(
        platform.update(&token, given, &["handle"]).await.unwrap().handle,
        "wf"
    );
}

async fn renaming_back_and_forth_revives_the_own_handle(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Cyberdyne").await;
    let token = platform.token_of(&created).await;
    for name in ["Skynet", "Cyberdyne", "Skynet"] {
        let renamed = platform.rename(&token, &created.id, name).await.unwrap();
        assert_eq!(renamed.handle, name.to_lowercase());
    }
    assert_eq!(platform.collections_of(&created.id).await, ["org_skynet"]);
}

async fn the_same_name_again_changes_nothing(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Soylent").await;
    let token = platform.token_of(&created).await;
    assert_eq!(
        platform.rename(&token, &created.id, "Soylent").await.unwrap(),
        created
    );
    // Another spelling is another name with the same handle: no collection moves.
    let respelled = platform.rename(&token, &created.id, "SOYLENT").await.unwrap();
    assert_eq!(
        (respelled.name.as_str(), respelled.handle.as_str()),
        ("SOYLENT", "soylent")
    );
}

async fn a_stale_etag_is_refused(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Vandelay").await;
    let token = platform.token_of(&created).await;
    let update = |name: &str, etag: &str| pb::UpdateOrganizationRequest {
        organization: Some(pb::Organization {
            id: created.id.clone(),
            name: name.to_owned(),
            ..pb::Organization::default()
        }),
        update_mask: None,
        etag: etag.to_owned(),
    };
    let fresh = platform
        .org
        .clone()
        .update_organization(bearer(&token, update("Vandelay Imports", &created.etag)))
        .await;
    let fresh = fresh.unwrap().into_inner().organization.unwrap();
    let stale = platform
        .org
        .clone()
        .update_organization(bearer(&token, update("Vandelay Exports", &created.etag)))
        .await;
    assert_eq!(failure(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let delete = |etag: &str| pb::DeleteOrganizationRequest {
        organization: Some(pb::delete_organization_request::Organization::Handle(
            "vandelay_imports".to_owned(),
        )),
        etag: etag.to_owned(),
        allow_missing: false,
    };
    let stale = platform
        .org
        .clone()
        .delete_organization(bearer(&token, delete(&created.etag)))
        .await;
    assert_eq!(failure(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    platform
        .org
        .clone()
        .delete_organization(bearer(&token, delete(&fresh.etag)))
        .await
        .unwrap();
}

async fn labels_change_without_an_operation(place: Place) {
    let platform = Platform::start(place).await;
    let created = platform.create("Pied Piper").await;
    let token = platform.token_of(&created).await;
    let labels = [
        ("plan".to_owned(), "{\"$ne\":1}".to_owned()),
        ("a.b".to_owned(), "$$ROOT".to_owned()),
    ]
    .into();
    let labelled = pb::Organization {
        id: created.id.clone(),
        labels,
        ..pb::Organization::default()
    };
    let updated = platform
        .update(&token, labelled.clone(), &["labels"])
        .await
        .unwrap();
    assert_eq!(updated.labels, labelled.labels);
    assert_eq!(updated.handle, created.handle);
    let cleared = pb::Organization {
        id: created.id.clone(),
        ..pb::Organization::default()
    };
    assert!(
        platform
            .update(&token, cleared, &["labels"])
            .await
            .unwrap()
            .labels
            .is_empty()
    );
}
