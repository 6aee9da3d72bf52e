//! What `tenantry dev` tells the person who started it: where the servers are, and three lines to paste.

use std::{env, fmt, net::SocketAddr, path::Path};

use tenantry_common::config::StoreUrl;

use super::data::{DataDirectory, OPERATOR_EMAIL, OperatorPassword};
use crate::server::Server;

/// The example's organization, admin and password; made up, and good for an example alone.
const NAME: &str = "Acme, Inc.";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// What is told once both servers answer.
pub struct Banner<'a> {
    /// Where auth-service is.
    pub auth: Place,
    /// Where org-service is.
    pub org: Place,
    /// Where the operator's password is, and the stores unless the environment says otherwise.
    pub data: &'a DataDirectory,
    /// The first operator's password, to be shown if it is new.
    pub operator: &'a OperatorPassword,
}

/// Where a server listens and keeps its data.
pub struct Place {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its store.
    pub store: StoreUrl,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tenantry is up; Ctrl-C stops both servers.")?;
        writeln!(f, "  auth-service {} {}", self.auth.address, self.auth.store)?;
        writeln!(f, "  org-service  {} {}", self.org.address, self.org.store)?;
        if self.data.is_ephemeral() {
            writeln!(f, "  {} is removed at the end", self.data.path().display())?;
        }
        if let OperatorPassword::New(password) = self.operator {
            let file = self.data.operator_password_file();
            writeln!(
                f,
                "  operator     {OPERATOR_EMAIL}, password {password} (shown once, kept in {})",
                file.display()
            )?;
        }
        writeln!(f, "\nCreate an organization, log in as its admin, get it:\n")?;
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\nThe same with the CLI: {}", self.commands())
    }
}

impl Banner<'_> {
    /// The three lines to paste into a shell; they need grpcurl.
    fn lines(&self) -> [String; 3] {
        let (auth, org) = (reachable(self.auth.address), reachable(self.org.address));
        [
            format!(
                r#"grpcurl -plaintext -d '{{"name":"{NAME}","admin":{{"email":"{EMAIL}","password":"{PASSWORD}"}}}}' {org} organization.v1.OrganizationService/CreateOrganization"#
            ),
            format!(
                r#"TOKEN=$(grpcurl -plaintext -d '{{"email":"{EMAIL}","password":"{PASSWORD}"}}' {auth} auth.v1.AuthService/Login | sed -n 's/.*"accessToken": "\(.*\)".*/\1/p')"#
            ),
            format!(
                r#"grpcurl -plaintext -H "authorization: Bearer $TOKEN" -d '{{"handle":"{NAME}"}}' {org} organization.v1.OrganizationService/GetOrganization"#
            ),
        ]
    }

    /// The same as commands of this program, which asks for the password. The login keeps the addresses.
    fn commands(&self) -> String {
        let program = program();
        let auth = address("--auth-url", self.auth.address, Server::AUTH);
        let org = address("--org-url", self.org.address, Server::ORG);
        format!(
            "{program} org create '{NAME}' --admin-email {EMAIL}{org}; {program} login --email {EMAIL}{auth}{org}; {program} org get"
        )
    }
}

/// An address that a client on this host can use: one that listens everywhere is reached over loopback.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// The argument that names a server's address, where it is not the default.
fn address(flag: &str, address: SocketAddr, server: Server) -> String {
    let url = format!("http://{}", reachable(address));
    if url == server.default_url().to_string() {
        String::new()
    } else {
        format!(" {flag} {url}")
    }
}

/// This program as it can be typed here: its path below the working directory, else its name.
fn program() -> String {
    let path = env::current_exe().ok();
    let below = env::current_dir()
        .ok()
        .zip(path)
        .and_then(|(here, path)| path.strip_prefix(here).map(Path::to_owned).ok());
    below.map_or_else(|| "tenantry".to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(auth: &str, org: &str, operator: &OperatorPassword) -> String {
        let data = DataDirectory::ephemeral().unwrap();
        let place = |address: &str| Place {
            address: address.parse().unwrap(),
            store: "embedded:a.redb".parse().unwrap(),
        };
        Banner {
            auth: place(auth),
            org: place(org),
            data: &data,
            operator,
        }
        .to_string()
    }

    #[test]
    fn three_lines_are_there_to_paste() {
        let text = told("127.0.0.1:50051", "127.0.0.1:50052", &OperatorPassword::Known);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("grpcurl ")).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("127.0.0.1:50052 organization.v1.OrganizationService/CreateOrganization"));
        assert!(
            lines[1].starts_with("TOKEN=$(")
                && lines[1].contains(r#"sed -n 's/.*"accessToken": "\(.*\)".*/\1/p'"#)
        );
        assert!(lines[2].contains("Bearer $TOKEN"));
        assert!(!text.contains("--auth-url") && !text.contains(OPERATOR_EMAIL));
    }

    #[test]
    fn other_ports_and_a_new_password_are_told() {
        let text = told(
            "0.0.0.0:7001",
            "[::]:7002",
            &OperatorPassword::New("0123".to_owned()),
        );
        assert!(
            text.contains("--auth-url http://127.0.0.1:7001 --org-url http://[::1]:7002"),
            "{text}"
        );
        assert!(text.contains("operator@tenantry.localhost, password 0123"));
    }
}
