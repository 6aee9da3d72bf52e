//! Tokens that must not be accepted, and for how long those that are.

use std::{collections::HashSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, crypto::sign};
use serde_json::{Value, json};
use tenantry_proto::auth::v1::{GateState, GetCurrentAdminRequest, GetJsonWebKeySetRequest, JsonWebKey};
use tonic::{Code, body::Body};
use tower::ServiceExt;

use crate::harness::{
    Person, Place, Server, bearer, for_each_backend, refusal, revoked, unauthenticated, with_metadata,
};

for_each_backend! {
    calls_without_exactly_one_bearer_token_are_refused
    what_is_not_listed_as_open_needs_a_token
    an_expired_token_is_refused
    a_foreign_token_is_refused
    mutated_and_forged_tokens_are_refused
    suspending_ends_the_tokens_of_that_organization_alone
    purging_ends_tokens_for_good
    a_token_survives_a_restart
    the_published_key_verifies_a_token_offline
}

async fn admitted(place: &Place) -> (Server, Person, String) {
    let (server, ada) = place.admitted(&[]).await;
    let token = server.token(&ada).await;
    (server, ada, token)
}

async fn public_key(server: &Server) -> JsonWebKey {
    let reply = server
        .auth()
        .get_json_web_key_set(GetJsonWebKeySetRequest {})
        .await
        .unwrap();
    reply.into_inner().keys.remove(0)
}

async fn calls_without_exactly_one_bearer_token_are_refused(place: Place) {
    let (server, _, token) = admitted(&place).await;
    let right = format!("bearer {token}");
    for (values, reason) in [
        (vec![], "TOKEN_MISSING"),
        (vec!["Bearer"], "TOKEN_INVALID"),
        (vec!["Bearer "], "TOKEN_INVALID"),
        (vec![token.as_str()], "TOKEN_INVALID"),
        (vec!["Basic YTpi"], "TOKEN_INVALID"),
        (vec![&right, &right], "TOKEN_INVALID"),
        (vec![&right, "Bearer x"], "TOKEN_INVALID"),
    ] {
        let entries: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
        let outcome = server
            .auth()
            .get_current_admin(with_metadata(GetCurrentAdminRequest {}, &entries))
            .await;
        assert_eq!(
            refusal(outcome),
            (Code::Unauthenticated, reason.to_owned()),
            "{values:?}"
        );
    }
    let once = with_metadata(GetCurrentAdminRequest {}, &[("authorization", &right)]);
    assert!(server.auth().get_current_admin(once).await.is_ok());
}

/// A query string reaches the handler; it must not reach it around the check.
async fn what_is_not_listed_as_open_needs_a_token(place: Place) {
    let (server, ..) = admitted(&place).await;
    for path in [
        "GetCurrentAdmin",
        "GetCurrentAdmin?x=1",
        "GetCurrentAdmin?/auth.v1.AuthService/Login",
        "Nothing",
    ] {
        let request = http::Request::post(format!("{}auth.v1.AuthService/{path}", "/"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Body::empty())
            .unwrap();
        let answer = server.channel.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "16", "{path}");
    }
}

async fn an_expired_token_is_refused(place: Place) {
    let (server, ada, token) = admitted(&place).await;
    server.clock.advance(Duration::from_secs(1_799));
    assert!(server.validate(&token).await.is_ok());
    server.clock.advance(Duration::from_secs(1));
    let expired = (Code::Unauthenticated, "TOKEN_EXPIRED".to_owned());
    assert_eq!(refusal(server.validate(&token).await), expired);
    let outcome = server
        .auth()
        .get_current_admin(bearer(GetCurrentAdminRequest {}, &token))
        .await;
    assert_eq!(refusal(outcome), expired);
    // The next login sweeps some expired sessions away; the old token is not called revoked for it.
    let fresh = server.token(&ada).await;
    assert_eq!(refusal(server.validate(&token).await), expired);
    assert!(server.validate(&fresh).await.is_ok());
}

async fn a_foreign_token_is_refused(place: Place) {
    let (server, ..) = admitted(&place).await;
    let elsewhere = place.another().await;
    let (_other, _, foreign) = admitted(&elsewhere).await;
    assert_eq!(
        refusal(server.validate(&foreign).await),
        unauthenticated("TOKEN_INVALID")
    );
}

async fn mutated_and_forged_tokens_are_refused(place: Place) {
    let (server, _, token) = admitted(&place).await;
    let key = public_key(&server).await;
    let parts: Vec<&str> = token.split('.').collect();
    let mut bad = vec![
        String::new(),
        "x".repeat(5_000),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}x"),
    ];
    let flipped = |at: usize| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let (header_end, claims_end) = (parts[0].len(), parts[0].len() + 1 + parts[1].len());
    bad.extend(
        [
            0,
            header_end - 1,
            header_end + 1,
            claims_end - 1,
            claims_end + 1,
            token.len() - 1,
        ]
        .map(flipped),
    );
    let claims = |change: fn(&mut Value)| {
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        change(&mut claims);
        URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    bad.push(format!(
        "{}.{}.{}",
        parts[0],
        claims(|claims| claims["role"] = json!("OPERATOR")),
        parts[2]
    ));
    let unsigned =
        URL_SAFE_NO_PAD.encode(json!({ "typ": "at+jwt", "alg": "none", "kid": key.kid }).to_string());
    bad.push(format!("{unsigned}.{}.", parts[1]));
    let hmac = URL_SAFE_NO_PAD.encode(json!({ "typ": "at+jwt", "alg": "HS256", "kid": key.kid }).to_string());
    for secret in [
        URL_SAFE_NO_PAD.decode(&key.x).unwrap(),
        key.x.clone().into_bytes(),
    ] {
        let message = format!("{hmac}.{}", parts[1]);
        let signature = sign(
            message.as_bytes(),
            &EncodingKey::from_secret(&secret),
            Algorithm::HS256,
        )
        .unwrap();
        bad.push(format!("{message}.{signature}"));
    }
    for token in bad {
        assert_eq!(
            refusal(server.validate(&token).await),
            unauthenticated("TOKEN_INVALID"),
            "{token}"
        );
    }
    assert!(server.validate(&token).await.is_ok());
}

async fn suspending_ends_the_tokens_of_that_organization_alone(place: Place) {
    let (server, ada, token) = admitted(&place).await;
    let bob = Person::new("bob@example.com");
    server.admit(&bob).await;
    let other = server.token(&bob).await;
    server
        .gate(&ada.organization_id, GateState::Suspended, 2)
        .await
        .unwrap();
    assert_eq!(refusal(server.validate(&token).await), revoked());
    let outcome = server
        .auth()
        .get_current_admin(bearer(GetCurrentAdminRequest {}, &token))
        .await;
    assert_eq!(refusal(outcome), revoked());
    assert!(server.validate(&other).await.is_ok());
    server
        .gate(&ada.organization_id, GateState::Open, 3)
        .await
        .unwrap();
    assert_eq!(refusal(server.validate(&token).await), revoked());
}

async fn purging_ends_tokens_for_good(place: Place) {
    let (server, ada, token) = admitted(&place).await;
    for _ in 0..2 {
        server
            .gate(&ada.organization_id, GateState::Purged, 2)
            .await
            .unwrap();
        assert_eq!(refusal(server.validate(&token).await), revoked());
    }
    let reopened = server.gate(&ada.organization_id, GateState::Open, 9).await;
    assert_eq!(
        refusal(reopened),
        (Code::FailedPrecondition, "STALE_EPOCH".to_owned())
    );
    let successor = Person::new(&ada.email);
    server.admit(&successor).await;
    assert_eq!(refusal(server.validate(&token).await), revoked());
    assert!(server.validate(&server.token(&successor).await).await.is_ok());
}

async fn a_token_survives_a_restart(place: Place) {
    let (server, _, token) = admitted(&place).await;
    let key = public_key(&server).await;
    server.stop().await.unwrap();
    let server = place.start().await;
    assert!(server.validate(&token).await.is_ok());
    assert_eq!(public_key(&server).await, key);
}

async fn the_published_key_verifies_a_token_offline(place: Place) {
    let (server, ada, token) = admitted(&place).await;
    let key = public_key(&server).await;
    assert_eq!(
        (&*key.kty, &*key.crv, &*key.alg, &*key.r#use),
        ("OKP", "Ed25519", "EdDSA", "sig")
    );
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["tenantry-auth"]);
    validation.set_audience(&["tenantry"]);
    // The tests' clock is not the host's.
    validation.validate_exp = false;
    let decoding = DecodingKey::from_ed_components(&key.x).unwrap();
    let decoded = jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
    assert_eq!(decoded.header.kid, Some(key.kid));
    assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(decoded.claims["sub"], ada.admin_id.as_str());
    assert_eq!(decoded.claims["org"], ada.organization_id.as_str());
    let names: HashSet<&str> = decoded
        .claims
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "iss", "aud", "sub", "org", "role", "sid", "jti", "iat", "nbf", "exp"
        ]
        .into()
    );
    let other = URL_SAFE_NO_PAD.encode([7; 32]);
    let decoding = DecodingKey::from_ed_components(&other).unwrap();
    assert!(jsonwebtoken::decode::<Value>(&token, &decoding, &validation).is_err());
}
