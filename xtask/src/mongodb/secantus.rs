//! SecantusDB, where there is no `mongod`: a server that speaks MongoDB's protocol, installed from PyPI.
//!
//! It is under the GPL: it runs as a process of its own, from a virtual environment, and is no part of what Tenantry ships.

use std::{
    error::Error,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::server::Server;
use crate::cargo::{root, target_directory};

/// The version that the launcher was written for.
pub const VERSION: &str = "0.7.0b3";

/// Starts it, installing it first where it is not there yet.
///
/// # Errors
/// Why it cannot be installed, or does not start, with the end of its log.
pub fn start() -> Result<Server, Box<dyn Error>> {
    let python = installed()?;
    Server::start(|data| command(python, data, "0"), announced)
}

/// The command line of one whose every commit is on the disk before it is answered.
///
/// # Errors
/// Why it cannot be installed.
pub fn durable(data: &Path, port: &str) -> Result<Vec<OsString>, Box<dyn Error>> {
    let mut command = command(installed()?, data, port);
    command.push("--sync-on-commit".into());
    Ok(command)
}

fn command(python: PathBuf, data: &Path, port: &str) -> Vec<OsString> {
    let launcher = root().join("xtask/mongo_test_server.py");
    let mut command: Vec<OsString> = vec![
        python.into(),
        launcher.into(),
        "--storage-path".into(),
        data.into(),
    ];
    command.extend(["--host", "127.0.0.1", "--port", port, "--enable-test-commands"].map(OsString::from));
    command
}

/// The port in `… secantus listening on 127.0.0.1:40001`.
fn announced(log: &str) -> Option<u16> {
    let (_, after) = log.split_once("listening on 127.0.0.1:")?;
    // A line that is not yet whole may end within the number.
    after
        .lines()
        .next()
        .filter(|line| after.len() > line.len())?
        .trim()
        .parse()
        .ok()
}

/// The Python of an environment that has it. One process at a time looks and installs.
fn installed() -> Result<PathBuf, Box<dyn Error>> {
    let directory = target_directory().join("test-mongodb");
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join("lock"))?;
    lock.lock()?;
    let environment = directory.join("venv");
    let python = environment.join("bin/python");
    if !has_it(&python) {
        println!("installing SecantusDB {VERSION} into {}", environment.display());
        if environment.exists() {
            fs::remove_dir_all(&environment)?;
        }
        must(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let pinned = format!("SecantusDB=={VERSION}");
        must(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-input", &pinned]))?;
    }
    Ok(python)
}

fn has_it(python: &Path) -> bool {
    let script = "import importlib.metadata, secantus.cli; print(importlib.metadata.version('SecantusDB'))";
    let version = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::null())
        .output();
    version.is_ok_and(|output| output.status.success() && output.stdout.trim_ascii() == VERSION.as_bytes())
}

fn must(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let hint = "the test MongoDB needs python3 with venv and pip; or name one by TENANTRY_TEST_MONGODB_URI or MONGOD";
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("python3: {error}: {hint}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed: {hint}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_port_is_read_when_the_line_is_whole() {
        let line = "2026-01-02 03:04:05,678 INFO secantus.server: secantus listening on 127.0.0.1:40001";
        assert_eq!(announced(&format!("loading\n{line}\nready\n")), Some(40001));
        assert_eq!(announced(line), None);
        assert_eq!(announced("loading\n"), None);
    }
}
