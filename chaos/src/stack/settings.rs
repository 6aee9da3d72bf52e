//! What the servers are started with.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use tenantry_common::id::{Ids, SystemIds};

/// The credential that org-service shows auth-service, and [`super::Stack::findings`] shows org-service.
pub const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";
/// The operator whom auth-service makes at its first start.
pub const OPERATOR_EMAIL: &str = "operator@example.com";
/// The operator's password.
pub const OPERATOR_PASSWORD: &str = "correct horse battery staple";
/// How long org-service's leases are.
pub const LEASE: Duration = Duration::from_secs(1);
/// How long a deleted organization can be had back.
pub const RETENTION: Duration = Duration::from_secs(2);
/// How long a handle rests: the least that org-service allows, two leases and 30 s.
pub const HANDLE_REST: Duration = Duration::from_secs(32);

/// Where the servers' programs are, built with the feature `failpoints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// auth-service.
    pub auth: PathBuf,
    /// org-service.
    pub org: PathBuf,
}

impl Binaries {
    /// Both, in one directory.
    pub fn within(directory: &Path) -> Self {
        Self {
            auth: directory.join("auth-service"),
            org: directory.join("org-service"),
        }
    }
}

/// Environment variables.
pub(super) type Settings = Vec<(&'static str, String)>;

/// What both servers are told.
pub(super) fn common() -> Settings {
    vec![
        ("SERVICE_CREDENTIAL", CREDENTIAL.to_owned()),
        ("LOG_LEVEL", "info,tonic=warn,h2=warn".to_owned()),
        ("LOG_FORMAT", "console".to_owned()),
        // The clients here do nothing but call, all of them from one address.
        ("ORGANIZATION_QUOTA", "0".to_owned()),
    ]
}

/// What auth-service is told.
pub(super) fn auth(listen: SocketAddr, store: &str) -> Settings {
    vec![
        ("AUTH_LISTEN", listen.to_string()),
        ("AUTH_STORE", store.to_owned()),
        ("AUTH_BCRYPT_COST", "4".to_owned()),
        ("AUTH_TOKEN_LIFETIME", "30m".to_owned()),
        ("AUTH_LOGIN_EMAIL_LIMIT", "0".to_owned()),
        ("AUTH_LOGIN_NETWORK_LIMIT", "0".to_owned()),
        ("AUTH_OPERATOR_EMAIL", OPERATOR_EMAIL.to_owned()),
        ("AUTH_OPERATOR_PASSWORD", OPERATOR_PASSWORD.to_owned()),
    ]
}

/// What org-service is told.
pub(super) fn org(listen: SocketAddr, store: &str, auth: SocketAddr) -> Settings {
    let span = |duration: Duration| humantime::format_duration(duration).to_string();
    vec![
        ("ORG_LISTEN", listen.to_string()),
        ("ORG_STORE", store.to_owned()),
        ("ORG_AUTH_URL", format!("http://{auth}")),
        ("ORG_SIGN_UP_LIMIT", "0".to_owned()),
        ("ORG_SIGN_UP_NETWORK_LIMIT", "0".to_owned()),
        ("ORG_LEASE", span(LEASE)),
        ("ORG_RECONCILE_INTERVAL", "250ms".to_owned()),
        ("ORG_RETENTION", span(RETENTION)),
        ("ORG_HANDLE_REST", span(HANDLE_REST)),
    ]
}

/// An address that was free a moment ago; below the range that outgoing connections take theirs from, so that it stays
/// free while its server is down.
pub(super) fn free_address() -> io::Result<SocketAddr> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for _ in 0..1_000 {
        let mut random = [0; 2];
        SystemIds.fill_random(&mut random);
        let port = 15_000 + u16::from_le_bytes(random) % 15_000;
        match TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr()) {
            Ok(address) => return Ok(address),
            Err(error) => last = error,
        }
    }
    Err(last)
}
