//! `tenantry dev` as a process of its own, for one test.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use crate::person::{Outcome, Person, program, run};

/// Long enough for two debug builds that start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the banner ends with.
const LAST_LINE: &str = "The same with the CLI:";

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

    /// Who uses it.
    pub fn person(&self) -> Person {
        Person::of(self.auth, self.org, self.home.path())
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
    // Nor about a machine that is busy with others.
    command.env("REQUEST_TIMEOUT", "2m");
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
