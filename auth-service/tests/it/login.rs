//! Login, and who is known after it.

use tenantry_proto::auth::v1::{AdminState, CancelAdminRequest, GateState, GetCurrentAdminRequest, Role};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{PASSWORD, Person, Place, bearer, for_each_backend, internal};

for_each_backend! {
    an_admin_logs_in_and_is_known
    every_spelling_of_an_email_logs_in
    every_refused_login_looks_alike
    empty_fields_are_all_named
    a_login_after_the_gate_reopened_is_fresh
}

async fn an_admin_logs_in_and_is_known(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let login = server.logged_in(&ada).await;
    assert_eq!(login.token_type, "Bearer");
    let admin = login.admin.unwrap();
    assert_eq!(
        (&admin.id, &admin.email, &admin.organization_id),
        (&ada.admin_id, &ada.email, &ada.organization_id)
    );
    assert_eq!((admin.role(), admin.state()), (Role::Owner, AdminState::Active));

    let validated = server.validate(&login.access_token).await.unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, login.access_token.as_bytes());
    assert_eq!(validated.access_token_sha256, digest.as_ref());
    let principal = validated.principal.unwrap();
    assert_eq!(
        (&principal.admin_id, &principal.email, &principal.organization_id),
        (&ada.admin_id, &ada.email, &ada.organization_id)
    );
    assert_eq!(
        (principal.role(), principal.expire_time),
        (Role::Owner, login.expire_time)
    );
    let (issued, expires) = (principal.issue_time.unwrap(), principal.expire_time.unwrap());
    assert_eq!(expires.seconds - issued.seconds, 1_800);

    let request = bearer(GetCurrentAdminRequest {}, &login.access_token);
    let current = server
        .auth()
        .get_current_admin(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(current.admin, Some(admin));
    server.stop().await.unwrap();
}

async fn every_spelling_of_an_email_logs_in(place: Place) {
    let server = place.start().await;
    server.admit(&Person::new("Ada@Example.com")).await;
    let login = server.login("  ADA@EXAMPLE.COM ", PASSWORD).await.unwrap();
    assert_eq!(login.admin.unwrap().email, "ada@example.com");
}

async fn every_refused_login_looks_alike(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let pending = Person::new("pending@example.com");
    server.prepare(&pending).await.unwrap();
    server
        .gate(&pending.organization_id, GateState::Open, 1)
        .await
        .unwrap();
    let gateless = Person::new("gateless@example.com");
    server.prepare(&gateless).await.unwrap();
    server.activate(&gateless).await.unwrap();
    let shut = Person::new("shut@example.com");
    server.admit(&shut).await;
    server
        .gate(&shut.organization_id, GateState::Suspended, 2)
        .await
        .unwrap();
    let purged = Person::new("purged@example.com");
    server.admit(&purged).await;
    server
        .gate(&purged.organization_id, GateState::Purged, 2)
        .await
        .unwrap();
    let cancelled = Person::new("cancelled@example.com");
    server.prepare(&cancelled).await.unwrap();
    let cancel = CancelAdminRequest {
        admin_id: cancelled.admin_id.clone(),
        organization_id: cancelled.organization_id.clone(),
    };
    server
        .provisioning()
        .cancel_admin(internal(cancel))
        .await
        .unwrap();

    let long = "x".repeat(2_000);
    let mut seen = Vec::new();
    for (email, password) in [
        (ada.email.as_str(), "correct horse batterx"),
        (&ada.email, "short"),
        (&ada.email, "correct horse battery\0"),
        (&ada.email, &long),
        ("nobody@example.com", PASSWORD),
        ("no e-mail at all", PASSWORD),
        (&long, PASSWORD),
        (&pending.email, PASSWORD),
        (&gateless.email, PASSWORD),
        (&shut.email, PASSWORD),
        (&purged.email, PASSWORD),
        (&cancelled.email, PASSWORD),
    ] {
        seen.push(looks(&server.login(email, password).await.unwrap_err()));
    }
    assert_eq!(seen[0].0, Code::Unauthenticated);
    assert!(seen.iter().all(|looks| *looks == seen[0]), "{seen:?}");
    assert!(server.login(&ada.email, PASSWORD).await.is_ok());
}

/// All of an answer but what names the call.
fn looks(status: &Status) -> (Code, String, Vec<u8>, Vec<String>) {
    let mut keys: Vec<String> = status.metadata().keys().map(|key| format!("{key:?}")).collect();
    keys.sort();
    (
        status.code(),
        status.message().to_owned(),
        status.details().to_vec(),
        keys,
    )
}

async fn empty_fields_are_all_named(place: Place) {
    let server = place.start().await;
    let status = server.login("", "").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(
        violations.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(),
        ["email", "password"]
    );
}

async fn a_login_after_the_gate_reopened_is_fresh(place: Place) {
    let server = place.start().await;
    let ada = Person::new("ada@example.com");
    server.admit(&ada).await;
    let before = server.token(&ada).await;
    server
        .gate(&ada.organization_id, GateState::Suspended, 2)
        .await
        .unwrap();
    server
        .gate(&ada.organization_id, GateState::Open, 3)
        .await
        .unwrap();
    let after = server.token(&ada).await;
    assert!(server.validate(&before).await.is_err());
    assert!(server.validate(&after).await.is_ok());
}
