//! Somebody at a command line.

use std::{
    fs,
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test, in an environment that holds nothing of the developer's.
pub fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // What a killed process leaves behind goes with the home directory.
    command
        .env("TMPDIR", home)
        .env("RUST_BACKTRACE", "1")
        .current_dir(home);
    command
}

/// Somebody at a command line.
pub struct Person {
    auth: SocketAddr,
    org: SocketAddr,
    home: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Person {
    /// A person with a home directory of their own below `parent`, who knows where both servers are.
    pub fn of(auth: SocketAddr, org: SocketAddr, parent: &Path) -> Self {
        Self {
            auth,
            org,
            home: tempfile::tempdir_in(parent).unwrap(),
        }
    }

    /// Their home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command of theirs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.home());
        command.env("TENANTRY_AUTH_URL", format!("http://{}", self.auth));
        command.env("TENANTRY_ORG_URL", format!("http://{}", self.org));
        // These tests are not about a machine that is busy with others.
        command.env("TENANTRY_TIMEOUT", "2m").args(arguments);
        command
    }

    /// Where their login is kept.
    pub fn credentials(&self) -> PathBuf {
        self.home().join(".local/state/tenantry/credentials.json")
    }

    /// Their saved login, if there is one.
    pub fn saved(&self) -> Option<Value> {
        let file = fs::read(self.credentials()).ok()?;
        Some(serde_json::from_slice(&file).unwrap())
    }

    /// Changes the fields of the saved login; null removes one.
    pub fn tamper(&self, changes: Value) {
        let mut saved = self.saved().unwrap();
        let fields = saved.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            fields.insert(name.clone(), value.clone());
        }
        fields.retain(|_, value| !value.is_null());
        // Written over, so that its permissions stay.
        fs::write(self.credentials(), saved.to_string()).unwrap();
    }

    /// Runs a command that reads `input`.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        run(&mut self.command(arguments), input)
    }

    /// Runs a command that reads nothing and must be refused for this reason.
    pub fn refused(&self, arguments: &[&str], reason: &str) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 1, "{arguments:?}: {outcome:?}");
        assert!(
            outcome.stderr.contains(&format!(" {reason}]")),
            "{reason}: {outcome:?}"
        );
        outcome
    }

    /// Runs a command that reads nothing.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Runs a command that must succeed, and gives its answer.
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.json_with(arguments, "")
    }

    /// Runs a command that reads `input` and must succeed, and gives its answer.
    pub fn json_with(&self, arguments: &[&str], input: &str) -> Value {
        let outcome = self.run_with(&[arguments, &["-o", "json"]].concat(), input);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Signs an organization up and logs in as its owner.
    pub fn sign_up(&self, name: &str, email: &str, password: &str) -> Value {
        let organization = self.json_with(&["org", "create", name, "--admin-email", email], password);
        self.json_with(&["login", "--email", email], password);
        organization
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails before it reads closes its end; that is its right.
    let _unread = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let mut outcome = Outcome {
        code: 0,
        stdout: String::new(),
        stderr: String::new(),
    };
    let output = child.wait_with_output().unwrap();
    output
        .stdout
        .as_slice()
        .read_to_string(&mut outcome.stdout)
        .unwrap();
    output
        .stderr
        .as_slice()
        .read_to_string(&mut outcome.stderr)
        .unwrap();
    outcome.code = output.status.code().unwrap();
    outcome
}
