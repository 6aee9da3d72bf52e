//! `tenantry dev` as a process of its own, for one test.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Long enough for two debug builds that start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the banner ends with.
const LAST_LINE: &str = "The same with the CLI:";

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

/// A running `tenantry dev`; killed when the test is over.
pub struct Dev {
    child: Child,
    log: std::path::PathBuf,
    home: TempDir,
    /// What it told on standard output.
    pub banner: String,
    /// Where auth-service listens.
    pub auth: SocketAddr,
    /// Where org-service listens.
    pub org: SocketAddr,
}

impl Dev {
    /// Starts it on stores that go with it.
    pub fn ephemeral() -> Self {
        Self::start(&["--ephemeral"])
    }

    /// Starts it on ports of its own, and waits until both servers answer.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same with settings in its environment.
    pub fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("dev.log");
        let mut child = command(home.path(), arguments)
            .envs(settings.iter().copied())
            .stderr(File::create(&log).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let Some(banner) = read_banner(&mut child) else {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!(
                "tenantry dev did not come up:\n{}",
                std::fs::read_to_string(&log).unwrap()
            );
        };
        let address = |server: &str| place(&banner, server)[0].parse().unwrap();
        let (auth, org) = (address("auth-service"), address("org-service"));
        Self {
            child,
            log,
            home,
            banner,
            auth,
            org,
        }
    }

    /// The URL of a server's store.
    pub fn store(&self, server: &str) -> String {
        place(&self.banner, server)[1].clone()
    }

    /// Asks it to stop as an init system or a terminal does, and waits until it has.
    pub fn stop(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }

    /// Who uses it: a person with a home directory of their own, who knows where it is.
    pub fn person(&self) -> Person<'_> {
        Person {
            dev: self,
            home: tempfile::tempdir_in(self.home.path()).unwrap(),
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        if thread::panicking() {
            std::io::Write::write_all(&mut std::io::stderr(), &std::fs::read(&self.log).unwrap()).unwrap();
        }
    }
}

/// `tenantry dev` on ports that the system chooses.
pub fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = program(home);
    command
        .args(["dev", "--auth-port", "0", "--org-port", "0"])
        .args(arguments);
    // The cheapest hash that is allowed: these tests are not about its strength.
    command.env("AUTH_BCRYPT_COST", "10").stdin(Stdio::null());
    command
}

/// Standard output up to the banner's last line; None when it ends before, or nothing comes.
fn read_banner(child: &mut Child) -> Option<String> {
    let stdout = BufReader::new(child.stdout.take()?);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    let mut banner = String::new();
    while !banner.contains(LAST_LINE) {
        banner += &receiver.recv_timeout(PATIENCE).ok()?;
        banner.push('\n');
    }
    Some(banner)
}

/// What the banner tells of a server: its address and its store.
fn place(banner: &str, server: &str) -> Vec<String> {
    let rest = banner
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(server))
        .unwrap();
    rest.split_whitespace().map(str::to_owned).collect()
}

/// Somebody at a command line.
pub struct Person<'a> {
    dev: &'a Dev,
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

impl Person<'_> {
    /// Their home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs a command that reads `input`.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = program(self.home());
        command.env("TENANTRY_AUTH_URL", format!("http://{}", self.dev.auth));
        command.env("TENANTRY_ORG_URL", format!("http://{}", self.dev.org));
        run(command.args(arguments), input)
    }

    /// Runs a command that reads nothing.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Runs a command that must succeed, and gives its answer.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        self.json_with(arguments, "")
    }

    /// Runs a command that reads `input` and must succeed, and gives its answer.
    pub fn json_with(&self, arguments: &[&str], input: &str) -> serde_json::Value {
        let outcome = self.run_with(&[arguments, &["-o", "json"]].concat(), input);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Signs an organization up and logs in as its owner.
    pub fn sign_up(&self, name: &str, email: &str, password: &str) -> serde_json::Value {
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
