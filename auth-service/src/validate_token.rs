//! ValidateToken: whom an access token speaks for, right now.

use std::sync::Arc;

use tenantry_common::{
    clock::{Clock, Timestamp},
    email::Email,
    id::{AdminId, SessionId},
    store::error::StoreError,
};

use crate::{
    domain::{AccessTokens, Affiliation, Role, TokenRejected},
    store::Store,
};

/// Whom a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The admin.
    pub admin_id: AdminId,
    /// Organization and role.
    pub affiliation: Affiliation,
    /// The admin's e-mail.
    pub email: Email,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// When the token was issued.
    pub issue_time: Timestamp,
    /// When the token ends at the latest.
    pub expire_time: Timestamp,
}

impl Principal {
    /// Whether it is an operator of the platform.
    pub fn is_operator(&self) -> bool {
        self.affiliation.role() == Role::Operator
    }
}

/// Why a token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Malformed, forged, or made for somebody else.
    #[error("the token is invalid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its session was ended before its time.
    #[error("the token's session has ended")]
    Revoked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenRejected> for TokenError {
    fn from(rejected: TokenRejected) -> Self {
        match rejected {
            TokenRejected::Invalid => Self::Invalid,
            TokenRejected::Expired => Self::Expired,
        }
    }
}

/// The use case.
pub struct ValidateToken {
    /// Where sessions are.
    pub store: Arc<dyn Store>,
    /// Verifies tokens.
    pub tokens: Arc<AccessTokens>,
    /// Tells whether a token's time is over.
    pub clock: Arc<dyn Clock>,
}

impl ValidateToken {
    /// Checks signature and claims, then the one session record, which is the truth.
    ///
    /// # Errors
    /// [`TokenError`]; the store is not asked about a token that is not genuine.
    pub async fn validate(&self, token: &str) -> Result<Principal, TokenError> {
        let now = self.clock.now();
        let token = self.tokens.verify(token, now)?;
        let session = self
            .store
            .get_session(token.session_id)
            .await?
            .ok_or(TokenError::Revoked)?;
        if session.admin_id != token.admin_id || session.affiliation != token.affiliation {
            return Err(TokenError::Invalid);
        }
        if session.is_expired(now) {
            return Err(TokenError::Expired);
        }
        Ok(Principal {
            admin_id: session.admin_id,
            affiliation: session.affiliation,
            email: session.email,
            session_id: session.id,
            issue_time: token.issue_time,
            expire_time: token.expire_time,
        })
    }
}
