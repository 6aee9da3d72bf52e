//! Refresh tokens: `rt_<session id>.<counter>.<MAC>`. The store holds none of them; each can be computed again.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tenantry_common::id::SessionId;

/// Tells secret scanners what they have found.
const PREFIX: &str = "rt_";

/// Makes and reads refresh tokens under one key. Its Debug shows nothing of it.
pub struct RefreshTokens {
    key: hmac::Key,
}

/// What a genuine refresh token says. Whether it still counts is the session's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedRefreshToken {
    /// The session that it refreshes.
    pub session_id: SessionId,
    /// Its number within the session.
    pub counter: i64,
}

/// The token is malformed or forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the refresh token is invalid")]
pub struct ForgedRefreshToken;

impl RefreshTokens {
    /// Longest token looked at, in bytes; ours have at most 104.
    pub const MAX_BYTES: usize = 256;
    /// Bytes of a good key: those of the digest (RFC 2104, section 3).
    pub const KEY_BYTES: usize = 32;

    /// Tokens under this key.
    pub fn new(key: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// The token of a session with this counter; always the same.
    pub fn issue(&self, session_id: SessionId, counter: i64) -> String {
        let mac = hmac::sign(&self.key, &message(session_id, counter));
        format!("{PREFIX}{session_id}.{counter}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Reads a token; only the very text that [`Self::issue`] writes is one.
    ///
    /// # Errors
    /// [`ForgedRefreshToken`].
    pub fn verify(&self, token: &str) -> Result<VerifiedRefreshToken, ForgedRefreshToken> {
        let read = || {
            let token = Some(token).filter(|token| token.len() <= Self::MAX_BYTES)?;
            let mut parts = token.strip_prefix(PREFIX)?.split('.');
            let (session_id, counter, mac) = (parts.next()?, parts.next()?, parts.next()?);
            let canonical = parts.next().is_none();
            let (session_id, counter): (SessionId, i64) = (session_id.parse().ok()?, counter.parse().ok()?);
            let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
            hmac::verify(&self.key, &message(session_id, counter), &mac).ok()?;
            // Numbers and ids can be written in more than one way; ours are written in one.
            let same = canonical && self.issue(session_id, counter) == token;
            same.then_some(VerifiedRefreshToken { session_id, counter })
        };
        read().ok_or(ForgedRefreshToken)
    }
}

/// What the MAC covers: both parts have a fixed length, so no two pairs make one message.
fn message(session_id: SessionId, counter: i64) -> [u8; 24] {
    let mut message = [0; 24];
    message[..16].copy_from_slice(session_id.as_uuid().as_bytes());
    message[16..].copy_from_slice(&counter.to_be_bytes());
    message
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "refresh_token_tests.rs"]
mod tests;
