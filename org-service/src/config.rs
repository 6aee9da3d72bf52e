//! org-service's settings.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use secrecy::SecretString;
use tenantry_common::{
    config::{SettingError, StoreUrl, service_credential},
    password_rules::PasswordRules,
    process::ServiceConfig,
    rpc::{client, server::ServerSettings},
    throttle::Allowance,
};

use crate::grpc::SignUp;

/// Longest that a command which moves a collection may run, in the store: its `maxTimeMS`.
pub const COMMAND_MAX: Duration = Duration::from_secs(30);

/// The setting that names auth-service.
pub(crate) const AUTH_URL: &str = "ORG_AUTH_URL";

/// org-service's settings, from flags and the environment.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long = "listen", env = "ORG_LISTEN", default_value = "127.0.0.1:50052")]
    pub listen: SocketAddr,

    /// Where organizations and their collections are kept: embedded:PATH, or mongodb://HOST/DATABASE.
    #[arg(
        long = "store",
        env = "ORG_STORE",
        default_value = "embedded:./tenantry-data/org.redb"
    )]
    pub store: StoreUrl,

    /// Where auth-service listens.
    #[arg(
        long = "auth-url",
        env = "ORG_AUTH_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub auth_url: String,

    /// Who may create organizations.
    #[arg(long = "sign-up", env = "ORG_SIGN_UP", value_enum, default_value_t = SignUp::Open)]
    pub sign_up: SignUp,

    /// How many organizations may be created by anyone while sign-up is open: COUNT/TIME, COUNT at once and then evenly, or
    /// 0 for no limit. Each replica counts for itself.
    #[arg(long = "sign-up-limit", env = "ORG_SIGN_UP_LIMIT", default_value = "60/1m")]
    pub sign_up_limit: Allowance,

    /// How many of them from one address (IPv6: one /64): COUNT/TIME, or 0 for no limit.
    #[arg(
        long = "sign-up-network-limit",
        env = "ORG_SIGN_UP_NETWORK_LIMIT",
        default_value = "10/1m"
    )]
    pub sign_up_network_limit: Allowance,

    /// How long a deleted organization's data is kept, e.g. 7d; 0s purges it at once.
    #[arg(long = "retention", env = "ORG_RETENTION", default_value = "7d", value_parser = humantime::parse_duration)]
    pub retention: Duration,

    /// How long a handle that was given up is kept from others; at least two leases and 30 s.
    #[arg(long = "handle-rest", env = "ORG_HANDLE_REST", default_value = "10m", value_parser = humantime::parse_duration)]
    pub handle_rest: Duration,

    /// How long a replica that stopped answering keeps its operations before another takes them over; 1s to 1m.
    #[arg(long = "lease", env = "ORG_LEASE", default_value = "5s", value_parser = humantime::parse_duration)]
    pub lease: Duration,

    /// How often this replica looks for operations whose driver is gone, due purges and whatever else waits; 0s leaves
    /// all that to other replicas.
    #[arg(long = "reconcile-interval", env = "ORG_RECONCILE_INTERVAL", default_value = "5s", value_parser = humantime::parse_duration)]
    pub reconcile_interval: Duration,

    /// Memory for the embedded store's cache, in MiB.
    #[arg(long = "store-cache-mib", env = "ORG_STORE_CACHE_MIB", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub store_cache_mib: u16,

    /// The credential that auth-service knows org-service by, at least 32 bytes. Prefer the file.
    #[arg(
        long = "service-credential",
        env = "SERVICE_CREDENTIAL",
        hide_env_values = true
    )]
    pub service_credential: Option<SecretString>,

    /// File with that credential.
    #[arg(long = "service-credential-file", env = "SERVICE_CREDENTIAL_FILE")]
    pub service_credential_file: Option<PathBuf>,

    /// What a first admin's password must be; the same as auth-service's.
    #[command(flatten)]
    pub password_rules: PasswordRules,

    /// What every Tenantry server has.
    #[command(flatten)]
    pub server: ServerSettings,
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
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&self.lease) {
            return Err(SettingError::new("ORG_LEASE", "must be from 1s to 1m"));
        }
        let least_rest = 2 * self.lease + COMMAND_MAX;
        if self.handle_rest < least_rest {
            let least = humantime::format_duration(least_rest);
            return Err(SettingError::new(
                "ORG_HANDLE_REST",
                format!("must be at least two leases and 30s: {least}"),
            ));
        }
        let intervals = Duration::from_millis(100)..=Duration::from_secs(600);
        if !self.reconcile_interval.is_zero() && !intervals.contains(&self.reconcile_interval) {
            return Err(SettingError::new(
                "ORG_RECONCILE_INTERVAL",
                "must be from 100ms to 10m, or 0s for never",
            ));
        }
        if self.retention > Duration::from_secs(100 * 365 * 86_400) {
            return Err(SettingError::new("ORG_RETENTION", "must be at most 100 years"));
        }
        client::endpoint(AUTH_URL, &self.auth_url)?;
        service_credential(
            self.service_credential.clone(),
            self.service_credential_file.clone(),
        )?;
        Ok(())
    }
}
