//! Throttles and quotas: what is refused, that it ends by itself, and that live sessions never suffer.

use std::{collections::BTreeMap, time::Duration};

use tenantry_proto::auth::v1::{
    ChangePasswordRequest, GateState, GetCurrentAdminRequest, ListSessionsRequest, LoginRequest,
    RevokeAllSessionsRequest,
};
use tonic::{Code, Status, metadata::KeyAndValueRef};
use tonic_types::StatusExt;

use crate::harness::{
    PASSWORD, Person, Place, bearer, for_each_backend, refusal, with_metadata, wrong_credentials,
};

const WRONG: &str = "wrong horse battery";

for_each_backend! {
    an_email_that_was_tried_too_often_is_refused_until_the_delay_is_over
    all_spellings_of_an_email_count_together
    a_network_that_tries_too_often_is_refused_whatever_it_says_of_itself
    a_live_session_does_not_suffer_from_strangers_who_guess
    guessing_the_current_password_in_a_session_is_throttled_too
    a_quota_counts_the_calls_of_an_organization
    every_refusal_of_a_wrong_password_has_the_same_bytes_within_its_code
}

fn too_many() -> (Code, String) {
    (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS".to_owned())
}

/// How long a refusal asks to wait, in both places where it says so.
fn delay(status: &Status) -> Duration {
    let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert_eq!(pushback.to_str().unwrap(), delay.as_millis().to_string());
    delay
}

async fn an_email_that_was_tried_too_often_is_refused_until_the_delay_is_over(place: Place) {
    let (server, ada) = place.admitted(&["--login-email-limit", "3/3m"]).await;
    for email in [ada.email.as_str(), "nobody@example.com"] {
        for _ in 0..3 {
            assert_eq!(refusal(server.login(email, WRONG).await), wrong_credentials());
        }
        let refused = server.login(email, PASSWORD).await.unwrap_err();
        assert_eq!(refusal(Err::<(), _>(refused.clone())), too_many());
        assert_eq!(delay(&refused), Duration::from_secs(60));
    }
    server.clock.advance(Duration::from_millis(59_999));
    assert_eq!(refusal(server.login(&ada.email, PASSWORD).await), too_many());
    server.clock.advance(Duration::from_millis(1));
    assert!(server.login(&ada.email, PASSWORD).await.is_ok());
    assert_eq!(
        refusal(server.login(&ada.email, PASSWORD).await),
        too_many(),
        "one more was allowed"
    );
    server.clock.advance(Duration::from_secs(180));
    for _ in 0..3 {
        assert!(server.login(&ada.email, PASSWORD).await.is_ok());
    }
}

async fn all_spellings_of_an_email_count_together(place: Place) {
    let (server, ada) = place.admitted(&["--login-email-limit", "3/3m"]).await;
    for spelling in ["ADA@example.com", " ada@Example.COM ", "ada@example.com"] {
        assert_eq!(refusal(server.login(spelling, WRONG).await), wrong_credentials());
    }
    assert_eq!(refusal(server.login(&ada.email, PASSWORD).await), too_many());
    assert_eq!(
        refusal(server.login("grace@example.com", PASSWORD).await),
        wrong_credentials()
    );
}

async fn a_network_that_tries_too_often_is_refused_whatever_it_says_of_itself(place: Place) {
    let (server, ada) = place.admitted(&["--login-network-limit", "5/1m"]).await;
    for number in 0..8 {
        let message = LoginRequest {
            email: format!("nobody{number}@example.com"),
            password: WRONG.to_owned(),
        };
        let address = format!("203.0.113.{number}");
        let headers = [
            ("x-forwarded-for", address.as_str()),
            ("forwarded", "for=198.51.100.1"),
        ];
        let answer = server.auth().login(with_metadata(message, &headers)).await;
        let expected = if number < 5 {
            wrong_credentials()
        } else {
            too_many()
        };
        assert_eq!(refusal(answer), expected, "{number}");
    }
    assert_eq!(refusal(server.login(&ada.email, PASSWORD).await), too_many());
    server.clock.advance(Duration::from_secs(60));
    assert!(server.login(&ada.email, PASSWORD).await.is_ok());
}

async fn a_live_session_does_not_suffer_from_strangers_who_guess(place: Place) {
    let flags = ["--login-email-limit", "2/10m", "--login-network-limit", "20/10m"];
    let (server, ada) = place.admitted(&flags).await;
    let login = server.logged_in(&ada).await;
    for _ in 0..40 {
        assert!(server.login(&ada.email, WRONG).await.is_err());
    }
    assert_eq!(refusal(server.login(&ada.email, PASSWORD).await), too_many());
    assert!(server.validate(&login.access_token).await.is_ok());
    let refreshed = server.refresh(&login.refresh_token).await.unwrap();
    let message = ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "battery staple horse".to_owned(),
    };
    let changed = server
        .auth()
        .change_password(bearer(message, &refreshed.access_token))
        .await;
    assert!(changed.is_ok(), "{changed:?}");
    assert!(crate::harness::serves(&server).await);
}

async fn guessing_the_current_password_in_a_session_is_throttled_too(place: Place) {
    let (server, ada) = place.admitted(&["--login-email-limit", "3/3m"]).await;
    let token = server.token(&ada).await;
    let guess = || {
        let message = ChangePasswordRequest {
            current_password: WRONG.to_owned(),
            new_password: "battery staple horse".to_owned(),
        };
        let mut auth = server.auth();
        let request = bearer(message, &token);
        async move { auth.change_password(request).await }
    };
    for _ in 0..3 {
        assert_eq!(refusal(guess().await), wrong_credentials());
    }
    let refused = guess().await.unwrap_err();
    assert_eq!(delay(&refused), Duration::from_secs(60));
    assert!(server.validate(&token).await.is_ok());
    assert!(
        server.login(&ada.email, PASSWORD).await.is_ok(),
        "logins are counted apart"
    );
}

async fn a_quota_counts_the_calls_of_an_organization(place: Place) {
    let (server, ada) = place.admitted(&["--quota", "100/1m"]).await;
    let grace = Person::new("grace@example.com");
    server.admit(&grace).await;
    let (token, graces) = (server.token(&ada).await, server.token(&grace).await);
    let other_session = server.token(&ada).await;
    let ask = |token: &str| {
        let request = bearer(GetCurrentAdminRequest {}, token);
        let mut auth = server.auth();
        async move { auth.get_current_admin(request).await }
    };
    for number in 0..100 {
        let token = if number % 2 == 0 { &token } else { &other_session };
        assert!(ask(token).await.is_ok(), "{number}");
    }
    let refused = ask(&token).await.unwrap_err();
    assert_eq!(delay(&refused), Duration::from_secs(1));
    assert_eq!(refusal(Err::<(), _>(refused)).1, "QUOTA_EXCEEDED");
    let listed = server
        .auth()
        .list_sessions(bearer(ListSessionsRequest {}, &other_session))
        .await;
    assert_eq!(refusal(listed).1, "QUOTA_EXCEEDED");
    assert!(ask(&graces).await.is_ok());
    // Neither does it keep anybody from asking whom a token speaks for, nor from ending a session.
    assert!(server.validate(&token).await.is_ok());
    let revoke = bearer(RevokeAllSessionsRequest { keep_current: true }, &token);
    assert!(server.auth().revoke_all_sessions(revoke).await.is_ok());
    server.clock.advance(Duration::from_secs(1));
    assert!(ask(&token).await.is_ok());
    assert_eq!(refusal(ask(&token).await).1, "QUOTA_EXCEEDED");
}

/// All that a client can see of a refusal, but for the request's own id and the time of day.
fn bytes(status: &Status) -> (Code, String, Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let metadata = status.metadata().iter().map(|entry| match entry {
        KeyAndValueRef::Ascii(key, value) => (key.to_string(), value.as_encoded_bytes().to_vec()),
        KeyAndValueRef::Binary(key, value) => (key.to_string(), value.as_encoded_bytes().to_vec()),
    });
    let metadata = metadata.filter(|(key, _)| key != "x-request-id" && key != "date");
    let message = status.message().to_owned();
    (
        status.code(),
        message,
        status.details().to_vec(),
        metadata.collect(),
    )
}

async fn every_refusal_of_a_wrong_password_has_the_same_bytes_within_its_code(place: Place) {
    let (server, ada) = place.admitted(&["--login-email-limit", "2/10m"]).await;
    let people = ["suspended", "deleted", "pending"].map(|name| Person::new(&format!("{name}@example.com")));
    let [suspended, deleted, pending] = &people;
    for person in [suspended, deleted] {
        server.admit(person).await;
    }
    server.prepare(pending).await.unwrap();
    server
        .gate(&suspended.organization_id, GateState::Suspended, 2)
        .await
        .unwrap();
    server
        .gate(&deleted.organization_id, GateState::Purged, 2)
        .await
        .unwrap();

    let emails = [
        &ada.email,
        "nobody@example.com",
        &suspended.email,
        &deleted.email,
        &pending.email,
    ];
    let (mut refused, mut throttled) = (Vec::new(), Vec::new());
    for email in emails {
        for _ in 0..2 {
            refused.push(bytes(&server.login(email, WRONG).await.unwrap_err()));
        }
        throttled.push(bytes(&server.login(email, WRONG).await.unwrap_err()));
    }
    assert_eq!(refused[0].0, Code::Unauthenticated);
    assert!(refused.iter().all(|bytes| *bytes == refused[0]), "{refused:?}");
    assert_eq!(throttled[0].0, Code::ResourceExhausted);
    assert!(
        throttled.iter().all(|bytes| *bytes == throttled[0]),
        "{throttled:?}"
    );
    // Even the right password says nothing where nobody may log in.
    server.clock.advance(Duration::from_secs(600));
    for person in [suspended, deleted, pending] {
        let status = server.login(&person.email, PASSWORD).await.unwrap_err();
        assert_eq!(bytes(&status), refused[0], "{}", person.email);
    }
}
