//! A server's binary, run as whoever deploys it runs it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::Channel;

/// How often, and how many times, a line in the log is looked for: a minute, for machines that do much else.
const PAUSE: Duration = Duration::from_millis(20);
const LOOKS: u32 = 3_000;

/// A server as a process of its own; all that it says goes into one file. Dropped, it is killed.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    output: PathBuf,
    url: String,
}

impl ServerProcess {
    /// Runs `binary` with these variables and no others until it listens; it logs JSON into `output`.
    ///
    /// # Panics
    /// When it does not start, with what it said.
    #[must_use]
    pub fn start(binary: &str, environment: &[(&str, &str)], output: &Path) -> Self {
        let file = File::create(output).expect("no file for the output");
        let child = Command::new(binary)
            .env_clear()
            .envs(environment.iter().copied())
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("no second handle"))
            .stderr(file)
            .spawn()
            .expect("the binary does not start");
        let mut process = Self {
            child,
            output: output.to_owned(),
            url: String::new(),
        };
        process.wait_for("\"msg\":\"listening\"");
        let said = process.said();
        let address = said
            .split("\"address\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        process.url = format!("http://{}", address.expect("no address in the log"));
        process
    }

    /// Where it serves.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A channel to it, which connects when it is used.
    ///
    /// # Panics
    /// Within no asynchronous runtime.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(self.url.clone());
        endpoint.expect("an address is one").connect_lazy()
    }

    /// Waits until it has said this.
    ///
    /// # Panics
    /// When it ends, or a minute passes, without it.
    pub fn wait_for(&mut self, text: &str) {
        for _ in 0..LOOKS {
            // Whether it ended is asked first: what it said before it did is complete then.
            let ended = self.child.try_wait().expect("the process is ours");
            if self.said().contains(text) {
                return;
            }
            assert!(ended.is_none(), "it ended without {text}: {}", self.said());
            thread::sleep(PAUSE);
        }
        let said = self.said();
        assert!(said.contains(text), "it never said {text}: {said}");
    }

    /// What it has said so far, on standard output and standard error.
    #[must_use]
    pub fn said(&self) -> String {
        let bytes = fs::read(&self.output).expect("the output can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its command line, as every other process on the machine may read it (Linux).
    #[must_use]
    pub fn command_line(&self) -> Vec<u8> {
        fs::read(format!("/proc/{}/cmdline", self.child.id())).expect("no command line in /proc")
    }

    /// Stops it as a container engine does, and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), Signal::TERM).expect("the process is ours");
        self.child.wait().expect("the process is ours")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Nothing is left to do where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
