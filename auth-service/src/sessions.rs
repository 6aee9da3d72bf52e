//! Logout, ListSessions, RevokeSession, RevokeAllSessions: what an admin may do about sessions.

use std::sync::Arc;

use tenantry_common::{clock::Clock, id::SessionId, store::error::StoreError};

use crate::{
    domain::{AccessTokens, AdminChange, Session},
    store::Store,
    validate_token::{Principal, TokenError},
};

/// The use cases.
pub struct Sessions {
    /// Where sessions are.
    pub store: Arc<dyn Store>,
    /// Verifies the token of a logout.
    pub tokens: Arc<AccessTokens>,
    /// Tells which sessions have ended.
    pub clock: Arc<dyn Clock>,
}

impl Sessions {
    /// Ends the session of an access token, which may be over already.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] for a token that was never ours, or the store's error.
    pub async fn log_out(&self, access_token: &str) -> Result<(), TokenError> {
        let token = self.tokens.verify_ever_valid(access_token, self.clock.now())?;
        Ok(self.store.delete_session(token.session_id).await?)
    }

    /// The caller's sessions that have not ended, the oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, principal: &Principal) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.store.sessions_of(principal.admin_id).await?;
        sessions.retain(|session| !session.is_expired(now));
        Ok(sessions)
    }

    /// Ends one of the caller's sessions; somebody else's is left alone, as if there were none.
    ///
    /// # Errors
    /// The store's.
    pub async fn revoke(&self, principal: &Principal, id: SessionId) -> Result<(), StoreError> {
        match self.store.get_session(id).await? {
            Some(session) if session.admin_id == principal.admin_id => self.store.delete_session(id).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Ends all of the caller's sessions, but for `kept`.
    ///
    /// The admin's generation goes first, so that no login under way keeps its session.
    ///
    /// # Errors
    /// [`TokenError::Revoked`] for an admin who is out: the sessions are going anyway. Otherwise the store's error.
    pub async fn revoke_all(&self, principal: &Principal, kept: Option<SessionId>) -> Result<(), TokenError> {
        let raise = AdminChange::Generation;
        self.store
            .change_active_admin(principal.admin_id, &raise, &*self.clock)
            .await?
            .ok_or(TokenError::Revoked)?;
        Ok(self.store.delete_sessions_of(principal.admin_id, kept).await?)
    }
}
