//! RefreshToken: a session's refresh token becomes the next pair of tokens.

use std::sync::Arc;

use tenantry_common::{clock::Clock, store::error::StoreError};

use crate::{
    domain::{ForgedRefreshToken, Refresh, RefreshTokens, Session, SessionLifetimes, VerifiedRefreshToken},
    store::Store,
    token_pair::{TokenIssuer, TokenPair},
};

/// Why a refresh token got nothing.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Malformed or forged.
    #[error(transparent)]
    Forged(#[from] ForgedRefreshToken),
    /// The session's time is over.
    #[error("the session has expired")]
    Expired,
    /// The session was ended before its time, or ends now because the token was used twice.
    #[error("the session has ended")]
    Revoked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The access token could not be signed; a bug.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// The use case.
pub struct RefreshSession {
    /// Where sessions are.
    pub store: Arc<dyn Store>,
    /// Verifies refresh tokens.
    pub tokens: Arc<RefreshTokens>,
    /// Makes the next ones.
    pub issuer: TokenIssuer,
    /// Tells whether a session's time is over.
    pub clock: Arc<dyn Clock>,
    /// How long sessions live.
    pub lifetimes: SessionLifetimes,
}

impl RefreshSession {
    /// The next pair of tokens. Of many calls with one token exactly one moves the session on; the others get the same
    /// refresh token while the grace period lasts.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(&self, token: &str) -> Result<TokenPair, RefreshError> {
        let token = self.tokens.verify(token)?;
        let now = self.clock.now();
        let mut session = self.session(&token).await?;
        let mut decision = session.refresh(token.counter, now, &self.lifetimes);
        if let Refresh::Rotate(rotation) = &decision {
            match self.store.rotate_session(rotation).await {
                Ok(rotated) => return Ok(self.issuer.issue(&rotated, now)?),
                Err(StoreError::NotFound) => return Err(RefreshError::Revoked),
                // Somebody else was faster with the same token: the counter has moved on, and never back.
                Err(StoreError::Conflict) => {
                    session = self.session(&token).await?;
                    decision = session.refresh(token.counter, now, &self.lifetimes);
                }
                Err(error) => return Err(error.into()),
            }
        }
        match decision {
            Refresh::Repeat => Ok(self.issuer.issue(&session, now)?),
            Refresh::Expired => Err(RefreshError::Expired),
            Refresh::Rotate(_) | Refresh::Reused => {
                self.store.delete_session(session.id).await?;
                tracing::warn!(session_id = %session.id, admin_id = %session.admin_id,
                    "a refresh token was used twice; its session has ended");
                Err(RefreshError::Revoked)
            }
        }
    }

    async fn session(&self, token: &VerifiedRefreshToken) -> Result<Session, RefreshError> {
        let session = self.store.get_session(token.session_id).await?;
        session.ok_or(RefreshError::Revoked)
    }
}
