//! Who forges: with every genuine token that there is, the public key, and keys of his own, but not with ours.

use std::collections::HashSet;

use aws_lc_rs::{
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use fastrand::Rng;

use super::super::*;

/// DER before the 32 bytes of an Ed25519 public key (RFC 8410, section 4).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// The same for a private key (section 7).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// How many forgeries there are for each genuine token, about: with fewer of these many would be the same.
const FORGERIES_OF_ONE: u64 = 50;

/// Everything that a forger may have, and the key that he has not, to sign what must be refused all the same.
pub(super) struct Forger {
    pub(super) tokens: AccessTokens,
    issued: Vec<String>,
    known: HashSet<String>,
    /// His own keys: of our kind, and of the others.
    keys: Vec<(Algorithm, EncodingKey)>,
    /// The public half in every shape in which it can be had, and what else people take for secrets.
    secrets: Vec<Vec<u8>>,
}

/// What a forged token is signed with.
pub(super) struct Signature(Algorithm, EncodingKey);

impl Forger {
    pub(super) fn new(seed: u64, forgeries: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let ours = pkcs8_of(&mut rng);
        let tokens = AccessTokens::new("issuer".to_owned(), "audience".to_owned(), &ours).unwrap();
        let issued: Vec<_> = (0..=forgeries / FORGERIES_OF_ONE)
            .map(|_| issue_one(&tokens, &mut rng))
            .collect();
        let keys = vec![
            (Algorithm::EdDSA, EncodingKey::from_ed_der(&pkcs8_of(&mut rng))),
            (Algorithm::ES256, es256()),
            (Algorithm::RS256, rsa()),
        ];
        Self {
            secrets: secrets(&tokens),
            known: issued.iter().cloned().collect(),
            tokens,
            issued,
            keys,
        }
    }

    /// The same, had he exchanged the key that verifies for his own.
    pub(super) fn in_control(seed: u64, forgeries: u64) -> Self {
        let mut forger = Self::new(seed, forgeries);
        let jwk = Jwk::from_encoding_key(&forger.keys[0].1, Algorithm::EdDSA).unwrap();
        forger.tokens.verifying = DecodingKey::from_jwk(&jwk).unwrap();
        forger
    }

    /// Any of the genuine tokens.
    pub(super) fn issued<'a>(&'a self, rng: &mut Rng) -> &'a str {
        &self.issued[rng.usize(..self.issued.len())]
    }

    pub(super) fn is_issued(&self, token: &str) -> bool {
        self.known.contains(token)
    }

    /// A genuine token's header, claims and signature, as they are written.
    pub(super) fn parts<'a>(&'a self, rng: &mut Rng) -> [&'a str; 3] {
        let mut parts = self.issued(rng).split('.');
        [(); 3].map(|()| parts.next().unwrap())
    }

    pub(super) fn key_id(&self) -> &str {
        &self.tokens.public.key_id
    }

    /// Any key that is not ours.
    pub(super) fn foreign(&self, rng: &mut Rng) -> Signature {
        let (algorithm, key) = &self.keys[rng.usize(..self.keys.len())];
        Signature(*algorithm, key.clone())
    }

    /// A foreign key of our kind, a new one each time.
    pub(super) fn foreign_ed25519(rng: &mut Rng) -> Signature {
        Signature(Algorithm::EdDSA, EncodingKey::from_ed_der(&pkcs8_of(rng)))
    }

    /// The right key: for what is refused though nobody else could have signed it.
    pub(super) fn right(&self) -> Signature {
        Signature(Algorithm::EdDSA, self.tokens.signing.clone())
    }

    /// HMAC with something that is no secret.
    pub(super) fn hmac(&self, rng: &mut Rng) -> Signature {
        let secret = &self.secrets[rng.usize(..self.secrets.len())];
        let algorithms = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        Signature(algorithms[rng.usize(..3)], EncodingKey::from_secret(secret))
    }
}

impl Signature {
    /// The token with this header and these claims, whatever they are.
    pub(super) fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        self.sign_message(&message)
    }

    pub(super) fn sign_message(&self, message: &str) -> String {
        let signature = sign(message.as_bytes(), &self.1, self.0).unwrap();
        format!("{message}.{signature}")
    }

    /// What its algorithm is called in a header.
    pub(super) fn algorithm(&self) -> String {
        format!("{:?}", self.0)
    }
}

fn pkcs8_of(rng: &mut Rng) -> Vec<u8> {
    let seed: [u8; 32] = std::array::from_fn(|_| rng.u8(..));
    [PKCS8.as_slice(), &seed].concat()
}

fn issue_one(tokens: &AccessTokens, rng: &mut Rng) -> String {
    let mut id = || Uuid::from_u128(rng.u128(1..));
    let session = Session {
        id: SessionId::from_uuid(id()),
        admin_id: AdminId::from_uuid(id()),
        affiliation: Affiliation::owner_of(OrganizationId::from_uuid(id())),
        ..session()
    };
    let token_id = id();
    let before = Duration::from_secs(rng.u64(..1_800));
    let issued = Timestamp::from_millis(NOW.as_millis() - i64::try_from(before.as_millis()).unwrap());
    tokens.issue(&session, token_id, issued, END).unwrap()
}

fn es256() -> EncodingKey {
    let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    EncodingKey::from_ec_der(pkcs8.to_pkcs8v1().unwrap().as_ref())
}

fn rsa() -> EncodingKey {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    // RFC 5958's wrapping of the key that RFC 8017 describes: 26 bytes.
    EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..])
}

fn secrets(tokens: &AccessTokens) -> Vec<Vec<u8>> {
    let (x, key_id) = (&tokens.public.x, &tokens.public.key_id);
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    let der = [SPKI.as_slice(), &raw].concat();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let texts = [
        x.clone(),
        key_id.clone(),
        format!("{pem}\n"),
        pem.replace('\n', "\r\n"),
        pem,
        base64,
        format!(r#"{{"keys":[{jwk}]}}"#),
        jwk,
        String::new(),
        "secret".to_owned(),
        "issuer".to_owned(),
        "audience".to_owned(),
    ];
    let texts = texts.map(String::into_bytes);
    texts.into_iter().chain([raw, der, vec![0; 32]]).collect()
}
