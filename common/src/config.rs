//! Settings: stores by URL, secrets from the environment or from files, and how a bad one is named.

use std::{fmt, path::PathBuf, str::FromStr};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mongodb::options::{ConnectionString, HostInfo};
use secrecy::{ExposeSecret, SecretString};

/// A setting that cannot be used: its name as an environment variable, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct SettingError {
    name: String,
    why: String,
}

impl SettingError {
    /// A bad setting and why it is bad; the text must not hold a secret.
    pub fn new(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            why: why.into(),
        }
    }
}

/// Where a service keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `embedded:PATH`: one file, nothing to install.
    Embedded(PathBuf),
    /// `mongodb://…/DATABASE` or `mongodb+srv://…/DATABASE`.
    Mongo(MongoUrl),
}

/// A MongoDB connection string that names a database. Its Debug and Display show hosts and database alone: user,
/// password and options (which may hold a session token) stay out.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUrl {
    uri: String,
    shown: String,
}

/// A text is no store URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// Neither `embedded:` nor `mongodb`.
    #[error("must be embedded:PATH or mongodb://HOST/DATABASE")]
    Scheme,
    /// `embedded:` without a path.
    #[error("embedded: needs a path, e.g. embedded:./tenantry-data/auth.redb")]
    NoPath,
    /// No database after the hosts.
    #[error("must name a database: mongodb://HOST/DATABASE")]
    NoDatabase,
    /// The driver cannot read it. Its own text might quote a password.
    #[error(
        "is no MongoDB connection string: check hosts, ports and options; user and password are percent-encoded"
    )]
    Unreadable,
}

impl MongoUrl {
    /// The whole connection string, with its password: for the driver alone.
    pub fn expose(&self) -> &str {
        &self.uri
    }
}

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        if let Some(path) = text.strip_prefix("embedded:") {
            return if path.is_empty() {
                Err(InvalidStoreUrl::NoPath)
            } else {
                Ok(Self::Embedded(path.into()))
            };
        }
        text.parse().map(Self::Mongo)
    }
}

impl FromStr for MongoUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        let scheme = ["mongodb", "mongodb+srv"].into_iter().find(|scheme| {
            let rest = text.strip_prefix(scheme);
            rest.is_some_and(|rest| rest.starts_with("://"))
        });
        let scheme = scheme.ok_or(InvalidStoreUrl::Scheme)?;
        // The driver panics on some texts that are not ASCII; a URI is (RFC 3986, section 2).
        let ascii = Some(text)
            .filter(|text| text.is_ascii())
            .ok_or(InvalidStoreUrl::Unreadable)?;
        let parsed = ConnectionString::parse(ascii).map_err(|_| InvalidStoreUrl::Unreadable)?;
        let database = parsed.default_database.ok_or(InvalidStoreUrl::NoDatabase)?;
        let hosts = match parsed.host_info {
            HostInfo::HostIdentifiers(hosts) => hosts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(","),
            HostInfo::DnsRecord(host) => host,
            _ => "…".to_owned(),
        };
        Ok(Self {
            uri: text.to_owned(),
            shown: format!("{scheme}://{hosts}/{database}"),
        })
    }
}

impl fmt::Display for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Mongo(url) => url.fmt(f),
        }
    }
}

/// A secret from the setting itself, or from the file that `<name>_FILE` names; a newline at the file's end is not
/// part of it.
///
/// # Errors
/// [`SettingError`] when both are set, the file cannot be read, or the secret is empty.
pub fn secret(
    name: &str,
    value: Option<SecretString>,
    file: Option<PathBuf>,
) -> Result<Option<SecretString>, SettingError> {
    let secret = match (value, file) {
        (Some(_), Some(_)) => {
            return Err(SettingError::new(
                name,
                format!("set it or {name}_FILE, not both"),
            ));
        }
        (None, None) => return Ok(None),
        (Some(value), None) => value,
        (None, Some(path)) => {
            let unreadable = |error: std::io::Error| {
                SettingError::new(
                    format!("{name}_FILE"),
                    format!("cannot read {}: {error}", path.display()),
                )
            };
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            SecretString::from(text.trim_end_matches(['\r', '\n']))
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(SettingError::new(name, "must not be empty"));
    }
    Ok(Some(secret))
}

/// What org-service shows auth-service to be known as a service. Its Debug shows nothing.
#[derive(Clone)]
pub struct ServiceCredential(SecretString);

impl ServiceCredential {
    /// Fewest bytes: as many as the hash of an HMAC-SHA-256 has (RFC 2104, section 3).
    pub const MIN_BYTES: usize = 32;

    /// Whether this is the credential; takes the same time for every wrong one of its length.
    pub fn matches(&self, shown: &[u8]) -> bool {
        verify_slices_are_equal(self.expose().as_bytes(), shown).is_ok()
    }

    /// The credential itself, to be sent.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ServiceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceCredential(…)")
    }
}

/// The service credential from `SERVICE_CREDENTIAL` or `SERVICE_CREDENTIAL_FILE`.
///
/// # Errors
/// [`SettingError`] when there is none, it is too short, or it cannot be sent as gRPC metadata.
pub fn service_credential(
    value: Option<SecretString>,
    file: Option<PathBuf>,
) -> Result<ServiceCredential, SettingError> {
    const NAME: &str = "SERVICE_CREDENTIAL";
    let missing = || {
        SettingError::new(
            NAME,
            "must be set, or SERVICE_CREDENTIAL_FILE: the same for both services",
        )
    };
    let secret = secret(NAME, value, file)?.ok_or_else(missing)?;
    let text = secret.expose_secret();
    if text.len() < ServiceCredential::MIN_BYTES {
        let least = ServiceCredential::MIN_BYTES;
        return Err(SettingError::new(
            NAME,
            format!("must have at least {least} bytes"),
        ));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SettingError::new(
            NAME,
            "must be visible ASCII characters without spaces",
        ));
    }
    Ok(ServiceCredential(secret))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stores_are_chosen_by_url() {
        assert_eq!(
            "embedded:a/b.redb".parse(),
            Ok(StoreUrl::Embedded("a/b.redb".into()))
        );
        let mongo: StoreUrl = "mongodb://u:p@h1,h2:27018/db?replicaSet=rs0".parse().unwrap();
        assert_eq!(mongo.to_string(), "mongodb://h1:27017,h2:27018/db");
        let srv: StoreUrl = "mongodb+srv://u:p@cluster.example/db".parse().unwrap();
        assert_eq!(srv.to_string(), "mongodb+srv://cluster.example/db");
        for (text, error) in [
            ("embedded:", InvalidStoreUrl::NoPath),
            ("redis://h", InvalidStoreUrl::Scheme),
            ("", InvalidStoreUrl::Scheme),
            ("mongodb://h", InvalidStoreUrl::NoDatabase),
            ("mongodb://h/?appName=x", InvalidStoreUrl::NoDatabase),
            ("mongodb://u:p@h/", InvalidStoreUrl::NoDatabase),
            ("mongodb://u:p/w@h/db", InvalidStoreUrl::Unreadable),
            ("mongodb://h:port/db", InvalidStoreUrl::Unreadable),
            ("mongodb://h/db?noSuchOption=1", InvalidStoreUrl::Unreadable),
            ("mongodb://%ো0@h/db", InvalidStoreUrl::Unreadable),
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_secret_comes_from_one_place() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "from the file").unwrap();
        let path = Some(file.path().to_owned());
        let read = secret("X", None, path.clone()).unwrap().unwrap();
        assert_eq!(read.expose_secret(), "from the file");
        assert!(
            secret("X", Some("a".into()), path)
                .unwrap_err()
                .to_string()
                .starts_with("X: ")
        );
        assert!(
            secret("X", None, Some("/nonexistent".into()))
                .unwrap_err()
                .to_string()
                .starts_with("X_FILE: ")
        );
        assert!(secret("X", Some("".into()), None).is_err());
        assert!(secret("X", None, None).unwrap().is_none());
    }

    #[test]
    fn a_short_or_missing_service_credential_is_refused() {
        for value in [None, Some("secret".into()), Some("a b".repeat(20).into())] {
            assert!(service_credential(value, None).is_err());
        }
        let credential = service_credential(Some("c".repeat(32).into()), None).unwrap();
        assert!(credential.matches("c".repeat(32).as_bytes()));
        assert!(!credential.matches("c".repeat(33).as_bytes()));
        assert!(!credential.matches(b""));
        assert_eq!(format!("{credential:?}"), "ServiceCredential(…)");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in "(\\PC{0,60}|[%a-f0-9:/,@?=&]{0,20})") {
            let _ = text.parse::<StoreUrl>();
            let _ = format!("mongodb://{text}").parse::<StoreUrl>().map(|url| url.to_string());
            let _ = format!("mongodb://{text}@h/db").parse::<StoreUrl>().map(|url| url.to_string());
        }

        #[test]
        fn a_password_is_never_shown(password in "[a-zA-Z0-9@/?:#%!$&,= ]{0,30}", encoded: bool) {
            let mut secret = format!("Zq{password}qZ");
            if encoded {
                secret = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
            }
            for url in [
                format!("mongodb://user:{secret}@host/db"),
                format!("mongodb://{secret}:p@host/db"),
                format!("mongodb://host/db?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:{secret}"),
            ] {
                let told = match url.parse::<StoreUrl>() {
                    Ok(url) => format!("{url} {url:?}"),
                    Err(error) => format!("{error} {error:?}"),
                };
                prop_assert!(!told.contains(&secret) && !told.contains("Zq"), "{told}");
            }
        }
    }
}
