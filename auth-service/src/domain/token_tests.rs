#[path = "token_tests/forged.rs"]
mod forged;
#[path = "token_tests/forgery/mod.rs"]
mod forgery;

use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::crypto::sign;
use proptest::prelude::*;
use serde_json::{Value, json};
use tenantry_common::email::Email;

use super::*;
use crate::domain::ClientInfo;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const END: Timestamp = Timestamp::from_millis(1_700_001_800_000);

fn pkcs8() -> Vec<u8> {
    Ed25519KeyPair::generate()
        .unwrap()
        .to_pkcs8v1()
        .unwrap()
        .as_ref()
        .to_vec()
}

fn tokens() -> AccessTokens {
    AccessTokens::new("issuer".to_owned(), "audience".to_owned(), &pkcs8()).unwrap()
}

fn session() -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(1)),
        admin_id: AdminId::from_uuid(Uuid::from_u128(2)),
        affiliation: Affiliation::owner_of(OrganizationId::from_uuid(Uuid::from_u128(3))),
        email: Email::parse("ada@example.com").unwrap(),
        create_time: NOW,
        expire_time: END,
        idle_expire_time: END,
        counter: 0,
        rotate_time: NOW,
        client: ClientInfo::default(),
    }
}

fn issued(tokens: &AccessTokens) -> String {
    tokens.issue(&session(), Uuid::from_u128(4), NOW, END).unwrap()
}

/// Signs any header over any claims with the right key.
fn signed(tokens: &AccessTokens, header: &Value, claims: &Value) -> String {
    signed_text(tokens, &header.to_string(), &claims.to_string())
}

fn signed_text(tokens: &AccessTokens, header: &str, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = sign(message.as_bytes(), &tokens.signing, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn header(tokens: &AccessTokens) -> Value {
    json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": tokens.public.key_id })
}

fn claims() -> Value {
    let id = |number| Uuid::from_u128(number).to_string();
    let seconds = NOW.as_seconds();
    json!({
        "iss": "issuer", "aud": "audience", "sub": id(2), "org": id(3), "role": "OWNER", "sid": id(1), "jti": id(4),
        "iat": seconds, "nbf": seconds, "exp": seconds + 1_800,
    })
}

/// What becomes of a genuine token with one claim changed, or removed when `value` is null.
fn with_claim(tokens: &AccessTokens, name: &str, value: Value) -> Result<VerifiedToken, TokenRejected> {
    let mut claims = claims();
    claims[name] = value;
    if claims[name].is_null() {
        claims.as_object_mut().unwrap().remove(name);
    }
    tokens.verify(&signed(tokens, &header(tokens), &claims), NOW)
}

#[test]
fn an_issued_token_speaks_for_its_session() {
    let tokens = tokens();
    let verified = tokens.verify(&issued(&tokens), NOW).unwrap();
    let session = session();
    assert_eq!(verified.admin_id, session.admin_id);
    assert_eq!(verified.affiliation, session.affiliation);
    assert_eq!(verified.session_id, session.id);
    assert_eq!(
        (verified.issue_time, verified.expire_time),
        (session.create_time, session.expire_time)
    );
}

#[test]
fn an_issued_token_holds_what_rfc_9068_and_we_say() {
    let tokens = tokens();
    let token = issued(&tokens);
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts, [header(&tokens), claims()]);
}

#[test]
fn a_token_ends_when_it_says() {
    let tokens = tokens();
    let token = issued(&tokens);
    let at = |seconds: i64| tokens.verify(&token, Timestamp::from_millis(NOW.as_millis() + seconds * 1_000));
    assert!(at(1_799).is_ok());
    assert_eq!(at(1_800), Err(TokenRejected::Expired));
    // Another replica's clock may be a little behind.
    assert!(at(-5).is_ok());
    assert_eq!(at(-6), Err(TokenRejected::Invalid));
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    let tokens = tokens();
    assert!(with_claim(&tokens, "nonce", json!("ignored")).is_ok());
    for name in [
        "iss", "aud", "sub", "org", "role", "sid", "jti", "iat", "nbf", "exp",
    ] {
        let right = claims()[name].clone();
        for value in [
            Value::Null,
            json!([right]),
            json!({ "": right }),
            json!(true),
            json!(1.5),
            json!(1e19),
            json!(-1.0e-9),
            json!(""),
            json!("audience "),
            if right.is_number() {
                json!(right.to_string())
            } else {
                json!(5)
            },
        ] {
            let outcome = with_claim(&tokens, name, value.clone());
            assert_eq!(outcome, Err(TokenRejected::Invalid), "{name}: {value}");
        }
    }
}

#[test]
fn a_token_of_another_issuer_or_for_another_audience_is_invalid() {
    let tokens = tokens();
    for (name, value) in [
        ("iss", "audience"),
        ("iss", "Issuer"),
        ("aud", "issuer"),
        ("role", "OPERATOR"),
    ] {
        assert_eq!(
            with_claim(&tokens, name, json!(value)),
            Err(TokenRejected::Invalid),
            "{name}"
        );
    }
}

#[test]
fn times_out_of_order_are_invalid() {
    let tokens = tokens();
    let now = NOW.as_seconds();
    for (name, value) in [
        ("nbf", now + 6),
        ("iat", now + 6),
        ("iat", -1),
        ("nbf", i64::MAX),
        ("exp", now),
        ("exp", -1),
        ("exp", i64::MIN),
    ] {
        assert_eq!(
            with_claim(&tokens, name, json!(value)),
            Err(TokenRejected::Invalid),
            "{name} {value}"
        );
    }
    // As late as a clock that is ahead may make them, and still no later than the end.
    for name in ["iat", "nbf"] {
        let mut claims = claims();
        (claims[name], claims["exp"]) = (json!(now + 1), json!(now + 1));
        let outcome = tokens.verify(&signed(&tokens, &header(&tokens), &claims), NOW);
        assert_eq!(outcome, Err(TokenRejected::Invalid), "{name}");
        claims["exp"] = json!(now + 2);
        let outcome = tokens.verify(&signed(&tokens, &header(&tokens), &claims), NOW);
        assert!(outcome.is_ok(), "{name}");
    }
    assert!(with_claim(&tokens, "exp", json!(i64::MAX)).is_ok());
    assert_eq!(
        with_claim(&tokens, "exp", json!(u64::MAX)),
        Err(TokenRejected::Invalid)
    );
}

#[test]
fn only_our_own_header_is_accepted() {
    let tokens = tokens();
    assert!(
        tokens
            .verify(&signed(&tokens, &header(&tokens), &claims()), NOW)
            .is_ok()
    );
    let kid = tokens.public.key_id.clone();
    for (name, value) in [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("AT+JWT")),
        ("typ", json!("rt+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("eddsa")),
        ("kid", Value::Null),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!({ "$ne": 1 })),
        ("kid", json!([kid])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jku", json!("https://example.com/jwks")),
        ("jwk", json!({ "kty": "OKP" })),
        ("x5u", json!("https://example.com/x5u")),
        ("zip", json!("DEF")),
    ] {
        let mut header = header(&tokens);
        header[name] = value.clone();
        let outcome = tokens.verify(&signed(&tokens, &header, &claims()), NOW);
        assert_eq!(outcome, Err(TokenRejected::Invalid), "{name}: {value}");
    }
}

#[test]
fn doubled_members_are_invalid() {
    let tokens = tokens();
    let twice = |text: &str| format!("{},{}", &text[..text.len() - 1], &text[1..]);
    let (header, claims) = (header(&tokens).to_string(), claims().to_string());
    for (header, claims) in [(twice(&header), claims.clone()), (header, twice(&claims))] {
        assert_eq!(
            tokens.verify(&signed_text(&tokens, &header, &claims), NOW),
            Err(TokenRejected::Invalid)
        );
    }
}

#[test]
fn the_key_id_is_the_thumbprint_of_rfc_7638() {
    let tokens = tokens();
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, tokens.public.x);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    assert_eq!(tokens.public.key_id, URL_SAFE_NO_PAD.encode(digest));
}

#[test]
fn a_damaged_key_is_refused() {
    let new = |pkcs8: &[u8]| AccessTokens::new("issuer".to_owned(), "audience".to_owned(), pkcs8);
    assert!(new(&[]).is_err());
    assert!(new(&[0; 48]).is_err());
    assert!(new(&pkcs8()[..47]).is_err());
}

#[test]
fn a_key_that_does_not_verify_what_it_signs_fails_its_self_test() {
    let tokens = AccessTokens {
        verifying: tokens().verifying,
        ..tokens()
    };
    assert!(matches!(tokens.self_test(), Err(UnusableKey::SelfTest)));
}

proptest! {
    #[test]
    fn no_text_makes_verification_panic(text in "[A-Za-z0-9_.=-]{0,200}|\\PC{0,60}") {
        prop_assert_eq!(tokens().verify(&text, NOW), Err(TokenRejected::Invalid));
    }
}
