//! Why a command failed, how that is shown, and the exit code it gives.

use std::{fmt, io, path::PathBuf, process::ExitCode, time::Duration};

use tenantry_common::rpc::status::reason_of;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::output::printable;

/// Why a command failed.
#[derive(Debug)]
pub enum CommandError {
    /// The server answered with an error; exit code 1.
    Refused {
        /// Its answer.
        status: Box<Status>,
        /// Whether this was the answer to a repeat, after an attempt whose answer was lost.
        repeated: bool,
        /// What the user can do about it, where the command knows better than the server.
        hint: Option<String>,
    },
    /// The saved login is missing or over, which the server would have said too; exit code 1.
    NotLoggedIn {
        /// What is wrong with it.
        message: String,
        /// The reason that the server would have given.
        reason: &'static str,
    },
    /// Both servers could not be run; exit code 1.
    Dev(String),
    /// A store cannot be opened; exit code 2.
    Store {
        /// Which one, and why.
        message: String,
        /// What the user can do about it; may be empty.
        hint: String,
    },
    /// Whether the stores are sound could not be found out; exit code 2.
    CouldNotLook(Box<CommandError>),
    /// The server did not answer; exit code 2.
    Unreachable {
        /// Which server, where, and what went wrong.
        message: String,
        /// What the user can do about it.
        hint: String,
    },
    /// The command cannot be carried out as it was typed; exit code 64.
    Usage(String),
    /// A file of ours could not be read or written; exit code 74.
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The answer could not be printed; exit code 74.
    Output(io::Error),
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl CommandError {
    /// The exit code, after BSD's sysexits(3) where that has one.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused { .. } | Self::NotLoggedIn { .. } | Self::Dev(_) => 1,
            Self::Unreachable { .. } | Self::Store { .. } | Self::CouldNotLook(_) => 2,
            Self::Usage(_) => 64,
            Self::File { .. } | Self::Output(_) => 74,
        })
    }

    /// The reason in the server's ErrorInfo, if it gave one.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Refused { status, .. } => reason_of(status),
            _ => None,
        }
    }

    /// How long the server asks to wait before the call is made again: where too much was asked of it, or it is not ready.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { status, .. }
                if matches!(status.code(), Code::ResourceExhausted | Code::Unavailable) =>
            {
                status.get_details_retry_info()?.retry_delay
            }
            _ => None,
        }
    }

    /// The same error with one more thing that the user can do.
    #[must_use]
    pub fn with_hint(self, text: String) -> Self {
        match self {
            Self::Refused { status, repeated, .. } => Self::Refused {
                status,
                repeated,
                hint: Some(text),
            },
            Self::Unreachable { message, hint } => Self::Unreachable {
                message,
                hint: format!("{hint}\n  {text}"),
            },
            other => other,
        }
    }

    /// The same error where it keeps a question from being answered, so that no exit code can be taken for an
    /// answer. A misuse of the command line, and an answer that nobody can read, stay what they are.
    #[must_use]
    pub fn could_not_look(self) -> Self {
        match self {
            Self::Usage(_) | Self::Output(_) => self,
            other => Self::CouldNotLook(Box::new(other)),
        }
    }

    /// Whether the reader of our output went away, who then wants no error text either.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A block of lines: what happened, then one indented line for each thing known about it.
impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, hint, .. } => {
                write_status(f, status)?;
                hint.iter().try_for_each(|hint| write!(f, "\n  {hint}"))
            }
            Self::NotLoggedIn { message, reason } => {
                write!(
                    f,
                    "error: {message}  [UNAUTHENTICATED {reason}]\n  log in with `tenantry login`"
                )
            }
            Self::Unreachable { message, hint } => write!(f, "error: {}\n  {hint}", printable(message)),
            Self::Store { message, hint } => {
                write!(f, "error: {}", printable(message))?;
                if hint.is_empty() {
                    Ok(())
                } else {
                    write!(f, "\n  {hint}")
                }
            }
            Self::CouldNotLook(why) => why.fmt(f),
            Self::Dev(message) | Self::Usage(message) => write!(f, "error: {message}"),
            Self::File { path, error } => write!(f, "error: {}: {error}", path.display()),
            Self::Output(error) => write!(f, "error: cannot print the answer: {error}"),
        }
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, status: &Status) -> fmt::Result {
    let message = if status.message().is_empty() {
        "the server gave no text"
    } else {
        status.message()
    };
    let details = status.get_error_details();
    let reason = details
        .error_info()
        .map(|info| format!(" {}", info.reason))
        .unwrap_or_default();
    write!(
        f,
        "error: {}  [{}{}]",
        printable(message),
        code_name(status.code()),
        printable(&reason)
    )?;
    write_details(f, &details)?;
    if let Some(id) = status
        .metadata()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
    {
        write!(f, "\n  request id {}", printable(id))?;
    }
    Ok(())
}

/// Bad fields, what else is known, and when to try again.
fn write_details(f: &mut fmt::Formatter<'_>, details: &ErrorDetails) -> fmt::Result {
    for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        write!(
            f,
            "\n  field {}: {}",
            printable(&violation.field),
            printable(&violation.description)
        )?;
    }
    let mut known: Vec<_> = details
        .error_info()
        .iter()
        .flat_map(|info| &info.metadata)
        .collect();
    known.sort();
    for (key, value) in known {
        write!(f, "\n  {}: {}", printable(key), printable(value))?;
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        write!(f, "\n  try again in {}", seconds(delay))?;
    }
    Ok(())
}

/// `1.5 s`: milliseconds at the finest.
fn seconds(delay: Duration) -> String {
    let text = format!("{:.3}", delay.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The code's name as the protos' comments and every other language write it: `ALREADY_EXISTS`.
pub fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use tenantry_common::rpc::status::Failure;
    use tonic_types::FieldViolation;

    use super::*;

    fn refused(failure: Failure) -> CommandError {
        let mut status = Status::from(failure);
        status
            .metadata_mut()
            .insert("x-request-id", "r-1".parse().unwrap());
        CommandError::Refused {
            status: Box::new(status),
            repeated: false,
            hint: None,
        }
    }

    #[test]
    fn every_detail_has_its_line() {
        let error = refused(
            Failure::new(Code::InvalidArgument, "INVALID_FIELDS", "two fields are bad")
                .violations(vec![
                    FieldViolation::new("admin.email", "must not be empty"),
                    FieldViolation::new("name", "must not be empty"),
                ])
                .metadata("available_time", "2026-11-21T12:00:00Z")
                .retry_after(Duration::from_millis(1_500)),
        );
        let text = error.with_hint("try another".to_owned()).to_string();
        assert_eq!(
            text,
            "error: two fields are bad  [INVALID_ARGUMENT INVALID_FIELDS]\n  \
             field admin.email: must not be empty\n  field name: must not be empty\n  \
             available_time: 2026-11-21T12:00:00Z\n  try again in 1.5 s\n  request id r-1\n  try another"
        );
    }

    #[test]
    fn a_status_without_details_is_shown_too() {
        let status = Box::new(Status::new(Code::Unimplemented, ""));
        let error = CommandError::Refused {
            status,
            repeated: false,
            hint: None,
        };
        assert_eq!(
            error.to_string(),
            "error: the server gave no text  [UNIMPLEMENTED]"
        );
    }

    #[test]
    fn a_server_cannot_steer_the_terminal() {
        let text = refused(Failure::new(Code::NotFound, "X", "gone\u{1b}[2J\nerror: forged")).to_string();
        assert!(!text.contains('\u{1b}'));
        assert_eq!(text.lines().next().unwrap().matches("forged").count(), 1);
    }

    #[test]
    fn code_names_are_those_of_the_protos() {
        for (code, name) in [
            (Code::Ok, "OK"),
            (Code::AlreadyExists, "ALREADY_EXISTS"),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            (Code::Unauthenticated, "UNAUTHENTICATED"),
        ] {
            assert_eq!(code_name(code), name);
        }
    }

    #[test]
    fn only_who_is_busy_is_waited_for() {
        let wait = Duration::from_secs(3);
        for (code, waits) in [
            (Code::ResourceExhausted, true),
            (Code::Unavailable, true),
            (Code::Aborted, false),
        ] {
            let error = refused(Failure::new(code, "X", "x").retry_after(wait));
            assert_eq!(error.retry_after(), waits.then_some(wait));
            assert_eq!(refused(Failure::new(code, "X", "x")).retry_after(), None);
        }
    }

    #[test]
    fn whole_seconds_have_no_fraction() {
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
        assert_eq!(seconds(Duration::from_millis(20)), "0.02 s");
    }
}
