//! The two tokens that a session hands out: one to show, one to come back with.

use std::{fmt, sync::Arc, time::Duration};

use jsonwebtoken::errors::Error as JwtError;
use tenantry_common::{clock::Timestamp, id::Ids};

use crate::domain::{AccessTokens, RefreshTokens, Session};

/// An access token and the refresh token beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// The signed access token, a secret.
    pub access_token: String,
    /// When the access token ends.
    pub expire_time: Timestamp,
    /// The refresh token, a secret.
    pub refresh_token: String,
    /// When the refresh token ends, if it is not used before.
    pub refresh_expire_time: Timestamp,
}

/// Leaves the tokens out.
impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("expire_time", &self.expire_time)
            .field("refresh_expire_time", &self.refresh_expire_time)
            .finish_non_exhaustive()
    }
}

/// Makes the tokens of sessions.
#[derive(Clone)]
pub struct TokenIssuer {
    /// Signs access tokens.
    pub access_tokens: Arc<AccessTokens>,
    /// Authenticates refresh tokens.
    pub refresh_tokens: Arc<RefreshTokens>,
    /// Names access tokens.
    pub ids: Arc<dyn Ids>,
    /// How long access tokens live.
    pub lifetime: Duration,
}

impl TokenIssuer {
    /// A new access token, and the refresh token that counts in this state of the session.
    ///
    /// # Errors
    /// None once the signing key has passed its self-test.
    pub fn issue(&self, session: &Session, now: Timestamp) -> Result<TokenPair, JwtError> {
        let expire_time = session.access_expire_time(now, self.lifetime);
        Ok(TokenPair {
            access_token: self
                .access_tokens
                .issue(session, self.ids.uuid_v4(), now, expire_time)?,
            expire_time,
            refresh_token: self.refresh_tokens.issue(session.id, session.counter),
            refresh_expire_time: session.idle_expire_time,
        })
    }
}
