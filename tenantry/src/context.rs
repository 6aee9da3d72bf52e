//! What every command works with: the settings, the saved login, the clock.

use std::{sync::Arc, time::Duration};

use tenantry_common::{
    clock::{Clock, SystemClock},
    id::{Ids, SystemIds},
};
use tenantry_proto::auth::v1::Role;

use crate::{
    caller::{Caller, TokenSource},
    connection::Connection,
    credentials::{CredentialsFile, SavedLogin},
    errors::CommandError,
    global::Global,
    output::{self, Answer, Format},
    refresh::RefreshingLogin,
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
    /// The same as calls use it.
    refreshing: Option<Arc<RefreshingLogin>>,
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
        let mut context = Self {
            format: global.output,
            saved: credentials.load()?,
            refreshing: None,
            credentials,
            global,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        };
        context.refreshing = context.saved.as_ref().map(|saved| {
            Arc::new(RefreshingLogin::new(
                context.credentials.clone(),
                saved.clone(),
                context.auth_url(),
                context.global.timeout,
                Arc::clone(&context.clock),
            ))
        });
        Ok(context)
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.global.timeout
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

    /// The saved login, which the next call will be made with; its access token may have ended where it can be refreshed.
    ///
    /// # Errors
    /// [`CommandError::NotLoggedIn`] when there is none, or its time is over: the server need not be asked.
    pub fn login(&self) -> Result<&SavedLogin, CommandError> {
        self.refreshing_login().map(|(saved, _)| saved)
    }

    /// The saved login, and how calls are made with it.
    fn refreshing_login(&self) -> Result<(&SavedLogin, &Arc<RefreshingLogin>), CommandError> {
        let refused = |message, reason| CommandError::NotLoggedIn { message, reason };
        let (Some(saved), Some(refreshing)) = (&self.saved, &self.refreshing) else {
            return Err(refused("nobody is logged in".to_owned(), "TOKEN_MISSING"));
        };
        match saved.ended(self.clock.now()) {
            Some(end) => Err(refused(
                format!("the login of {} ended at {end}", saved.email),
                "TOKEN_EXPIRED",
            )),
            None => Ok((saved, refreshing)),
        }
    }

    /// The saved login as it is now: calls may have refreshed it.
    ///
    /// # Errors
    /// As [`Context::login`].
    pub async fn current_login(&self) -> Result<SavedLogin, CommandError> {
        Ok(self.refreshing_login()?.1.current().await)
    }

    /// Removes the saved login, whose session has ended, and says so.
    ///
    /// # Errors
    /// As [`Context::login`], and [`CommandError::File`] when it cannot be removed.
    pub async fn forget_login(&self) -> Result<(), CommandError> {
        self.refreshing_login()?.1.forget().await?;
        output::note(format_args!(
            "this login has ended, and is removed from {}",
            self.credentials
        ));
        Ok(())
    }

    /// Whoever is logged in.
    fn bearer(&self) -> Result<Caller, CommandError> {
        let (_, refreshing) = self.refreshing_login()?;
        Ok(Caller::Bearer(Arc::clone(refreshing) as Arc<dyn TokenSource>))
    }

    /// auth-service, as nobody.
    pub fn auth_as_nobody(&self) -> Connection {
        self.auth_as(Caller::Nobody)
    }

    /// auth-service, as who is logged in.
    ///
    /// # Errors
    /// As [`Context::login`].
    pub fn auth(&self) -> Result<Connection, CommandError> {
        Ok(self.auth_as(self.bearer()?))
    }

    /// auth-service, as this caller.
    pub fn auth_as(&self, caller: Caller) -> Connection {
        Connection::new(Server::AUTH, self.auth_url(), self.global.timeout, caller)
    }

    /// org-service, as who is logged in.
    ///
    /// # Errors
    /// As [`Context::login`].
    pub fn org(&self) -> Result<Connection, CommandError> {
        Ok(self.org_as(self.bearer()?))
    }

    /// org-service for a sign-up: as an operator where one is logged in, since they may while it is closed to
    /// others; else as nobody, so that an old login is not in the way.
    pub fn org_for_sign_up(&self) -> Connection {
        let is_operator = |login: &SavedLogin| login.role == Role::Operator.as_str_name();
        let caller = match self.login() {
            Ok(login) if is_operator(login) => self.bearer().unwrap_or(Caller::Nobody),
            _ => Caller::Nobody,
        };
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
