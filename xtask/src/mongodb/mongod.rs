//! A real `mongod`.

use std::{
    env,
    error::Error,
    ffi::OsString,
    net::TcpListener,
    path::{Path, PathBuf},
};

use super::server::Server;

/// The program that `named` (the MONGOD setting) names, or the one on `path`.
pub fn program(named: Option<OsString>, path: Option<OsString>) -> Option<PathBuf> {
    if let Some(named) = named.filter(|name| !name.is_empty()) {
        return Some(named.into());
    }
    let directories = path?;
    env::split_paths(&directories)
        .map(|directory| directory.join("mongod"))
        .find(|program| program.is_file())
}

/// Starts it, standalone, on a free port.
///
/// # Errors
/// Why it does not start, with the end of its log.
pub fn start(program: &Path) -> Result<Server, Box<dyn Error>> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let start = |data: &Path| command(program, data, &port.to_string());
    Server::start(start, |log| announced(log).then_some(port))
}

/// Its command line.
pub fn command(program: &Path, data: &Path, port: &str) -> Vec<OsString> {
    let mut command = vec![program.into(), "--dbpath".into(), data.into()];
    command.extend(["--bind_ip", "127.0.0.1", "--port", port].map(OsString::from));
    // failCommand, by which the tests break calls.
    command.extend(["--setParameter", "enableTestCommands=1"].map(OsString::from));
    command
}

/// Whether the log says that mongod takes connections.
fn announced(log: &str) -> bool {
    log.contains(r#""msg":"Waiting for connections""#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_program_goes_before_the_one_on_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let on_path = directory.path().join("mongod");
        let path = || Some(env::join_paths([Path::new("/nowhere"), directory.path()]).unwrap());
        assert_eq!(program(None, path()), None);
        std::fs::write(&on_path, "").unwrap();
        assert_eq!(program(None, path()), Some(on_path.clone()));
        assert_eq!(program(Some("".into()), path()), Some(on_path));
        assert_eq!(
            program(Some("/opt/mongod".into()), path()),
            Some("/opt/mongod".into())
        );
        assert_eq!(program(None, None), None);
    }

    #[test]
    fn its_announcement_is_understood() {
        let starting = r#"{"t":{"$date":"2026-01-02T03:04:05.678+00:00"},"s":"I","c":"NETWORK","id":23015,"ctx":"listener","msg":"Listening on","attr":{"address":"127.0.0.1"}}"#;
        let listening = r#"{"t":{"$date":"2026-01-02T03:04:05.678+00:00"},"s":"I","c":"NETWORK","id":23016,"ctx":"listener","msg":"Waiting for connections","attr":{"port":40001,"ssl":"off"}}"#;
        assert!(!announced(starting));
        assert!(announced(&format!("{starting}\n{listening}\n")));
    }
}
