//! auth-service's settings.

mod peppers;

use std::{
    ffi::OsString,
    net::SocketAddr,
    num::{NonZeroU16, NonZeroUsize},
    path::PathBuf,
    thread,
    time::Duration,
};

use clap::{Args, Parser};
use secrecy::{ExposeSecret, SecretString};
use tenantry_common::{
    config::{ServiceCredential, SettingError, StoreUrl, secret, service_credential},
    email::Email,
    password_rules::{Context, Password, PasswordRules},
    process::ServiceConfig,
    rpc::server::ServerSettings,
    throttle::Allowance,
};

use crate::{
    attempts::AttemptLimits,
    domain::{Cost, PasswordScheme, SessionLifetimes},
};

pub use peppers::PepperSettings;

/// Longest life of a session that makes sense.
const LONGEST_SESSION: Duration = Duration::from_secs(365 * 24 * 3_600);

/// auth-service's settings, from flags and the environment.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long = "listen", env = "AUTH_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Where admins, gates, sessions and the signing key are kept: embedded:PATH, or mongodb://HOST/DATABASE.
    #[arg(
        long = "store",
        env = "AUTH_STORE",
        default_value = "embedded:./tenantry-data/auth.redb"
    )]
    pub store: StoreUrl,

    /// Memory for the embedded store's cache, in MiB.
    #[arg(long = "store-cache-mib", env = "AUTH_STORE_CACHE_MIB", default_value = "32")]
    pub store_cache_mib: NonZeroU16,

    /// bcrypt's cost for new password hashes, 10 to 14; each step doubles the time of a login.
    #[arg(long = "bcrypt-cost", env = "AUTH_BCRYPT_COST", default_value = "12")]
    pub bcrypt_cost: Cost,

    /// What password hashes depend on beside the password.
    #[command(flatten)]
    pub peppers: PepperSettings,

    /// What new passwords must be; the same as org-service's.
    #[command(flatten)]
    pub password_rules: PasswordRules,

    /// Threads that hash passwords; one per core when unset.
    #[arg(long = "hash-threads", env = "AUTH_HASH_THREADS")]
    pub hash_threads: Option<NonZeroUsize>,

    /// How many passwords may wait to be hashed; more are refused with RESOURCE_EXHAUSTED.
    #[arg(long = "hash-queue", env = "AUTH_HASH_QUEUE", default_value = "64")]
    pub hash_queue: NonZeroUsize,

    /// How long access tokens live, in whole seconds; 1s to 24h.
    #[arg(long = "token-lifetime", env = "AUTH_TOKEN_LIFETIME", default_value = "30m", value_parser = humantime::parse_duration)]
    pub token_lifetime: Duration,

    /// How long a session lives that is not refreshed, in whole seconds; at least as long as access tokens.
    #[arg(long = "session-idle-lifetime", env = "AUTH_SESSION_IDLE_LIFETIME", default_value = "7d", value_parser = humantime::parse_duration)]
    pub session_idle_lifetime: Duration,

    /// How long a session lives however it is used, in whole seconds; at least as long as an idle one, 365d at most.
    #[arg(long = "session-lifetime", env = "AUTH_SESSION_LIFETIME", default_value = "30d", value_parser = humantime::parse_duration)]
    pub session_lifetime: Duration,

    /// How many logins one e-mail may try, known or not, and how often a live session may show its password: COUNT/TIME,
    /// COUNT at once and then evenly, or 0 for no limit.
    #[arg(
        long = "login-email-limit",
        env = "AUTH_LOGIN_EMAIL_LIMIT",
        default_value = "10/10m"
    )]
    pub login_email_limit: Allowance,

    /// How many logins may come from one address (IPv6: one /64): COUNT/TIME, or 0 for no limit.
    #[arg(
        long = "login-network-limit",
        env = "AUTH_LOGIN_NETWORK_LIMIT",
        default_value = "60/1m"
    )]
    pub login_network_limit: Allowance,

    /// The `iss` of access tokens.
    #[arg(long = "issuer", env = "AUTH_ISSUER", default_value = "tenantry-auth")]
    pub issuer: String,

    /// The `aud` of access tokens.
    #[arg(long = "audience", env = "AUTH_AUDIENCE", default_value = "tenantry")]
    pub audience: String,

    /// E-mail of the operator that is created when there is none with it.
    #[arg(long = "operator-email", env = "AUTH_OPERATOR_EMAIL")]
    pub operator_email: Option<Email>,

    /// The operator's first password. Prefer the file.
    #[arg(
        long = "operator-password",
        env = "AUTH_OPERATOR_PASSWORD",
        hide_env_values = true
    )]
    pub operator_password: Option<SecretString>,

    /// File with that password.
    #[arg(long = "operator-password-file", env = "AUTH_OPERATOR_PASSWORD_FILE")]
    pub operator_password_file: Option<PathBuf>,

    /// The credential that org-service shows, at least 32 bytes. Prefer the file.
    #[arg(
        long = "service-credential",
        env = "SERVICE_CREDENTIAL",
        hide_env_values = true
    )]
    pub service_credential: Option<SecretString>,

    /// File with that credential.
    #[arg(long = "service-credential-file", env = "SERVICE_CREDENTIAL_FILE")]
    pub service_credential_file: Option<PathBuf>,

    /// What every Tenantry server has.
    #[command(flatten)]
    pub server: ServerSettings,
}

impl Config {
    /// The settings that these flags give, the environment and the defaults where they are silent.
    ///
    /// # Errors
    /// What clap has to say about a bad one.
    pub fn from_args<I, T>(flags: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString>,
    {
        #[derive(Parser)]
        #[command(no_binary_name = true)]
        struct Flags {
            #[command(flatten)]
            config: Config,
        }
        Flags::try_parse_from(flags.into_iter().map(Into::into)).map(|flags| flags.config)
    }
}

impl ServiceConfig for Config {
    #[cfg(feature = "failpoints")]
    const POINTS: &[&'static str] = crate::failpoints::POINTS;

    fn listen(&self) -> SocketAddr {
        self.listen
    }

    fn server(&self) -> &ServerSettings {
        &self.server
    }

    fn check(&self) -> Result<(), SettingError> {
        self.clone().checked().map(drop)
    }
}

/// Settings that fit together.
pub(crate) struct Settings {
    pub(crate) store: StoreUrl,
    pub(crate) store_cache_mib: NonZeroU16,
    pub(crate) scheme: PasswordScheme,
    pub(crate) password_rules: PasswordRules,
    pub(crate) hash_threads: NonZeroUsize,
    pub(crate) hash_queue: NonZeroUsize,
    pub(crate) tokens: TokenTerms,
    pub(crate) session_lifetimes: SessionLifetimes,
    pub(crate) attempt_limits: AttemptLimits,
    pub(crate) operator: Option<(Email, Password)>,
    pub(crate) credential: ServiceCredential,
    pub(crate) server: ServerSettings,
}

/// What access tokens say.
pub(crate) struct TokenTerms {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) lifetime: Duration,
}

impl Config {
    /// Reads the secrets' files and checks what clap cannot.
    pub(crate) fn checked(self) -> Result<Settings, SettingError> {
        let Self {
            listen: _,
            store,
            store_cache_mib,
            bcrypt_cost,
            peppers,
            password_rules,
            hash_threads,
            hash_queue,
            token_lifetime: lifetime,
            session_idle_lifetime: idle,
            session_lifetime: absolute,
            login_email_limit: per_account,
            login_network_limit: per_network,
            issuer,
            audience,
            operator_email,
            operator_password,
            operator_password_file,
            service_credential: credential,
            service_credential_file,
            server,
        } = self;
        Ok(Settings {
            store,
            store_cache_mib,
            scheme: PasswordScheme::new(peppers.read()?, bcrypt_cost),
            password_rules,
            hash_threads: hash_threads.unwrap_or_else(cores),
            hash_queue,
            tokens: token_terms(TokenTerms {
                issuer,
                audience,
                lifetime,
            })?,
            session_lifetimes: session_lifetimes(SessionLifetimes { absolute, idle }, lifetime)?,
            attempt_limits: AttemptLimits {
                per_account,
                per_network,
            },
            operator: operator(
                operator_email,
                operator_password,
                operator_password_file,
                password_rules,
            )?,
            credential: service_credential(credential, service_credential_file)?,
            server,
        })
    }
}

fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Tokens without issuer or audience would be good for anybody's.
fn token_terms(terms: TokenTerms) -> Result<TokenTerms, SettingError> {
    for (name, text) in [("AUTH_ISSUER", &terms.issuer), ("AUTH_AUDIENCE", &terms.audience)] {
        if text.is_empty() || text.len() > 255 {
            return Err(SettingError::new(name, "must have 1 to 255 bytes"));
        }
    }
    if !(1..=86_400).contains(&terms.lifetime.as_secs()) || terms.lifetime.subsec_nanos() != 0 {
        return Err(SettingError::new(
            "AUTH_TOKEN_LIFETIME",
            "must be whole seconds from 1s to 24h",
        ));
    }
    Ok(terms)
}

/// Sessions end in whole seconds, after the access tokens that they hand out.
fn session_lifetimes(
    lifetimes: SessionLifetimes,
    token_lifetime: Duration,
) -> Result<SessionLifetimes, SettingError> {
    let SessionLifetimes { absolute, idle } = lifetimes;
    for (name, lifetime) in [
        ("AUTH_SESSION_IDLE_LIFETIME", idle),
        ("AUTH_SESSION_LIFETIME", absolute),
    ] {
        if lifetime.subsec_nanos() != 0 || lifetime > LONGEST_SESSION {
            return Err(SettingError::new(name, "must be whole seconds, 365d at most"));
        }
    }
    if idle < token_lifetime {
        let why = "must be at least AUTH_TOKEN_LIFETIME";
        return Err(SettingError::new("AUTH_SESSION_IDLE_LIFETIME", why));
    }
    if absolute < idle {
        let why = "must be at least AUTH_SESSION_IDLE_LIFETIME";
        return Err(SettingError::new("AUTH_SESSION_LIFETIME", why));
    }
    Ok(lifetimes)
}

/// The first operator, if one is set: e-mail and password come together.
fn operator(
    email: Option<Email>,
    password: Option<SecretString>,
    password_file: Option<PathBuf>,
    rules: PasswordRules,
) -> Result<Option<(Email, Password)>, SettingError> {
    const PASSWORD: &str = "AUTH_OPERATOR_PASSWORD";
    match (email, secret(PASSWORD, password, password_file)?) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => {
            let context = Context::of_email(Some(&email));
            let password = rules.check(password.expose_secret(), &context);
            let password = password.map_err(|error| SettingError::new(PASSWORD, error.to_string()))?;
            Ok(Some((email, password)))
        }
        (Some(_), None) => {
            let why = "must be set, or AUTH_OPERATOR_PASSWORD_FILE, with AUTH_OPERATOR_EMAIL";
            Err(SettingError::new(PASSWORD, why))
        }
        (None, Some(_)) => Err(SettingError::new(
            "AUTH_OPERATOR_EMAIL",
            "must be set with AUTH_OPERATOR_PASSWORD",
        )),
    }
}

#[cfg(test)]
mod tests;
