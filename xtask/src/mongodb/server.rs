//! A database server in a temporary directory, for as long as a value lives.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fs,
    net::TcpStream,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::guard::{ENDED, LOG};

/// Longest that a server may take to its first answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Lines of the log that are shown of a server that ended.
const TAIL: usize = 40;

/// A running server. Dropped, it ends and its directory is removed; so it is when this process dies.
pub struct Server {
    guard: Child,
    directory: PathBuf,
    port: u16,
}

impl Server {
    /// Starts `command`, which is given the directory for the data, and waits until `announced` finds the port in its log.
    ///
    /// # Errors
    /// The end of the log, when the server ends or says nothing.
    pub fn start(
        command: impl FnOnce(&Path) -> Vec<OsString>,
        announced: impl Fn(&str) -> Option<u16>,
    ) -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::Builder::new().prefix("tenantry-mongodb-").tempdir()?;
        let data = directory.path().join("data");
        fs::create_dir(&data)?;
        let guard = Command::new(env::current_exe()?)
            .args(["guard", "--directory"])
            .arg(directory.path())
            .arg("--")
            .args(command(&data))
            .stdin(Stdio::piped())
            // Ctrl-C is for this process: the guard has the directory to remove.
            .process_group(0)
            .spawn()?;
        // From here on the directory is the guard's.
        let mut server = Self {
            guard,
            directory: directory.keep(),
            port: 0,
        };
        server.port = server.await_port(announced)?;
        Ok(server)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The end of its log, if it has ended.
    pub fn ended(&self) -> Option<String> {
        let log = self.log();
        log.lines()
            .last()
            .is_some_and(|line| line.starts_with(ENDED))
            .then(|| tail(&log))
    }

    fn await_port(&self, announced: impl Fn(&str) -> Option<u16>) -> Result<u16, Box<dyn Error>> {
        const INTERVAL: Duration = Duration::from_millis(50);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(tail) = self.ended() {
                return Err(format!("the test MongoDB did not start:\n{tail}").into());
            }
            if let Some(port) = announced(&self.log())
                && TcpStream::connect(("127.0.0.1", port)).is_ok()
            {
                return Ok(port);
            }
            thread::sleep(INTERVAL);
        }
        Err(format!("the test MongoDB does not answer:\n{}", tail(&self.log())).into())
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.directory.join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_logs_end() {
        let log = (0..100)
            .map(|number| format!("line {number}\n"))
            .collect::<String>();
        assert!(tail(&log).starts_with("line 60\n"));
        assert!(tail(&log).ends_with("line 99"));
        assert_eq!(tail("one"), "one");
    }
}
