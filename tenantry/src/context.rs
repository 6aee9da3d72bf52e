//! What every command works with: the settings, the saved login, the clock.

use std::sync::Arc;

use tenantry_common::{
    clock::{Clock, SystemClock},
    id::{Ids, SystemIds},
};
use tenantry_proto::auth::v1::Role;

use crate::{
    cli::Global,
    connection::{Caller, Connection},
    credentials::{CredentialsFile, SavedLogin},
    errors::CommandError,
    output::{self, Answer, Format},
    server::{Server, ServerUrl},
};

/// What every command works with.
pub struct Context {
    global: Global,
    format: Format,
    /// Where the login is kept.
    pub credentials: CredentialsFile,
    /// The login that was there at the start.
    pub saved: Option<SavedLogin>,
    /// The local clock.
    pub clock: Arc<dyn Clock>,
    /// Where request ids come from.
    pub ids: Arc<dyn Ids>,
}

impl Context {
    /// Reads the saved login.
    ///
    /// # Errors
    /// [`CommandError::File`] when there is one that must not or cannot be read.
    pub fn new(global: Global) -> Result<Self, CommandError> {
        let credentials = CredentialsFile::locate(global.credentials_file.clone())?;
        Ok(Self {
            format: global.output,
            saved: credentials.load()?,
            credentials,
            global,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        })
    }

    /// Where auth-service is: as given, else as at the last login, else the default.
    pub fn auth_url(&self) -> ServerUrl {
        let saved = || self.known_pair().map(|login| login.auth_url.clone());
        self.global
            .auth_url
            .clone()
            .or_else(saved)
            .unwrap_or_else(|| Server::AUTH.default_url())
    }

    /// Where org-service is: as given, else as at the last login, else the default.
    pub fn org_url(&self) -> ServerUrl {
        let saved = || self.known_pair().map(|login| login.org_url.clone());
        self.global
            .org_url
            .clone()
            .or_else(saved)
            .unwrap_or_else(|| Server::ORG.default_url())
    }

    /// The servers of the last login, unless another auth-service was named: its partner is then another one too.
    fn known_pair(&self) -> Option<&SavedLogin> {
        let named = self.global.auth_url.as_ref();
        self.saved
            .as_ref()
            .filter(|login| named.is_none_or(|url| *url == login.auth_url))
    }

    /// The saved login, which the next call will be made with.
    ///
    /// # Errors
    /// [`CommandError::NotLoggedIn`] when there is none, or its time is over: the server need not be asked.
    pub fn login(&self) -> Result<&SavedLogin, CommandError> {
        let refused = |message, reason| CommandError::NotLoggedIn { message, reason };
        match &self.saved {
            None => Err(refused("nobody is logged in".to_owned(), "TOKEN_MISSING")),
            Some(login) if login.is_expired(self.clock.now()) => Err(refused(
                format!("the login of {} ended at {}", login.email, login.expire_time),
                "TOKEN_EXPIRED",
            )),
            Some(login) => Ok(login),
        }
    }

    /// auth-service, as nobody.
    pub fn auth_as_nobody(&self) -> Connection {
        Connection::new(Server::AUTH, self.auth_url(), self.global.timeout, Caller::Nobody)
    }

    /// auth-service, as who is logged in.
    ///
    /// # Errors
    /// As [`Context::login`].
    pub fn auth(&self) -> Result<Connection, CommandError> {
        let token = self.login()?.access_token.clone();
        Ok(Connection::new(
            Server::AUTH,
            self.auth_url(),
            self.global.timeout,
            Caller::Bearer(token),
        ))
    }

    /// org-service, as who is logged in.
    ///
    /// # Errors
    /// As [`Context::login`].
    pub fn org(&self) -> Result<Connection, CommandError> {
        let token = self.login()?.access_token.clone();
        Ok(self.org_as(Caller::Bearer(token)))
    }

    /// org-service for a sign-up: as an operator where one is logged in, since they may while it is closed to
    /// others; else as nobody, so that an old login is not in the way.
    pub fn org_for_sign_up(&self) -> Connection {
        let operator = self
            .login()
            .ok()
            .filter(|login| login.role == Role::Operator.as_str_name());
        let caller = operator.map_or(Caller::Nobody, |login| Caller::Bearer(login.access_token.clone()));
        self.org_as(caller)
    }

    /// org-service, as this caller.
    pub fn org_as(&self, caller: Caller) -> Connection {
        Connection::new(Server::ORG, self.org_url(), self.global.timeout, caller)
    }

    /// Prints a command's answer.
    ///
    /// # Errors
    /// [`CommandError::Output`] when standard output cannot be written to.
    pub fn print<A: Answer>(&self, answer: &A) -> Result<(), CommandError> {
        Ok(output::print(self.format, answer)?)
    }

    /// Whether the answer is for a person.
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }
}
