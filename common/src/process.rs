//! What a server's `main` does: settings, logs, listener, signals, exit codes.

mod command_line;
mod health;
mod shutdown;

use std::{
    error::Error,
    ffi::OsString,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use clap::{ArgMatches, Args, Command};
use tokio::{net::TcpListener, runtime::Runtime};

pub use self::{
    command_line::{command, complaint},
    shutdown::Shutdown,
};
use crate::{
    config::SettingError,
    rpc::server::ServerSettings,
    telemetry::{self, LogSettings},
};

/// Exit code for a setting that cannot be used (sysexits.h, EX_USAGE).
pub const EXIT_USAGE: u8 = 64;
/// Exit code when the port is taken (sysexits.h, EX_UNAVAILABLE).
pub const EXIT_UNAVAILABLE: u8 = 69;
/// Exit code of a server that fails in any other way, and of `health` when the server does not serve.
pub const EXIT_FAILURE: u8 = 1;
/// How long threads that still run at the end are waited for.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// The settings of one of the servers.
pub trait ServiceConfig: Args {
    /// Where a test may have it die; see `failpoints`.
    #[cfg(feature = "failpoints")]
    const POINTS: &[&'static str] = &[];

    /// Where it listens.
    fn listen(&self) -> SocketAddr;

    /// What every server has.
    fn server(&self) -> &ServerSettings;

    /// Whether the settings fit together; asked before anything binds.
    ///
    /// # Errors
    /// [`SettingError`] names the one that does not.
    fn check(&self) -> Result<(), SettingError>;
}

/// Whether a server can be started with these settings: its own, the frame's, and that it may listen where it should.
///
/// # Errors
/// [`SettingError`] names the first setting that is wrong.
pub fn check(config: &impl ServiceConfig) -> Result<(), SettingError> {
    config.check()?;
    config.server().log.filter()?;
    config.server().check(config.listen())
}

/// Runs a server: `NAME [settings]` serves until SIGTERM or SIGINT, `NAME health` asks a running one how it is.
///
/// The exit code is 64 for a bad setting, 69 when it cannot listen, 1 for any other failure; what failed is on
/// standard error.
pub fn main<C, R, F, E>(name: &'static str, about: &'static str, run: R) -> ExitCode
where
    C: ServiceConfig,
    R: FnOnce(C, TcpListener, Shutdown) -> F,
    F: Future<Output = Result<(), E>>,
    E: Error,
{
    match main_with(
        command::<C>(name, about),
        std::env::args_os(),
        telemetry::init,
        run,
    ) {
        Ok(code) => ExitCode::from(code),
        Err(Failed { code, text }) => {
            // Nobody is left to hear of an error here.
            let _ = writeln!(io::stderr(), "error: {text}");
            ExitCode::from(code)
        }
    }
}

/// Why the process ends, for people, and the exit code that says so to others.
#[derive(Debug)]
struct Failed {
    code: u8,
    text: String,
}

impl Failed {
    fn new(code: u8, text: impl ToString) -> Self {
        Self {
            code,
            text: text.to_string(),
        }
    }
}

fn main_with<C, R, F, E>(
    mut command: Command,
    arguments: impl IntoIterator<Item = OsString>,
    log: fn(&LogSettings) -> Result<(), SettingError>,
    run: R,
) -> Result<u8, Failed>
where
    C: ServiceConfig,
    R: FnOnce(C, TcpListener, Shutdown) -> F,
    F: Future<Output = Result<(), E>>,
    E: Error,
{
    let matches = match command.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        // --help and --version.
        Err(shown) if !shown.use_stderr() => {
            return shown
                .print()
                .map(|()| 0)
                .map_err(|e| Failed::new(EXIT_FAILURE, e));
        }
        Err(error) => return Err(Failed::new(EXIT_USAGE, complaint(&error, &command))),
    };
    let config = |matches: &ArgMatches| {
        C::from_arg_matches(matches).map_err(|error| Failed::new(EXIT_USAGE, complaint(&error, &command)))
    };
    let runtime = Runtime::new().map_err(|error| Failed::new(EXIT_FAILURE, error))?;
    let outcome = match matches.subcommand() {
        Some((_, asked)) => {
            let address = asked.get_one::<String>("address").cloned();
            let address = address.map_or_else(|| config(&matches).map(|c| health::url_of(c.listen())), Ok)?;
            runtime.block_on(health::ask(&address))
        }
        None => {
            let config = config(&matches)?;
            let usage = |error| Failed::new(EXIT_USAGE, error);
            check(&config).map_err(usage)?;
            log(&config.server().log).map_err(usage)?;
            #[cfg(feature = "failpoints")]
            crate::failpoints::obey(C::POINTS).map_err(|error| Failed::new(EXIT_USAGE, error))?;
            let named = command_line::named(&command, "listen");
            runtime.block_on(serve(config, &named, run))
        }
    };
    runtime.shutdown_timeout(LAST_WAIT);
    outcome
}

async fn serve<C, R, F, E>(config: C, listen_setting: &str, run: R) -> Result<u8, Failed>
where
    C: ServiceConfig,
    R: FnOnce(C, TcpListener, Shutdown) -> F,
    F: Future<Output = Result<(), E>>,
    E: Error,
{
    let shutdown = Shutdown::on_signal().map_err(|error| Failed::new(EXIT_FAILURE, error))?;
    let address = config.listen();
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failed::new(
            EXIT_UNAVAILABLE,
            format!("cannot listen on {address}: {error}; {listen_setting} chooses another"),
        )
    })?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "listening");
    run(config, listener, shutdown)
        .await
        .map_err(|error| Failed::new(EXIT_FAILURE, error))?;
    tracing::info!("stopped");
    Ok(0)
}

#[cfg(test)]
mod tests;
