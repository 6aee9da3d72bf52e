//! Who gets in, and that nothing is touched for who does not.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tenantry_proto::organization::v1::{
    self as pb, delete_organization_request, get_organization_request, resume_organization_request,
    suspend_organization_request,
};
use tonic::{Code, Request, Status};

use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    without_a_valid_token_no_store_call_is_made,
    another_tenants_id_answers_like_a_missing_one_everywhere,
    a_token_does_not_outlive_its_organization,
    closed_sign_up_is_for_operators,
    an_operator_changes_any_organization,
}

/// Every method that needs a token, called with this metadata.
async fn call_all(platform: &Platform, id: &str, authorization: &[&str]) -> Vec<Result<(), Status>> {
    fn with<T>(authorization: &[&str], message: T) -> Request<T> {
        let mut request = Request::new(message);
        for value in authorization {
            request
                .metadata_mut()
                .append("authorization", value.parse().unwrap());
        }
        request
    }
    let mut org = platform.org.clone();
    let named = pb::Organization {
        id: id.to_owned(),
        name: "Mine Now".to_owned(),
        ..Default::default()
    };
    let get = pb::GetOrganizationRequest {
        organization: Some(get_organization_request::Organization::Id(id.to_owned())),
    };
    let delete = pb::DeleteOrganizationRequest {
        organization: Some(delete_organization_request::Organization::Id(id.to_owned())),
        ..Default::default()
    };
    let update = pb::UpdateOrganizationRequest {
        organization: Some(named),
        ..Default::default()
    };
    let suspend = pb::SuspendOrganizationRequest {
        organization: Some(suspend_organization_request::Organization::Id(id.to_owned())),
        ..Default::default()
    };
    let resume = pb::ResumeOrganizationRequest {
        organization: Some(resume_organization_request::Organization::Id(id.to_owned())),
        ..Default::default()
    };
    let undelete = pb::UndeleteOrganizationRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    vec![
        org.get_organization(with(authorization, get)).await.map(drop),
        org.list_organizations(with(authorization, Default::default()))
            .await
            .map(drop),
        org.update_organization(with(authorization, update))
            .await
            .map(drop),
        org.delete_organization(with(authorization, delete))
            .await
            .map(drop),
        org.suspend_organization(with(authorization, suspend))
            .await
            .map(drop),
        org.resume_organization(with(authorization, resume))
            .await
            .map(drop),
        org.undelete_organization(with(authorization, undelete))
            .await
            .map(drop),
    ]
}

async fn without_a_valid_token_no_store_call_is_made(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    let parts: Vec<&str> = token.split('.').collect();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let raised = payload.replace("owner", "operator").replace("OWNER", "OPERATOR");
    assert_ne!(raised, payload, "the role is in the token");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let bearer = |token: &str| format!("Bearer {token}");
    let mut wrong: Vec<(String, &str)> = vec![
        (bearer("nonsense"), "TOKEN_INVALID"),
        (
            bearer(&format!(
                "{}.{}.{}",
                parts[0],
                URL_SAFE_NO_PAD.encode(&raised),
                parts[2]
            )),
            "TOKEN_INVALID",
        ),
        (bearer(&format!("{none}.{}.", parts[1])), "TOKEN_INVALID"),
        (
            bearer(&format!("{none}.{}.{}", parts[1], parts[2])),
            "TOKEN_INVALID",
        ),
        (bearer(&"a".repeat(8_000)), "TOKEN_INVALID"),
        (format!("Basic {token}"), "TOKEN_INVALID"),
        ("Bearer".to_owned(), "TOKEN_INVALID"),
    ];
    // A changed character anywhere.
    for at in (0..token.len()).step_by(23) {
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut mutated = token.clone();
        mutated.replace_range(at..=at, other);
        wrong.push((bearer(&mutated), "TOKEN_INVALID"));
    }
    let before = platform.store.calls();
    for (authorization, reason) in &wrong {
        for outcome in call_all(&platform, &acme.id, &[authorization]).await {
            assert_eq!(
                failure(outcome),
                (Code::Unauthenticated, (*reason).to_owned()),
                "{authorization}"
            );
        }
    }
    let good = bearer(&token);
    for outcome in call_all(&platform, &acme.id, &[]).await {
        assert_eq!(
            failure(outcome),
            (Code::Unauthenticated, "TOKEN_MISSING".to_owned())
        );
    }
    for outcome in call_all(&platform, &acme.id, &[&good, &good]).await {
        assert_eq!(
            failure(outcome),
            (Code::Unauthenticated, "TOKEN_INVALID".to_owned())
        );
    }
    platform.clock.advance(Duration::from_secs(31 * 60));
    for outcome in call_all(&platform, &acme.id, &[&good]).await {
        assert_eq!(
            failure(outcome),
            (Code::Unauthenticated, "TOKEN_EXPIRED".to_owned())
        );
    }
    assert_eq!(platform.store.calls(), before);
}

async fn another_tenants_id_answers_like_a_missing_one_everywhere(place: Place) {
    let platform = Platform::start(place).await;
    let (mine, theirs) = (platform.create("Mine").await, platform.create("Theirs").await);
    let token = platform.token_of(&mine).await;
    let missing = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let mut answers = Vec::new();
    for (id, handle) in [(theirs.id.as_str(), "theirs"), (missing, "missing_one")] {
        let before = platform.store.calls();
        let by_id = platform.get(&token, id).await.unwrap_err();
        let update = platform.rename(&token, id, "Mine Too").await.unwrap_err();
        let relabel = platform
            .update(
                &token,
                pb::Organization {
                    id: id.to_owned(),
                    ..Default::default()
                },
                &["labels"],
            )
            .await
            .unwrap_err();
        let delete = platform.delete(&token, id).await.unwrap_err();
        let suspend = platform.suspend(&token, id).await.unwrap_err();
        let resume = platform.resume(&token, id).await.unwrap_err();
        let undelete = platform.undelete(&token, id).await.unwrap_err();
        let undelete_as = platform.undelete_as(&token, id, handle).await.unwrap_err();
        assert_eq!(platform.store.calls(), before, "an id is refused without a look");
        let key = get_organization_request::Organization::Handle(handle.to_owned());
        let by_handle = platform.get_by(&token, key).await.unwrap_err();
        let key = delete_organization_request::Organization::Handle(handle.to_owned());
        let request = pb::DeleteOrganizationRequest {
            organization: Some(key),
            ..Default::default()
        };
        let delete_by_handle = platform
            .org
            .clone()
            .delete_organization(bearer(&token, request))
            .await
            .unwrap_err();
        let request = pb::SuspendOrganizationRequest {
            organization: Some(suspend_organization_request::Organization::Handle(
                handle.to_owned(),
            )),
            ..Default::default()
        };
        let suspend_by_handle = platform
            .org
            .clone()
            .suspend_organization(bearer(&token, request))
            .await;
        let request = pb::ResumeOrganizationRequest {
            organization: Some(resume_organization_request::Organization::Handle(
                handle.to_owned(),
            )),
            ..Default::default()
        };
        let resume_by_handle = platform
            .org
            .clone()
            .resume_organization(bearer(&token, request))
            .await;
        let by_id = [
            by_id,
            update,
            relabel,
            delete,
            suspend,
            resume,
            undelete,
            undelete_as,
        ];
        let by_handle = [
            by_handle,
            delete_by_handle,
            suspend_by_handle.unwrap_err(),
            resume_by_handle.unwrap_err(),
        ];
        let told = |status: Status| {
            (
                status.code(),
                status.message().to_owned(),
                status.details().to_vec(),
            )
        };
        answers.push(by_id.into_iter().chain(by_handle).map(told).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].iter().all(|answer| answer.0 == Code::NotFound));
    assert_eq!(platform.collections_of(&theirs.id).await, ["org_theirs"]);
}

async fn a_token_does_not_outlive_its_organization(place: Place) {
    let platform = Platform::start_with(
        place,
        Wishes {
            retention: "0s",
            ..Default::default()
        },
    )
    .await;
    let acme = platform.create("Acme").await;
    let token = platform.token_of(&acme).await;
    let operator = platform.operator().await;
    platform.delete(&operator, &acme.id).await.unwrap();
    platform.clock.advance(Duration::from_secs(601));
    let again = platform.create("Acme").await;
    let before = platform.store.calls();
    let authorization = format!("Bearer {token}");
    for id in [&acme.id, &again.id] {
        for outcome in call_all(&platform, id, &[&authorization]).await {
            assert_eq!(failure(outcome).0, Code::Unauthenticated);
        }
    }
    assert_eq!(platform.store.calls(), before);
}

async fn closed_sign_up_is_for_operators(place: Place) {
    let platform = Platform::start_with(
        place,
        Wishes {
            sign_up: "closed",
            ..Default::default()
        },
    )
    .await;
    let before = platform.store.calls();
    let anonymous = platform
        .org
        .clone()
        .create_organization(create_request("Acme"))
        .await;
    assert_eq!(
        failure(anonymous),
        (Code::Unauthenticated, "TOKEN_MISSING".to_owned())
    );
    assert_eq!(platform.store.calls(), before);
    let operator = platform.operator().await;
    let created = platform
        .org
        .clone()
        .create_organization(bearer(&operator, create_request("Acme")))
        .await
        .unwrap();
    let token = platform
        .token_of(&created.into_inner().organization.unwrap())
        .await;
    let admin = platform
        .org
        .clone()
        .create_organization(bearer(&token, create_request("Second")))
        .await;
    assert_eq!(
        failure(admin),
        (Code::PermissionDenied, "SIGN_UP_CLOSED".to_owned())
    );
}

async fn an_operator_changes_any_organization(place: Place) {
    let platform = Platform::start(place).await;
    let acme = platform.create("Acme").await;
    let operator = platform.operator().await;
    assert_eq!(platform.get(&operator, &acme.id).await.unwrap(), acme);
    assert_eq!(
        platform
            .rename(&operator, &acme.id, "Acme Two")
            .await
            .unwrap()
            .handle,
        "acme_two"
    );
    platform.delete(&operator, &acme.id).await.unwrap();
    let refused = platform.rename(&operator, &acme.id, "Acme Three").await;
    assert_eq!(
        failure(refused),
        (Code::FailedPrecondition, "ORGANIZATION_STATE".to_owned())
    );
}
