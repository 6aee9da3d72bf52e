//! auth-service's settings.

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
    password_rules::Password,
    process::ServiceConfig,
    rpc::server::ServerSettings,
};

use crate::domain::{Cost, PasswordScheme};

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

    /// A secret that all password hashes depend on and that the store does not hold. Losing or changing it
    /// invalidates every password. Prefer the file.
    #[arg(long = "pepper", env = "AUTH_PEPPER", hide_env_values = true)]
    pub pepper: Option<SecretString>,

    /// File with that secret.
    #[arg(long = "pepper-file", env = "AUTH_PEPPER_FILE")]
    pub pepper_file: Option<PathBuf>,

    /// Threads that hash passwords; one per core when unset.
    #[arg(long = "hash-threads", env = "AUTH_HASH_THREADS")]
    pub hash_threads: Option<NonZeroUsize>,

    /// How many passwords may wait to be hashed; more are refused with RESOURCE_EXHAUSTED.
    #[arg(long = "hash-queue", env = "AUTH_HASH_QUEUE", default_value = "64")]
    pub hash_queue: NonZeroUsize,

    /// How long access tokens and their sessions live, in whole seconds; 1s to 24h.
    #[arg(long = "token-lifetime", env = "AUTH_TOKEN_LIFETIME", default_value = "30m", value_parser = humantime::parse_duration)]
    pub token_lifetime: Duration,

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
    pub(crate) hash_threads: NonZeroUsize,
    pub(crate) hash_queue: NonZeroUsize,
    pub(crate) tokens: TokenTerms,
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
            pepper,
            pepper_file,
            hash_threads,
            hash_queue,
            token_lifetime: lifetime,
            issuer,
            audience,
            operator_email,
            operator_password,
            operator_password_file,
            service_credential: credential,
            service_credential_file,
            server,
        } = self;
        let pepper = secret("AUTH_PEPPER", pepper, pepper_file)?.unwrap_or_default();
        Ok(Settings {
            store,
            store_cache_mib,
            scheme: PasswordScheme::new(pepper.expose_secret().as_bytes(), bcrypt_cost),
            hash_threads: hash_threads.unwrap_or_else(cores),
            hash_queue,
            tokens: token_terms(TokenTerms {
                issuer,
                audience,
                lifetime,
            })?,
            operator: operator(operator_email, operator_password, operator_password_file)?,
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

/// The first operator, if one is set: e-mail and password come together.
fn operator(
    email: Option<Email>,
    password: Option<SecretString>,
    password_file: Option<PathBuf>,
) -> Result<Option<(Email, Password)>, SettingError> {
    const PASSWORD: &str = "AUTH_OPERATOR_PASSWORD";
    match (email, secret(PASSWORD, password, password_file)?) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => {
            let password = Password::parse(password.expose_secret());
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
mod tests {
    use super::*;

    const CREDENTIAL: &str = "canary-credential-0123456789abcdef";

    fn config(flags: &[&str]) -> Config {
        let required = ["--service-credential", CREDENTIAL];
        Config::from_args(required.iter().chain(flags)).unwrap()
    }

    fn complaint(flags: &[&str]) -> String {
        config(flags).check().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_good() {
        let config = config(&[]);
        assert!(config.check().is_ok());
        assert_eq!(config.token_lifetime, Duration::from_secs(1_800));
        assert_eq!(config.bcrypt_cost, "12".parse().unwrap());
        assert_eq!(config.store.to_string(), "embedded:./tenantry-data/auth.redb");
    }

    #[test]
    fn a_bad_setting_names_itself() {
        assert!(complaint(&["--issuer", ""]).starts_with("AUTH_ISSUER: "));
        assert!(complaint(&["--audience", ""]).starts_with("AUTH_AUDIENCE: "));
        for lifetime in ["0s", "25h", "1500ms"] {
            assert!(complaint(&["--token-lifetime", lifetime]).starts_with("AUTH_TOKEN_LIFETIME: "));
        }
        assert!(complaint(&["--pepper", ""]).starts_with("AUTH_PEPPER: "));
        assert!(complaint(&["--pepper", "a", "--pepper-file", "b"]).starts_with("AUTH_PEPPER: "));
        assert!(complaint(&["--operator-email", "a@example.com"]).starts_with("AUTH_OPERATOR_PASSWORD: "));
        assert!(complaint(&["--operator-password", "correct horse"]).starts_with("AUTH_OPERATOR_EMAIL: "));
        let short = [
            "--operator-email",
            "a@example.com",
            "--operator-password",
            "short",
        ];
        assert!(complaint(&short).starts_with("AUTH_OPERATOR_PASSWORD: "));
        let too_cheap = if cfg!(feature = "failpoints") { "3" } else { "9" };
        for flags in [
            ["--bcrypt-cost", too_cheap],
            ["--bcrypt-cost", "15"],
            ["--hash-queue", "0"],
            ["--hash-threads", "0"],
            ["--store", "redis://x"],
            ["--operator-email", "nobody"],
        ] {
            let error = Config::from_args(flags).unwrap_err().to_string();
            assert!(error.contains(flags[0]), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let flags = [
            "--pepper",
            "canary-pepper",
            "--operator-email",
            "canary@example.com",
            "--operator-password",
            "canary-password",
            "--store",
            "mongodb://user:canary-url@localhost/auth",
        ];
        let shown = format!("{:?}", config(&flags));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
