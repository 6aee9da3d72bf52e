//! `tenantry admin import`: takes over password hashes of another system, line by line.

mod entry;
mod outcome;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use secrecy::ExposeSecret;
use tenantry_proto::auth::v1::{
    ImportPasswordHashRequest, auth_service_client::AuthServiceClient,
    import_password_hash_request::Admin as By,
};
use tokio::time::{Instant, sleep};

use self::{
    entry::{Entries, Entry, Line},
    outcome::{Failure, Summary, is_about_line},
};
use super::for_operators;
use crate::{
    connection::Connection, context::Context, errors::CommandError, global::Global, progress::Progress,
    report::Report,
};

/// What `import` reads, and its exit codes, for its help.
pub const HELP: &str = "Each line is a JSON object with the hash and whose it is, by e-mail or by id:\n  \
    {\"email\": \"ada@example.com\", \"password_hash\": \"$2b$12$...\"}\n  \
    {\"admin_id\": \"0199...\", \"password_hash\": \"$argon2id$v=19$...\"}\n\
    Hashes may be bcrypt, PBKDF2-SHA256 as passlib writes it, or Argon2id. Lines may be imported more than once.\n\n\
    Exit codes: 0 all were imported, 1 some were not or the server refused, 2 the server could not be reached, \
    64 wrong usage, 74 a local file could not be read";

/// How long one line is tried when the server asks for patience: twice as long as its quotas reckon.
const PATIENCE: Duration = Duration::from_secs(120);

/// Arguments of `admin import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file with the lines, `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
}

/// Who takes a hash over.
pub trait Imports {
    /// Takes one hash over.
    ///
    /// # Errors
    /// The server's refusal, or why it could not be asked.
    async fn import(&self, entry: &Entry) -> Result<(), CommandError>;
}

impl Imports for Connection {
    async fn import(&self, entry: &Entry) -> Result<(), CommandError> {
        let message = ImportPasswordHashRequest {
            admin: Some(By::from(entry.admin.clone())),
            password_hash: entry.password_hash.expose_secret().to_owned(),
        };
        let answer = self.call(message, |channel, request| async move {
            AuthServiceClient::new(channel)
                .import_password_hash(request)
                .await
        });
        answer.await.map(drop)
    }
}

/// Imports all lines; what cannot be imported is told with its line, and does not keep the others from it.
///
/// # Errors
/// Why it could not go on; what came of the lines until then has been printed.
pub async fn run(global: Global, args: ImportArgs) -> Result<ExitCode, CommandError> {
    let report = Report::new(global.output, io::stdout());
    let connection = Context::new(global)?.auth()?;
    let progress = Progress::of_lines();
    let summary = if args.file.as_os_str() == "-" {
        import(&connection, io::stdin().lock(), report, &progress).await
    } else {
        let file = File::open(&args.file).map_err(|error| CommandError::File {
            path: args.file.clone(),
            error,
        })?;
        import(&connection, BufReader::new(file), report, &progress).await
    };
    Ok(summary?.exit_code())
}

async fn import<W: Write>(
    service: &impl Imports,
    input: impl BufRead,
    mut report: Report<W>,
    progress: &Progress,
) -> Result<Summary, CommandError> {
    let mut summary = Summary::default();
    report.list("failures")?;
    let ended = every_line(service, input, &mut report, progress, &mut summary).await;
    progress.aside(|| report.end(&summary))?;
    ended.map(|()| summary)
}

async fn every_line<W: Write>(
    service: &impl Imports,
    input: impl BufRead,
    report: &mut Report<W>,
    progress: &Progress,
    summary: &mut Summary,
) -> Result<(), CommandError> {
    let mut entries = Entries::new(input);
    loop {
        summary.begin(entries.number() + 1);
        let Some(Line { number, entry }) = entries.next().map_err(unreadable)? else {
            summary.end();
            return Ok(());
        };
        summary.begin(number);
        let failure = match entry {
            Err(why) => Some(Failure::of_line(number, why)),
            Ok(entry) => match patiently(service, &entry).await {
                Ok(()) => None,
                Err(error) if is_about_line(&error) => Some(Failure::of_entry(number, entry.admin, &error)),
                Err(error) => return Err(for_operators(error)),
            },
        };
        summary.count(failure.is_none());
        progress.tell_lines(number);
        if let Some(failure) = failure {
            progress.aside(|| report.entry(&failure).and_then(|()| report.flush()))?;
        }
    }
}

/// Waits as long as the server asks for before it tries again.
async fn patiently(service: &impl Imports, entry: &Entry) -> Result<(), CommandError> {
    let end = Instant::now() + PATIENCE;
    loop {
        let Err(error) = service.import(entry).await else {
            return Ok(());
        };
        match error.retry_after() {
            Some(pause) if Instant::now() + pause < end => sleep(pause).await,
            _ => return Err(error),
        }
    }
}

fn unreadable(error: io::Error) -> CommandError {
    CommandError::File {
        path: PathBuf::from("the lines to import"),
        error,
    }
}
