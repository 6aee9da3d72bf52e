//! Headers that are not ours, whoever signed them.

use super::{
    Forger, Rng,
    claims::{any_claims, exalted},
    *,
};

pub(super) const FAMILIES: &[Family] = &[
    family("alg: none", none),
    family("alg: an HMAC with the public key for its secret", hmac),
    family("alg: any name in any case", algorithms),
    family("crit and other members", members),
    family("kid: paths, queries, tokens, megabytes", key_ids),
    family("jku, jwk, x5u, x5c: the forger's own key", key_references),
    family("typ: every other kind", types),
];

const ALGORITHMS: [&str; 20] = [
    "none",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "ML-DSA-44",
    "dir",
    "",
];

/// The text with any of its letters in the other case.
fn any_case(rng: &mut Rng, text: &str) -> String {
    text.chars()
        .map(|c| match rng.u8(..3) {
            0 => c.to_ascii_uppercase(),
            1 => c.to_ascii_lowercase(),
            _ => c,
        })
        .collect()
}

/// A header that is refused, over good claims, under the signature that fits best: no check but the header's is left
/// where the right key has signed.
fn signed_anyhow(forger: &Forger, rng: &mut Rng, header: &str) -> String {
    let claims = any_claims(rng).to_string();
    match rng.u8(..4) {
        0 => forger.foreign(rng).sign(header, &claims),
        1 => forger.hmac(rng).sign(header, &claims),
        2 => forger.right().sign(header, &claims),
        _ => {
            let [_, claims, signature] = forger.parts(rng);
            format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header))
        }
    }
}

fn none(forger: &Forger, rng: &mut Rng) -> String {
    let mut header = header(&forger.tokens);
    header["alg"] = json!(any_case(rng, "none"));
    if rng.bool() {
        header.as_object_mut().unwrap().remove("kid");
    }
    let claims = if rng.bool() { exalted(rng) } else { any_claims(rng) };
    let message = format!("{}.{}", encoded(&header), encoded(&claims));
    match rng.u8(..5) {
        0 => message,
        1 => format!("{message}.{}", forger.parts(rng)[2]),
        2 => format!("{message}.AA"),
        3 => format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        _ => format!("{message}."),
    }
}

fn hmac(forger: &Forger, rng: &mut Rng) -> String {
    let signature = forger.hmac(rng);
    let mut header = header(&forger.tokens);
    header["alg"] = json!(any_case(rng, &signature.algorithm()));
    let claims = if rng.bool() { exalted(rng) } else { any_claims(rng) };
    signature.sign(&header.to_string(), &claims.to_string())
}

fn algorithms(forger: &Forger, rng: &mut Rng) -> String {
    let mut header = header(&forger.tokens);
    let name = ALGORITHMS[rng.usize(..ALGORITHMS.len())];
    let mut name = any_case(rng, name);
    // The one that is ours.
    if name == ALGORITHM {
        name.push(' ');
    }
    header["alg"] = match rng.u8(..6) {
        0 => json!([ALGORITHM]),
        1 => json!({ "": ALGORITHM }),
        2 => Value::Null,
        _ => json!(name),
    };
    signed_anyhow(forger, rng, &header.to_string())
}

fn members(forger: &Forger, rng: &mut Rng) -> String {
    let mut header = header(&forger.tokens);
    let names = [
        "crit",
        "b64",
        "zip",
        "enc",
        "cty",
        "url",
        "nonce",
        "iss",
        "exp",
        "ALG",
        "Kid",
        "typ ",
        "",
        "__proto__",
    ];
    let values = [
        json!(["b64"]),
        json!(["exp", "iss"]),
        json!([]),
        json!(false),
        json!("DEF"),
        json!(null),
        json!(rng.i64(..)),
        json!({ "alg": "none" }),
    ];
    for _ in 0..rng.usize(1..4) {
        header[names[rng.usize(..names.len())]] = values[rng.usize(..values.len())].clone();
    }
    signed_anyhow(forger, rng, &header.to_string())
}

fn key_ids(forger: &Forger, rng: &mut Rng) -> String {
    let right = forger.key_id();
    let texts = [
        "../../dev/null",
        "/proc/self/environ",
        "file:///dev/null",
        "http://127.0.0.1/key",
        "' OR 1=1 --",
        "x' UNION SELECT 'key",
        "{\"$ne\": null}",
        "$where: sleep(1000)",
        "key.pem; id |",
        "%00",
        "\0",
        "\u{202e}",
        "",
        "0",
        "*",
    ];
    let text = texts[rng.usize(..texts.len())];
    let kid = match rng.u32(..40) {
        // A megabyte costs time and proves no more than a few kilobytes do.
        0 => json!("k".repeat(1 << 20)),
        1..5 => json!("k".repeat(rng.usize(44..2_000))),
        5..8 => json!(null),
        8..11 => json!([right]),
        11..14 => json!({ "$ne": 1 }),
        14..17 => json!(rng.i64(..)),
        17..20 => json!(right.to_ascii_lowercase()),
        20..25 => json!(format!("{right}{text} ")),
        _ => json!(format!("{text}{}", rng.u32(..))),
    };
    let rest = format!(r#""typ":"{TYPE}","alg":"{ALGORITHM}""#);
    // Whichever of two a reader takes, there must be one.
    let header = match rng.u8(..4) {
        0 => format!(r#"{{{rest},"kid":"{right}","kid":{kid}}}"#),
        1 => format!(r#"{{"kid":{kid},{rest},"kid":"{right}"}}"#),
        2 => format!(r#"{{{rest},"kid":"{right}","\u006bid":{kid}}}"#),
        _ => format!(r#"{{{rest},"kid":{kid}}}"#),
    };
    signed_anyhow(forger, rng, &header)
}

fn key_references(forger: &Forger, rng: &mut Rng) -> String {
    let mut header = header(&forger.tokens);
    let point: [u8; 32] = std::array::from_fn(|_| rng.u8(..));
    let point = URL_SAFE_NO_PAD.encode(point);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": point, "kid": forger.key_id() });
    let (name, value) = match rng.u8(..6) {
        0 => ("jku", json!(format!("https://example.com/{point}"))),
        1 => ("jku", json!("file:///proc/self/environ")),
        2 => ("x5u", json!(format!("http://169.254.169.254/{point}"))),
        3 => ("x5c", json!([point])),
        4 => ("x5t#S256", json!(point)),
        _ => ("jwk", jwk),
    };
    header[name] = value;
    let claims = if rng.bool() { exalted(rng) } else { any_claims(rng) };
    match rng.u8(..3) {
        0 => signed_anyhow(forger, rng, &header.to_string()),
        1 => forger.foreign(rng).sign(&header.to_string(), &claims.to_string()),
        _ => Forger::foreign_ed25519(rng).sign(&header.to_string(), &claims.to_string()),
    }
}

fn types(forger: &Forger, rng: &mut Rng) -> String {
    let mut header = header(&forger.tokens);
    let names = [
        "JWT",
        "jwt",
        "rt+jwt",
        "application/at+jwt",
        "at jwt",
        "at+jwt ",
        "at+jws",
        "id+jwt",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "",
    ];
    let mut typ = names[rng.usize(..names.len())].to_owned();
    if rng.bool() {
        typ = any_case(rng, "at+jwt");
    }
    if typ == TYPE {
        typ.make_ascii_uppercase();
    }
    header["typ"] = match rng.u8(..8) {
        0 => json!([TYPE]),
        1 => Value::Null,
        _ => json!(typ),
    };
    if rng.u8(..8) == 0 {
        header.as_object_mut().unwrap().remove("typ");
    }
    signed_anyhow(forger, rng, &header.to_string())
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
