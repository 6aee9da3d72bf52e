use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::crypto::sign;
use proptest::prelude::*;
use serde_json::{Value, json};
use tenantry_common::email::Email;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

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
        expire_time: Timestamp::from_millis(NOW.as_millis() + 1_800_000),
    }
}

fn issued(tokens: &AccessTokens) -> String {
    tokens.issue(&session(), Uuid::from_u128(4)).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs any header over any claims with the right key.
fn signed(tokens: &AccessTokens, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
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
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = sign(message.as_bytes(), &tokens.signing, Algorithm::EdDSA).unwrap();
        assert_eq!(
            tokens.verify(&format!("{message}.{signature}"), NOW),
            Err(TokenRejected::Invalid)
        );
    }
}

/// Algorithm confusion: the public key, in every shape that it is published in, as an HMAC secret.
#[test]
fn forged_families_of_algorithms_are_invalid() {
    let tokens = tokens();
    let raw = URL_SAFE_NO_PAD.decode(&tokens.public.x).unwrap();
    let claims = encoded(&claims());
    for alg in ["HS256", "hs256", "HS384", "HS512", "EdDSA", "RS256", "ES256"] {
        let mut header = header(&tokens);
        header["alg"] = json!(alg);
        let message = format!("{}.{claims}", encoded(&header));
        for secret in [
            raw.as_slice(),
            tokens.public.x.as_bytes(),
            tokens.public.key_id.as_bytes(),
            b"",
        ] {
            let key = EncodingKey::from_secret(secret);
            let signature = sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            assert_eq!(
                tokens.verify(&format!("{message}.{signature}"), NOW),
                Err(TokenRejected::Invalid)
            );
        }
    }
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let message = format!("{}.{claims}", encoded(&json!({ "typ": "at+jwt", "alg": alg })));
        for token in [format!("{message}."), message.clone(), format!("{message}.AA")] {
            assert_eq!(tokens.verify(&token, NOW), Err(TokenRejected::Invalid), "{token}");
        }
    }
}

#[test]
fn another_key_signs_nothing_that_we_accept() {
    let tokens = tokens();
    let other = EncodingKey::from_ed_der(&pkcs8());
    let message = format!("{}.{}", encoded(&header(&tokens)), encoded(&claims()));
    let signature = sign(message.as_bytes(), &other, Algorithm::EdDSA).unwrap();
    assert_eq!(
        tokens.verify(&format!("{message}.{signature}"), NOW),
        Err(TokenRejected::Invalid)
    );
}

#[test]
fn every_single_flipped_bit_makes_a_token_invalid() {
    let tokens = tokens();
    let token = issued(&tokens);
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(mutated) = String::from_utf8(bytes) else {
                continue;
            };
            assert_eq!(
                tokens.verify(&mutated, NOW),
                Err(TokenRejected::Invalid),
                "byte {at}, bit {bit}"
            );
        }
    }
}

#[test]
fn what_is_no_token_is_invalid() {
    let tokens = tokens();
    let token = issued(&tokens);
    let long = "a".repeat(1_000_000);
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        &long,
        &format!("{token}."),
        &format!(" {token}"),
        &format!("{token}="),
    ] {
        assert_eq!(tokens.verify(text, NOW), Err(TokenRejected::Invalid));
    }
    let parts: Vec<&str> = token.split('.').collect();
    for text in [
        parts[..2].join("."),
        parts.join(".."),
        format!("{}.{}.{}.{}", parts[0], parts[1], parts[1], parts[2]),
    ] {
        assert_eq!(tokens.verify(&text, NOW), Err(TokenRejected::Invalid));
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

proptest! {
    #[test]
    fn no_text_makes_verification_panic(text in "[A-Za-z0-9_.=-]{0,200}|\\PC{0,60}") {
        prop_assert_eq!(tokens().verify(&text, NOW), Err(TokenRejected::Invalid));
    }
}
