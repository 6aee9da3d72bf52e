//! auth-service as a process of its own.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use auth_service::domain::Cost;
use tenantry_common::{
    config::StoreUrl,
    id::{Ids, SystemIds},
};

use crate::{Failure, cpus::Cpus, host};

/// Of a log, this many lines are shown when the server has ended.
const LAST_LINES: usize = 10;
/// The server has come to rest when it takes no more than this share of a CPU over this time.
const REST: (f64, Duration) = (0.1, Duration::from_millis(200));
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Where it runs, its hashing included.
    pub cpus: &'a Cpus,
    /// Its store.
    pub store: &'a StoreUrl,
    /// bcrypt's cost.
    pub bcrypt_cost: Cost,
    /// Threads that hash passwords.
    pub hash_threads: NonZeroUsize,
    /// How many passwords may wait to be hashed.
    pub hash_queue: NonZeroUsize,
}

/// A running auth-service: this very program, by its command `serve`. It ends with this value, and with this process
/// however that ends, because nobody holds its standard input any more then.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Subject<'_> {
    fn flags(&self) -> [String; 6] {
        [
            "--listen=127.0.0.1:0".to_owned(),
            format!("--bcrypt-cost={}", self.bcrypt_cost),
            format!("--hash-threads={}", self.hash_threads),
            format!("--hash-queue={}", self.hash_queue),
            // All logins come from one address, and each e-mail tries more often than people do.
            "--login-email-limit=0".to_owned(),
            "--login-network-limit=0".to_owned(),
        ]
    }

    /// What others must not see in a list of processes.
    fn secrets(&self) -> [(&'static str, String); 2] {
        let store = match self.store {
            StoreUrl::Mongo(url) => url.expose().to_owned(),
            embedded @ StoreUrl::Embedded(_) => embedded.to_string(),
        };
        [
            ("AUTH_STORE", store),
            ("SERVICE_CREDENTIAL", SystemIds.uuid_v4().to_string()),
        ]
    }
}

impl Server {
    /// Starts it; nothing of the environment is passed on. It may not be ready yet. It logs to `log`.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub fn start(subject: &Subject<'_>, log: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--cpus", &subject.cpus.to_string(), "--"])
            .args(subject.flags())
            .env_clear()
            .envs(subject.secrets())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()?;
        let stdout = child.stdout.take();
        let mut server = Self {
            child,
            url: String::new(),
            log: log.to_owned(),
        };
        let address = stdout.map_or(Ok(String::new()), read_line)?;
        if address.is_empty() {
            let exit = server.child.wait()?;
            return Err(format!("auth-service did not start: {exit}\n{}", server.end_of_log()).into());
        }
        server.url = format!("http://{address}");
        Ok(server)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has nothing left to do of what it was asked before.
    ///
    /// # Errors
    /// When it has ended, or goes on for too long.
    pub fn rest(&self) -> Result<(), Failure> {
        let (share, span) = REST;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let (before, since) = (host::cpu_seconds(self.process())?, Instant::now());
            thread::sleep(span);
            let taken = host::cpu_seconds(self.process())? - before;
            if taken <= share * since.elapsed().as_secs_f64() {
                return Ok(());
            }
        }
        Err(format!("auth-service does not come to rest within {PATIENCE:?}").into())
    }

    /// The last lines of its log.
    pub fn end_of_log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_line(from: impl io::Read) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(from).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
