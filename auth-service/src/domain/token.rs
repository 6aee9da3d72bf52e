//! Access tokens: signed JWTs by RFC 9068, EdDSA (RFC 8037), one key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header,
    crypto::verify,
    errors::Error as JwtError,
    jwk::{AlgorithmParameters, Jwk, ThumbprintHash},
};
use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    id::{AdminId, OrganizationId, SessionId},
};
use uuid::Uuid;

use super::{
    admin::{Affiliation, Role},
    session::Session,
};

/// The `typ` of an access token (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";
/// The `alg` of an access token.
const ALGORITHM: &str = "EdDSA";
/// By how many seconds another replica's clock may be ahead when a token's `iat` and `nbf` are checked.
const LEEWAY_SECONDS: i64 = 5;

/// Why a token is not accepted. What exactly is wrong with an invalid one is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejected {
    /// Malformed, forged, made for somebody else, or not valid yet.
    #[error("the token is invalid")]
    Invalid,
    /// Genuine, but its time is over.
    #[error("the token has expired")]
    Expired,
}

/// The signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKey {
    /// Not a PKCS#8 v1 Ed25519 key, or signing failed.
    #[error("the signing key is unusable: {0}")]
    Key(#[from] JwtError),
    /// The key's JWK is not an octet key pair.
    #[error("the signing key is not an Ed25519 key")]
    NotEd25519,
    /// What the key signs does not verify, or what it did not sign does.
    #[error("the signing key failed its self-test")]
    SelfTest,
}

/// The public half of the signing key, in the terms of RFC 7517.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The key's RFC 7638 thumbprint.
    pub key_id: String,
    /// The key itself, base64url.
    pub x: String,
}

/// Whom a genuine token speaks for. Whether its session still lives is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The token's `sub`.
    pub admin_id: AdminId,
    /// The token's `org` and `role`.
    pub affiliation: Affiliation,
    /// The token's `sid`.
    pub session_id: SessionId,
    /// The token's `iat`.
    pub issue_time: Timestamp,
    /// The token's `exp`.
    pub expire_time: Timestamp,
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    issuer: String,
    audience: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    public: PublicKey,
}

/// Every member must be there, and of its type; members that are not named here are ignored (RFC 7519, section 4).
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: AdminId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<OrganizationId>,
    role: Role,
    sid: SessionId,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// What our tokens' headers hold and nothing else: `crit`, `jku`, `jwk`, `x5u` and the like are refused unread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    typ: String,
    alg: String,
    kid: String,
}

impl AccessTokens {
    /// Longest token looked at, in bytes.
    pub const MAX_BYTES: usize = 4_096;

    /// Tokens of this issuer for this audience, signed with an Ed25519 key in PKCS#8 v1 form.
    ///
    /// # Errors
    /// [`UnusableKey`] when the key is damaged or fails a sign-and-verify self-test.
    pub fn new(issuer: String, audience: String, pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let signing = EncodingKey::from_ed_der(pkcs8);
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
        let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else {
            return Err(UnusableKey::NotEd25519);
        };
        let public = PublicKey {
            key_id: jwk.thumbprint(ThumbprintHash::SHA256)?,
            x: parameters.x.clone(),
        };
        let verifying = DecodingKey::from_jwk(&jwk)?;
        let tokens = Self {
            issuer,
            audience,
            signing,
            verifying,
            public,
        };
        tokens.self_test()?;
        Ok(tokens)
    }

    /// The key that others verify with.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// A token for a session, issued `now`, valid until `expire_time`; `token_id` becomes its `jti`.
    ///
    /// # Errors
    /// None once the key has passed its self-test.
    pub fn issue(
        &self,
        session: &Session,
        token_id: Uuid,
        now: Timestamp,
        expire_time: Timestamp,
    ) -> Result<String, JwtError> {
        let issued = now.as_seconds();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: session.admin_id,
            org: session.affiliation.organization_id(),
            role: session.affiliation.role(),
            sid: session.id,
            jti: token_id,
            iat: issued,
            nbf: issued,
            exp: expire_time.as_seconds(),
        };
        self.sign(&claims)
    }

    /// Checks signature, header, claims and times of a token. Nothing of it is read before its signature holds.
    ///
    /// # Errors
    /// [`TokenRejected`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenRejected> {
        let token = self.verify_ever_valid(token, now)?;
        if token.expire_time <= now {
            Err(TokenRejected::Expired)
        } else {
            Ok(token)
        }
    }

    /// As [`Self::verify`], for what may be done with a token whose time is over: ending its session.
    ///
    /// # Errors
    /// [`TokenRejected::Invalid`].
    pub fn verify_ever_valid(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenRejected> {
        if token.len() > Self::MAX_BYTES {
            return Err(TokenRejected::Invalid);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRejected::Invalid)?;
        // The algorithm is ours, not the header's.
        match verify(signature, message.as_bytes(), &self.verifying, Algorithm::EdDSA) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(TokenRejected::Invalid),
        }
        let (header, claims) = message.split_once('.').ok_or(TokenRejected::Invalid)?;
        self.check_header(&decoded(header)?)?;
        self.check_claims(decoded(claims)?, now)
    }

    fn check_header(&self, header: &StrictHeader) -> Result<(), TokenRejected> {
        let ours = header.typ == TYPE && header.alg == ALGORITHM && header.kid == self.public.key_id;
        if ours { Ok(()) } else { Err(TokenRejected::Invalid) }
    }

    fn check_claims(&self, claims: Claims, now: Timestamp) -> Result<VerifiedToken, TokenRejected> {
        let now = now.as_seconds();
        let latest = now.saturating_add(LEEWAY_SECONDS);
        let for_us = claims.iss == self.issuer && claims.aud == self.audience;
        let in_order = claims.iat >= 0 && claims.iat < claims.exp && claims.nbf < claims.exp;
        if !for_us || !in_order || claims.iat > latest || claims.nbf > latest {
            return Err(TokenRejected::Invalid);
        }
        let affiliation = Affiliation::new(claims.org, claims.role).map_err(|_| TokenRejected::Invalid)?;
        Ok(VerifiedToken {
            admin_id: claims.sub,
            affiliation,
            session_id: claims.sid,
            issue_time: seconds(claims.iat),
            expire_time: seconds(claims.exp),
        })
    }

    fn sign<T: Serialize>(&self, claims: &T) -> Result<String, JwtError> {
        let mut header: Header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.public.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.signing)
    }

    /// A crypto back end that is missing or broken shows here, not at the first login.
    fn self_test(&self) -> Result<(), UnusableKey> {
        let now = Timestamp::from_millis(1_000);
        let nobody = Uuid::from_u128(1);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: AdminId::from_uuid(nobody),
            org: None,
            role: Role::Operator,
            sid: SessionId::from_uuid(nobody),
            jti: nobody,
            iat: 1,
            nbf: 1,
            exp: 2,
        };
        let genuine = self.sign(&claims)?;
        let (message, signature) = genuine.rsplit_once('.').ok_or(UnusableKey::SelfTest)?;
        let forged = format!("{message}x.{signature}");
        if self.verify(&genuine, now).is_ok() && self.verify(&forged, now).is_err() {
            Ok(())
        } else {
            Err(UnusableKey::SelfTest)
        }
    }
}

/// Reads one part of a token whose signature holds.
fn decoded<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, TokenRejected> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRejected::Invalid)?;
    serde_json::from_slice(&json).map_err(|_| TokenRejected::Invalid)
}

const fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
