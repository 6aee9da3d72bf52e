//! ChangePassword and UpdateAdmin: what an admin may change after showing the password once more.

use prost_types::FieldMask;
use tenantry_proto::auth::v1::{Admin, ChangePasswordRequest, GetCurrentAdminRequest, UpdateAdminRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{
    PASSWORD, Person, Place, Server, bearer, for_each_backend, refusal, revoked, wrong_credentials,
};

const NEW: &str = "battery staple horse";

for_each_backend! {
    a_changed_password_ends_the_other_sessions_alone
    a_repeated_change_is_ok
    a_wrong_current_password_changes_nothing
    a_bad_new_password_is_named
    an_email_changes_and_the_old_one_is_free_at_once
    a_taken_email_changes_nothing
    bad_fields_of_an_update_are_named
    of_two_changes_at_once_one_wins
}

async fn change(server: &Server, token: &str, current: &str, new: &str) -> Result<Admin, Status> {
    let message = ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    let changed = server.auth().change_password(bearer(message, token)).await;
    changed.map(|answer| answer.into_inner().admin.unwrap())
}

fn update(email: &str, password: &str, mask: &[&str]) -> UpdateAdminRequest {
    UpdateAdminRequest {
        admin: Some(Admin {
            email: email.to_owned(),
            ..Admin::default()
        }),
        update_mask: Some(FieldMask {
            paths: mask.iter().map(|path| (*path).to_owned()).collect(),
        }),
        current_password: password.to_owned(),
    }
}

async fn change_email(server: &Server, token: &str, message: UpdateAdminRequest) -> Result<Admin, Status> {
    let updated = server.auth().update_admin(bearer(message, token)).await;
    updated.map(|answer| answer.into_inner().admin.unwrap())
}

async fn a_changed_password_ends_the_other_sessions_alone(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let (own, other, graces) = (
        server.logged_in(&ada).await,
        server.logged_in(&ada).await,
        server.logged_in(&grace).await,
    );
    let admin = change(&server, &own.access_token, PASSWORD, NEW).await.unwrap();
    assert_eq!(admin.id, ada.admin_id);
    assert_eq!(refusal(server.validate(&other.access_token).await), revoked());
    assert_eq!(refusal(server.refresh(&other.refresh_token).await), revoked());
    assert!(server.validate(&own.access_token).await.is_ok());
    assert!(server.refresh(&own.refresh_token).await.is_ok());
    assert!(server.validate(&graces.access_token).await.is_ok());
    assert_eq!(
        refusal(server.login(&ada.email, PASSWORD).await),
        wrong_credentials()
    );
    assert!(server.login(&ada.email, NEW).await.is_ok());
}

async fn a_repeated_change_is_ok(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let own = server.logged_in(&ada).await;
    change(&server, &own.access_token, PASSWORD, NEW).await.unwrap();
    // As if the first call had stopped short of the sessions.
    let late = server.login(&ada.email, NEW).await.unwrap();
    change(&server, &own.access_token, PASSWORD, NEW).await.unwrap();
    assert_eq!(refusal(server.validate(&late.access_token).await), revoked());
}

async fn a_wrong_current_password_changes_nothing(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let (own, other) = (server.logged_in(&ada).await, server.logged_in(&ada).await);
    for current in ["wrong horse battery", "x", "nul\0", &"y".repeat(2_000)] {
        assert_eq!(
            refusal(change(&server, &own.access_token, current, NEW).await),
            wrong_credentials()
        );
        let message = update("lovelace@example.com", current, &["email"]);
        assert_eq!(
            refusal(change_email(&server, &own.access_token, message).await),
            wrong_credentials()
        );
    }
    assert!(server.validate(&other.access_token).await.is_ok());
    assert!(server.login(&ada.email, PASSWORD).await.is_ok());
}

async fn a_bad_new_password_is_named(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let own = server.logged_in(&ada).await;
    for (new, why) in [
        ("short", "at least 8"),
        ("password1", "common"),
        ("ADA@example.com", "e-mail"),
        ("nul\0 in the middle", "NUL"),
        (&"x".repeat(1_025), "at most 1024"),
        ("", "empty"),
    ] {
        let status = change(&server, &own.access_token, PASSWORD, new)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{new:.20}");
        let bad = status
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .remove(0);
        assert_eq!(bad.field, "new_password");
        assert!(bad.description.contains(why), "{}", bad.description);
    }
    let both = change(&server, &own.access_token, "", "").await.unwrap_err();
    assert_eq!(both.get_details_bad_request().unwrap().field_violations.len(), 2);
}

async fn an_email_changes_and_the_old_one_is_free_at_once(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let own = server.logged_in(&ada).await;
    for mask in [&["email"][..], &["*"], &[], &["email", "role"]] {
        // A repeat is OK too: an answer may have been lost.
        let message = update(" Lovelace@EXAMPLE.com", PASSWORD, mask);
        let admin = change_email(&server, &own.access_token, message).await.unwrap();
        assert_eq!(
            (admin.email.as_str(), &admin.id),
            ("lovelace@example.com", &ada.admin_id)
        );
    }
    let principal = server
        .validate(&own.access_token)
        .await
        .unwrap()
        .principal
        .unwrap();
    assert_eq!(
        principal.email, "lovelace@example.com",
        "the session goes on, and knows"
    );
    let refreshed = server.refresh(&own.refresh_token).await.unwrap();
    let principal = server.validate(&refreshed.access_token).await.unwrap();
    assert_eq!(principal.principal.unwrap().email, "lovelace@example.com");
    let current = bearer(GetCurrentAdminRequest {}, &own.access_token);
    let current = server
        .auth()
        .get_current_admin(current)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(current.admin.unwrap().email, "lovelace@example.com");
    assert_eq!(
        refusal(server.login("ada@example.com", PASSWORD).await),
        wrong_credentials()
    );
    assert!(server.login("lovelace@example.com", PASSWORD).await.is_ok());
    let next = Person::new("ada@example.com");
    server.admit(&next).await;
    assert!(server.login("ada@example.com", PASSWORD).await.is_ok());
}

async fn a_taken_email_changes_nothing(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let own = server.logged_in(&ada).await;
    let message = update("Grace@example.com", PASSWORD, &["email"]);
    let taken = refusal(change_email(&server, &own.access_token, message).await);
    assert_eq!(taken, (Code::AlreadyExists, "EMAIL_TAKEN".to_owned()));
    let login = server.logged_in(&ada).await;
    assert_eq!(login.admin.unwrap().id, ada.admin_id);
    assert!(server.validate(&own.access_token).await.is_ok());
}

async fn bad_fields_of_an_update_are_named(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let own = server.logged_in(&ada).await;
    let with_id = |id: &str| {
        let mut message = update("lovelace@example.com", PASSWORD, &["email"]);
        message.admin.as_mut().unwrap().id = id.to_owned();
        message
    };
    for (message, field) in [
        (update("nobody", PASSWORD, &["email"]), "admin.email"),
        (
            UpdateAdminRequest {
                current_password: PASSWORD.to_owned(),
                ..Default::default()
            },
            "admin.email",
        ),
        (update("lovelace@example.com", "", &["email"]), "current_password"),
        (
            update("lovelace@example.com", PASSWORD, &["password"]),
            "update_mask",
        ),
        (update("lovelace@example.com", PASSWORD, &["role"]), "update_mask"),
        (with_id("x"), "admin.id"),
    ] {
        let status = change_email(&server, &own.access_token, message)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let bad = status
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .remove(0);
        assert_eq!(bad.field, field);
    }
    // Somebody else's id and one of nobody get one answer.
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let answers = [&grace.admin_id, &Person::new("x@example.com").admin_id].map(|id| with_id(id));
    for message in answers {
        let missing = refusal(change_email(&server, &own.access_token, message).await);
        assert_eq!(missing, (Code::NotFound, "ADMIN_NOT_FOUND".to_owned()));
    }
    assert!(
        change_email(&server, &own.access_token, with_id(&ada.admin_id))
            .await
            .is_ok()
    );
}

async fn of_two_changes_at_once_one_wins(place: Place) {
    let (server, ada) = place.admitted(&[]).await;
    let own = server.logged_in(&ada).await;
    let (first, second) = tokio::join!(
        change(&server, &own.access_token, PASSWORD, "battery staple one"),
        change(&server, &own.access_token, PASSWORD, "battery staple two"),
    );
    let (winner, loser) = match (&first, &second) {
        (Ok(_), Err(_)) => ("battery staple one", "battery staple two"),
        (Err(_), Ok(_)) => ("battery staple two", "battery staple one"),
        other => panic!("{other:?}"),
    };
    // The slower one meets the change, or already finds its current password wrong.
    let refused = refusal(first.and(second));
    assert!(
        refused == wrong_credentials() || refused == (Code::Aborted, "ADMIN_CHANGED".to_owned()),
        "{refused:?}"
    );
    assert!(server.login(&ada.email, winner).await.is_ok());
    assert_eq!(
        refusal(server.login(&ada.email, loser).await),
        wrong_credentials()
    );
}
