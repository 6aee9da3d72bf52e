//! Keys that others derived from passwords: passlib's PBKDF2-HMAC-SHA256, and Argon2id in PHC's string format.

use std::{fmt, num::NonZeroU32};

use argon2::{Algorithm, Argon2, Params, Version, password_hash::phc};
use aws_lc_rs::{constant_time::verify_slices_are_equal, pbkdf2};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::hash::UnusableHash;

/// How passlib's hashes begin (passlib.hash.pbkdf2_sha256).
const PBKDF2: &str = "$pbkdf2-sha256$";
/// How Argon2id's begin (RFC 9106; the PHC string format).
const ARGON2ID: &str = "$argon2id$";

/// Fewest and most rounds of PBKDF2. OWASP asks for 600,000; passlib began with 12,000, and its users may have chosen.
const PBKDF2_ROUNDS: std::ops::RangeInclusive<u32> = 1_000..=2_000_000;
/// Bytes of a SHA-256, which passlib stores whole.
const SHA256_BYTES: usize = 32;

/// Most memory of Argon2id, in KiB: one login holds it for its time.
const ARGON2_MEMORY_KIB: u32 = 262_144;
/// Most passes and lanes of Argon2id.
const ARGON2_PASSES: u32 = 16;
const ARGON2_LANES: u32 = 16;
/// Argon2's version 1.3, the only one in use.
const ARGON2_VERSION: u32 = 0x13;

/// A key derived from a password, with all that is needed to derive it again.
pub(super) struct Derived {
    function: Function,
    salt: Vec<u8>,
    key: Vec<u8>,
}

enum Function {
    Pbkdf2 { rounds: NonZeroU32 },
    Argon2id(Params),
}

impl Derived {
    /// Reads either form; nothing is derived.
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        if let Some(rest) = text.strip_prefix(PBKDF2) {
            parse_pbkdf2(rest)
        } else if text.starts_with(ARGON2ID) {
            parse_argon2id(text)
        } else {
            Err(UnusableHash::UnknownScheme)
        }
    }

    /// Whether this is the password's key. Takes as long as the parameters ask for.
    pub(super) fn is_from(&self, password: &[u8]) -> Result<bool, UnusableHash> {
        match &self.function {
            Function::Pbkdf2 { rounds } => {
                let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
                Ok(pbkdf2::verify(algorithm, *rounds, &self.salt, password, &self.key).is_ok())
            }
            Function::Argon2id(params) => {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                let mut key = vec![0; self.key.len()];
                argon2
                    .hash_password_into(password, &self.salt, &mut key)
                    .map_err(|_| UnusableHash::NotComputed)?;
                Ok(verify_slices_are_equal(&key, &self.key).is_ok())
            }
        }
    }
}

/// Shows the function and its parameters, which are no secret.
impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Function::Pbkdf2 { rounds } => write!(f, "Pbkdf2({rounds}, …)"),
            Function::Argon2id(params) => write!(
                f,
                "Argon2id(m={}, t={}, p={}, …)",
                params.m_cost(),
                params.t_cost(),
                params.p_cost()
            ),
        }
    }
}

/// What follows `$pbkdf2-sha256$`: rounds, salt and checksum.
fn parse_pbkdf2(rest: &str) -> Result<Derived, UnusableHash> {
    let mut fields = rest.split('$');
    let (Some(rounds), Some(salt), Some(key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(UnusableHash::Damaged);
    };
    let (salt, key) = (ab64(salt)?, ab64(key)?);
    if key.len() != SHA256_BYTES || salt.is_empty() {
        return Err(UnusableHash::Damaged);
    }
    Ok(Derived {
        function: Function::Pbkdf2 {
            rounds: decimal(rounds)?,
        },
        salt,
        key,
    })
}

/// A number of rounds within the bounds, without leading zeros or sign.
fn decimal(text: &str) -> Result<NonZeroU32, UnusableHash> {
    if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UnusableHash::Damaged);
    }
    let rounds: u32 = text.parse().map_err(|_| UnusableHash::OutOfBounds)?;
    let rounds = Some(rounds).filter(|rounds| PBKDF2_ROUNDS.contains(rounds));
    rounds.and_then(NonZeroU32::new).ok_or(UnusableHash::OutOfBounds)
}

/// passlib's "adapted base64": the standard alphabet with `.` for `+`, and no padding.
fn ab64(text: &str) -> Result<Vec<u8>, UnusableHash> {
    if text.contains('+') {
        return Err(UnusableHash::Damaged);
    }
    let standard = text.replace('.', "+");
    STANDARD_NO_PAD
        .decode(standard)
        .map_err(|_| UnusableHash::Damaged)
}

fn parse_argon2id(text: &str) -> Result<Derived, UnusableHash> {
    let hash = phc::PasswordHash::new(text).map_err(|_| UnusableHash::Damaged)?;
    let (Some(salt), Some(key)) = (&hash.salt, &hash.hash) else {
        return Err(UnusableHash::Damaged);
    };
    // A key id or associated data would need what is not here.
    let known = ["m", "t", "p"];
    let named = |name| hash.params.iter().filter(|(key, _)| key.as_str() == name).count();
    if hash.params.iter().count() != known.len() || known.iter().any(|&name| named(name) != 1) {
        return Err(UnusableHash::Damaged);
    }
    if hash.version != Some(ARGON2_VERSION) {
        return Err(UnusableHash::OutOfBounds);
    }
    let params = Params::try_from(&hash).map_err(|_| UnusableHash::Damaged)?;
    if params.m_cost() > ARGON2_MEMORY_KIB
        || params.t_cost() > ARGON2_PASSES
        || params.p_cost() > ARGON2_LANES
    {
        return Err(UnusableHash::OutOfBounds);
    }
    Ok(Derived {
        function: Function::Argon2id(params),
        salt: salt.to_vec(),
        key: key.as_bytes().to_vec(),
    })
}
