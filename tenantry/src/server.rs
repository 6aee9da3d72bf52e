//! The two servers and where they listen.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tonic::transport::{Endpoint, Uri};

/// Where a server listens: `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerUrl(Uri);

impl FromStr for ServerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text
            .parse()
            .map_err(|_| "must be a URL such as http://127.0.0.1:50051")?;
        match (
            uri.scheme_str(),
            uri.authority(),
            uri.path_and_query().map_or("/", |path| path.as_str()),
        ) {
            (Some("http"), Some(authority), "/") if !authority.as_str().contains('@') => Ok(Self(uri)),
            (Some("https"), ..) => Err("https is not spoken yet: use http on a network that you trust"),
            _ => Err("must be of the form http://HOST:PORT"),
        }
    }
}

impl ServerUrl {
    /// Where tonic connects to.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::from(self.0.clone())
    }
}

impl TryFrom<String> for ServerUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ServerUrl> for String {
    fn from(url: ServerUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}

/// One of the two servers.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Its name.
    pub name: &'static str,
    /// Where it listens unless told otherwise.
    default_port: u16,
    /// The argument that says where it listens.
    pub flag: &'static str,
}

impl Server {
    /// auth-service.
    pub const AUTH: Self = Self {
        name: "auth-service",
        default_port: 50_051,
        flag: "--auth-url",
    };
    /// org-service.
    pub const ORG: Self = Self {
        name: "org-service",
        default_port: 50_052,
        flag: "--org-url",
    };

    /// Its address unless told otherwise.
    pub fn default_url(self) -> ServerUrl {
        let authority = format!("127.0.0.1:{}", self.default_port);
        let uri = Uri::builder()
            .scheme("http")
            .authority(authority)
            .path_and_query("/")
            .build();
        ServerUrl(uri.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_a_server_url() {
        for good in [
            "http://127.0.0.1:50051",
            "http://[::1]:1/",
            "http://auth.example:80",
        ] {
            let url: ServerUrl = good.parse().unwrap();
            assert_eq!(url.to_string(), good.trim_end_matches('/'));
        }
        for bad in [
            "127.0.0.1:50051",
            "https://a:1",
            "http://a:1/path",
            "http://u:p@a:1",
            "ftp://a",
            "",
            "http://",
        ] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
        assert_eq!(Server::AUTH.default_url().to_string(), "http://127.0.0.1:50051");
    }
}
