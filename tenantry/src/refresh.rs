//! Keeps a login going: when its access token's time is over, its refresh token buys the next pair.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tenantry_common::clock::Clock;
use tenantry_proto::auth::v1::{RefreshTokenRequest, auth_service_client::AuthServiceClient};
use tokio::sync::Mutex;

use crate::{
    answers::{incomplete, log_in_again},
    caller::{Caller, TokenSource},
    connection::Connection,
    credentials::{CredentialsFile, SavedLogin},
    errors::CommandError,
    server::{Server, ServerUrl},
};

/// How long before its end an access token that was saved is not used any more: calls take time, and clocks differ. One
/// that is new is used to its end, so that tokens that live no longer than this are no endless work.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a refresh may take, repeats included. The server repeats its answer for 10 seconds (AuthService.RefreshToken)
/// and takes a later repeat for a theft.
const MAX_TIMEOUT: Duration = Duration::from_secs(8);

/// The saved login as calls use it, kept together with its file.
pub struct RefreshingLogin {
    file: CredentialsFile,
    auth: Connection,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    current: Mutex<Current>,
}

struct Current {
    login: SavedLogin,
    margin: Duration,
}

impl Current {
    fn put(&mut self, login: SavedLogin) {
        self.login = login;
        self.margin = Duration::ZERO;
    }
}

impl fmt::Debug for RefreshingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshingLogin")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl RefreshingLogin {
    /// The login that this file holds; `auth` is asked for new tokens, and may take `timeout`.
    pub fn new(
        file: CredentialsFile,
        login: SavedLogin,
        auth: ServerUrl,
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            file,
            auth: Connection::new(Server::AUTH, auth, timeout.min(MAX_TIMEOUT), Caller::Nobody),
            timeout,
            clock,
            current: Mutex::new(Current {
                login,
                margin: MARGIN,
            }),
        }
    }

    /// The login as it is now.
    pub async fn current(&self) -> SavedLogin {
        self.current.lock().await.login.clone()
    }

    /// Removes the login from its file, where no other one has taken its place.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be removed.
    pub async fn forget(&self) -> Result<(), CommandError> {
        let current = self.current.lock().await;
        let _lock = self.file.lock(self.timeout).await?;
        match self.file.load()? {
            Some(saved) if saved.has_token_of(&current.login) => self.file.remove(),
            _ => Ok(()),
        }
    }

    /// Takes over what another process has saved meanwhile, else exchanges the refresh token and saves what it gets
    /// before that is used: a pair that is in no file would be lost with this process, and the login with it.
    async fn refresh(&self, current: &mut Current) -> Result<(), CommandError> {
        let _lock = self.file.lock(self.timeout).await?;
        let saved = self.file.load()?;
        let saved = saved
            .filter(|saved| saved.is_same_account(&current.login))
            .ok_or_else(replaced)?;
        if !saved.has_token_of(&current.login) && !saved.is_expired(self.clock.now()) {
            current.put(saved);
            return Ok(());
        }
        let Some(token) = &saved.refresh_token else {
            return Err(over(&saved));
        };
        let message = RefreshTokenRequest {
            refresh_token: token.expose_secret().to_owned(),
        };
        let answer = self.auth.call(message, |channel, request| async move {
            AuthServiceClient::new(channel).refresh_token(request).await
        });
        let answer = answer.await.map_err(log_in_again)?;
        let next = saved
            .refreshed(answer)
            .ok_or_else(|| incomplete("RefreshToken"))?;
        self.file.save(&next)?;
        current.put(next);
        Ok(())
    }
}

#[async_trait]
impl TokenSource for RefreshingLogin {
    async fn token(&self) -> Result<SecretString, CommandError> {
        let mut current = self.current.lock().await;
        let now = self.clock.now();
        if current.login.refresh_token.is_some() && current.login.is_expired(now + current.margin) {
            let refreshed = self.refresh(&mut current).await;
            // While there is time left, what keeps it from being refreshed need not keep the call from being made.
            if current.login.is_expired(now) {
                refreshed?;
            }
        }
        Ok(current.login.access_token.clone())
    }

    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, CommandError> {
        let mut current = self.current.lock().await;
        if current.login.access_token.expose_secret() == refused.expose_secret() {
            if current.login.refresh_token.is_none() {
                return Ok(None);
            }
            self.refresh(&mut current).await?;
        }
        Ok(Some(current.login.access_token.clone()))
    }
}

/// No call goes on as somebody else than the one before.
fn replaced() -> CommandError {
    CommandError::NotLoggedIn {
        message: "the login was ended here, or another one took its place".to_owned(),
        reason: "TOKEN_EXPIRED",
    }
}

fn over(login: &SavedLogin) -> CommandError {
    CommandError::NotLoggedIn {
        message: format!("the login of {} ended at {}", login.email, login.until()),
        reason: "TOKEN_EXPIRED",
    }
}
