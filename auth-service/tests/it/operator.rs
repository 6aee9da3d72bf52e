//! The first operator, who comes from the settings.

use auth_service::RunError;
use tenantry_proto::auth::v1::Role;

use crate::harness::{PASSWORD, Person, Place, for_each_backend};

for_each_backend! {
    the_operator_of_the_settings_logs_in
    an_existing_operator_keeps_its_password
    an_admins_email_cannot_be_the_operators
}

const OPERATOR: [&str; 4] = [
    "--operator-email",
    "root@example.com",
    "--operator-password",
    PASSWORD,
];

async fn the_operator_of_the_settings_logs_in(place: Place) {
    let server = place.start_with(&OPERATOR).await;
    let login = server.login("root@example.com", PASSWORD).await.unwrap();
    let admin = login.admin.unwrap();
    assert_eq!(
        (admin.role(), admin.organization_id.as_str()),
        (Role::Operator, "")
    );
    let principal = server
        .validate(&login.access_token)
        .await
        .unwrap()
        .principal
        .unwrap();
    assert_eq!(
        (principal.role(), principal.organization_id.as_str()),
        (Role::Operator, "")
    );
}

async fn an_existing_operator_keeps_its_password(place: Place) {
    let server = place.start_with(&OPERATOR).await;
    server.login("root@example.com", PASSWORD).await.unwrap();
    server.stop().await.unwrap();
    let flags = [
        "--operator-email",
        "ROOT@example.com",
        "--operator-password",
        "another password",
    ];
    let server = place.start_with(&flags).await;
    assert!(
        server
            .login("root@example.com", "another password")
            .await
            .is_err()
    );
    assert!(server.login("root@example.com", PASSWORD).await.is_ok());
}

async fn an_admins_email_cannot_be_the_operators(place: Place) {
    let server = place.start().await;
    server.admit(&Person::new("root@example.com")).await;
    server.stop().await.unwrap();
    let refused = place.start_with(&OPERATOR).await.ended().await.unwrap_err();
    assert!(matches!(refused, RunError::Operator(_)), "{refused}");
}
