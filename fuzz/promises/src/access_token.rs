//! Access tokens: none is accepted but the one that was issued, and of what our key signed none that says another thing.

use std::sync::LazyLock;

use auth_service::domain::{AccessTokens, Affiliation, ClientInfo, Session, VerifiedToken};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, OrganizationId, SessionId},
};
use uuid::Uuid;

use crate::edits::edited;

const ISSUER: &str = "issuer";
const AUDIENCE: &str = "audience";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const END: Timestamp = Timestamp::from_millis(1_700_001_800_000);
/// An Ed25519 key in PKCS#8 v1 form (RFC 8410, section 7): what comes before its 32 bytes.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const SEED: [u8; 32] = [7; 32];

static ISSUED: LazyLock<Issued> = LazyLock::new(Issued::new);

struct Issued {
    tokens: AccessTokens,
    key: Ed25519KeyPair,
    /// The one token that was issued.
    token: String,
}

impl Issued {
    #[expect(clippy::expect_used, reason = "the key and the e-mail are constants")]
    fn new() -> Self {
        let pkcs8 = [PKCS8.as_slice(), &SEED].concat();
        let tokens = AccessTokens::new(ISSUER.to_owned(), AUDIENCE.to_owned(), &pkcs8).expect("a key");
        let session = Session {
            id: SessionId::from_uuid(Uuid::from_u128(1)),
            admin_id: AdminId::from_uuid(Uuid::from_u128(2)),
            affiliation: Affiliation::owner_of(OrganizationId::from_uuid(Uuid::from_u128(3))),
            email: Email::parse("ada@example.com").expect("an e-mail"),
            create_time: NOW,
            expire_time: END,
            idle_expire_time: END,
            counter: 0,
            rotate_time: NOW,
            client: ClientInfo::default(),
        };
        let token = tokens
            .issue(&session, Uuid::from_u128(4), NOW, END)
            .expect("a token");
        Self {
            key: Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key"),
            tokens,
            token,
        }
    }

    fn verify(&self, token: &str) -> Option<VerifiedToken> {
        self.tokens.verify(token, NOW).ok()
    }

    /// The token with this header and these claims, signed as if it were ours.
    fn signed(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// Takes the bytes for a token, for edits of the genuine one, and for a header and, after a line feed, claims that the
/// right key has signed.
pub fn access_token(bytes: &[u8]) -> bool {
    let issued = &*ISSUED;
    let mut accepted = false;
    for text in [bytes.to_vec(), edited(&issued.token, bytes)] {
        if let Ok(text) = String::from_utf8(text) {
            let verified = issued.verify(&text).is_some();
            assert!(
                !verified || text == issued.token,
                "a forged token was accepted: {text}"
            );
            accepted |= verified;
        }
    }
    accepted | signed_with_any_content(issued, bytes)
}

fn signed_with_any_content(issued: &Issued, bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return false;
    };
    let (header, claims) = (&bytes[..end], &bytes[end + 1..]);
    let Some(verified) = issued.verify(&issued.signed(header, claims)) else {
        return false;
    };
    let key_id = &issued.tokens.public_key().key_id;
    let expected = serde_json::json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": key_id });
    assert_eq!(json(header), expected, "a foreign header was accepted");
    assert_claims(&json(claims), &verified);
    true
}

/// The claims say what was read out of them, and are for us and for now.
fn assert_claims(claims: &Value, verified: &VerifiedToken) {
    let id = |name: &str| claims[name].as_str().and_then(|text| Uuid::parse_str(text).ok());
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], AUDIENCE);
    assert_eq!(id("sub").as_ref(), Some(verified.admin_id.as_uuid()));
    assert_eq!(id("sid").as_ref(), Some(verified.session_id.as_uuid()));
    let organization = verified.affiliation.organization_id();
    assert_eq!(
        id("org").as_ref(),
        organization.as_ref().map(OrganizationId::as_uuid)
    );
    assert_eq!(claims["role"] == "OPERATOR", organization.is_none(), "{claims}");
    assert!(id("jti").is_some(), "{claims}");
    let seconds = |name: &str| claims[name].as_i64();
    assert_eq!(
        seconds("exp"),
        Some(verified.expire_time.as_seconds()),
        "{claims}"
    );
    assert!(seconds("exp") > Some(NOW.as_seconds()), "{claims}");
    for name in ["iat", "nbf"] {
        let latest = NOW.as_seconds() + 5;
        assert!(seconds(name).is_some_and(|time| time <= latest), "{claims}");
    }
}

/// What was accepted is JSON; null where it is not.
fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}
