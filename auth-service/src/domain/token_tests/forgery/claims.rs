//! Claims that are not those of the signature, or that our own key must not have signed.

use super::{Forger, Rng, *};
use crate::domain::RefreshTokens;

pub(super) const FAMILIES: &[Family] = &[
    family(
        "a claim missing or of another type, under the right key",
        mistyped,
    ),
    family("members twice, under the right key", twice),
    family(
        "greater rights under a genuine or a foreign signature",
        exalted_claims,
    ),
    family(
        "the same claims in other words under a genuine signature",
        rewritten,
    ),
    family("other kinds of tokens", other_kinds),
];

/// Good claims of a session that there is not.
pub(super) fn any_claims(rng: &mut Rng) -> Value {
    let mut claims = claims();
    for name in ["sub", "org", "sid", "jti"] {
        claims[name] = json!(Uuid::from_u128(rng.u128(1..)).to_string());
    }
    claims
}

/// Claims that would be worth forging.
pub(super) fn exalted(rng: &mut Rng) -> Value {
    let mut claims = any_claims(rng);
    match rng.u8(..4) {
        0 => {
            claims["role"] = json!("OPERATOR");
            claims.as_object_mut().unwrap().remove("org");
        }
        1 => claims["role"] = json!("OWNER"),
        2 => claims["exp"] = json!(rng.i64(END.as_seconds()..)),
        _ => {
            claims["sub"] = json!(Uuid::from_u128(2).to_string());
            claims["org"] = json!(Uuid::from_u128(3).to_string());
        }
    }
    claims
}

/// A value that this claim must not have.
fn wrong(rng: &mut Rng, name: &str, right: &Value) -> Value {
    let number = right.is_number();
    match rng.u8(..12) {
        0 => json!([right]),
        1 => json!({ "": right }),
        2 => json!(rng.bool()),
        3 => json!(rng.f64() + 0.1),
        4 => json!(1e19),
        5 => json!(-rng.f64() - 0.1),
        6 => json!(""),
        7 if number => json!(right.to_string()),
        8 if number => json!(u64::MAX - rng.u64(..1 << 40)),
        9 if name == "iat" || name == "nbf" => json!(NOW.as_seconds() + rng.i64(6..1 << 40)),
        9 if name == "exp" => json!(NOW.as_seconds() - rng.i64(0..1 << 40)),
        10 if name == "iat" || name == "exp" => json!(-rng.i64(1..1 << 40)),
        _ if number => json!(format!("{right} ")),
        _ => {
            let text: String = (0..rng.usize(1..60)).map(|_| rng.char('!'..'~')).collect();
            if rng.bool() {
                json!(rng.i64(..))
            } else {
                json!(text)
            }
        }
    }
}

fn mistyped(forger: &Forger, rng: &mut Rng) -> String {
    let mut claims = any_claims(rng);
    let names: Vec<String> = claims.as_object().unwrap().keys().cloned().collect();
    let name = &names[rng.usize(..names.len())];
    match rng.u8(..5) {
        0 => drop(claims.as_object_mut().unwrap().remove(name)),
        1 => claims[name] = Value::Null,
        _ => claims[name] = wrong(rng, name, &claims[name]),
    }
    let header = header(&forger.tokens).to_string();
    forger.right().sign(&header, &claims.to_string())
}

/// One member of header or claims a second time: with the same value, or another.
fn twice(forger: &Forger, rng: &mut Rng) -> String {
    let (mut header, mut claims) = (header(&forger.tokens), any_claims(rng));
    let doubled = |rng: &mut Rng, value: &mut Value| {
        let members = value.as_object().unwrap();
        let (name, right) = members.iter().nth(rng.usize(..members.len())).unwrap();
        let second = if rng.bool() {
            right.clone()
        } else {
            wrong(rng, name, right)
        };
        let text = value.to_string();
        let inside = &text[1..text.len() - 1];
        if rng.bool() {
            format!(r#"{{{inside},"{name}":{second}}}"#)
        } else {
            format!(r#"{{"{name}":{second},{inside}}}"#)
        }
    };
    let (header, claims) = if rng.bool() {
        (doubled(rng, &mut header), claims.to_string())
    } else {
        (header.to_string(), doubled(rng, &mut claims))
    };
    forger.right().sign(&header, &claims)
}

fn exalted_claims(forger: &Forger, rng: &mut Rng) -> String {
    let claims = exalted(rng).to_string();
    if rng.bool() {
        let header = header(&forger.tokens).to_string();
        return Forger::foreign_ed25519(rng).sign(&header, &claims);
    }
    let [header, _, signature] = forger.parts(rng);
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

/// The same to a reader of JSON, and not the same bytes.
fn rewritten(forger: &Forger, rng: &mut Rng) -> String {
    let parts = forger.parts(rng);
    let [header, claims] = [parts[0], parts[1]].map(|part| {
        let json = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let json = match rng.u8(..6) {
            0 => json.replace(':', &format!(":{}", " ".repeat(rng.usize(1..9)))),
            1 => json.replace(',', &format!(",{}", "\n".repeat(rng.usize(1..9)))),
            2 => format!("{}{json}", " ".repeat(rng.usize(1..30))),
            3 => format!("{json}{}", "\t".repeat(rng.usize(1..30))),
            4 => json.replacen('a', "\\u0061", rng.usize(1..4)),
            _ => format!("{{\"x{}\":0,{}", rng.u32(..), &json[1..]),
        };
        URL_SAFE_NO_PAD.encode(json)
    });
    match rng.u8(..3) {
        0 => format!("{header}.{}.{}", parts[1], parts[2]),
        1 => format!("{}.{claims}.{}", parts[0], parts[2]),
        _ => format!("{header}.{claims}.{}", parts[2]),
    }
}

fn other_kinds(forger: &Forger, rng: &mut Rng) -> String {
    let session_id = SessionId::from_uuid(Uuid::from_u128(rng.u128(1..)));
    let refresh = RefreshTokens::new(&[7; 32]).issue(session_id, rng.i64(0..9));
    let [header, claims, signature] = forger.parts(rng);
    match rng.u8(..6) {
        0 => refresh,
        1 => {
            let mut header = self::header(&forger.tokens);
            header["typ"] = json!("rt+jwt");
            forger
                .right()
                .sign(&header.to_string(), &any_claims(rng).to_string())
        }
        // RFC 7515's JSON serializations, and RFC 7516's five parts.
        2 => json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
        3 => json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] })
            .to_string(),
        4 => format!("{header}.{refresh}.{claims}.{signature}.{signature}"),
        _ => format!("Bearer {}", forger.issued(rng)),
    }
}
