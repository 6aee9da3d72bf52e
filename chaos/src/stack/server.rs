//! A server of a stack, whether it runs or not.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::{process::Command, time::sleep};
use tonic::transport::Channel;

use super::{
    Server, Started,
    asking::{channel, serves},
    error::Error,
    process::Process,
    settings::{Settings, common},
};

/// Longest that a server may take from its start until it serves.
const PATIENCE: Duration = Duration::from_secs(30);

/// What stays the same when the server is started again.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) server: Server,
    pub(super) address: SocketAddr,
    pub(super) channel: Channel,
    pub(super) frozen: bool,
    program: PathBuf,
    settings: Settings,
    log: PathBuf,
    process: Option<Process>,
}

/// What holds for one start.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// Orders that hold from the start.
    pub(super) orders: Vec<String>,
    /// How far ahead the clock is.
    pub(super) clock_ahead: Option<Duration>,
    /// A bug.
    pub(super) bug: Option<String>,
}

impl Place {
    pub(super) fn new(
        server: Server,
        address: SocketAddr,
        program: &Path,
        settings: Settings,
        directory: &Path,
    ) -> Result<Self, Error> {
        let channel = channel(address).map_err(|_| Error::NotRunning(server))?;
        Ok(Self {
            server,
            address,
            channel,
            frozen: false,
            program: program.to_owned(),
            settings,
            log: directory.join(format!("{server}.log")),
            process: None,
        })
    }

    /// The running server.
    pub(super) fn process(&self) -> Result<&Process, Error> {
        self.process.as_ref().ok_or(Error::NotRunning(self.server))
    }

    /// The running server.
    pub(super) fn process_mut(&mut self) -> Result<&mut Process, Error> {
        self.process.as_mut().ok_or(Error::NotRunning(self.server))
    }

    /// Kills what runs here.
    pub(super) async fn kill(&mut self) -> Result<(), Error> {
        self.frozen = false;
        match &mut self.process {
            Some(process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts it anew, and does not wait.
    pub(super) async fn launch(&mut self, start: Start) -> Result<(), Error> {
        self.kill().await?;
        let variables: HashMap<_, _> = self.settings.iter().cloned().chain(common()).collect();
        let mut command = Command::new(&self.program);
        command.env_clear().envs(variables);
        if let Some(ahead) = start.clock_ahead {
            let ahead = humantime::format_duration(ahead).to_string();
            command.env("TENANTRY_CLOCK_AHEAD", ahead);
        }
        if let Some(bug) = start.bug {
            command.env("TENANTRY_SEEDED_BUG", bug);
        }
        if let Some(directory) = self.log.parent() {
            command.current_dir(directory);
        }
        self.process = Some(Process::spawn(self.server, command, &start.orders, &self.log)?);
        Ok(())
    }

    /// Waits until what was just launched serves, or hits a point before that.
    pub(super) async fn up(&mut self, since: Instant) -> Result<Started, Error> {
        let channel = self.channel.clone();
        let process = self.process()?;
        let serving = async {
            while !serves(&channel).await {
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = serving => return Ok(Started::Serving(since.elapsed())),
            hit = process.next_hit() => if let Some(hit) = hit {
                return Ok(Started::Hit(hit));
            },
            () = sleep(PATIENCE) => return Err(Error::TooLate {
                what: format!("{} does not serve", self.server),
                patience: PATIENCE,
                log: process.end_of_log(),
            }),
        }
        // It tells nothing any more: it has ended.
        let process = self.process_mut()?;
        process.until_ended().await?;
        process.check().await?;
        Err(Error::NotRunning(self.server))
    }
}
