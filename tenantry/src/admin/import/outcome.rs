//! What came of the lines of an import.

use std::{fmt, process::ExitCode};

use serde::Serialize;
use tonic::Code;

use super::super::name::AdminName;
use crate::{errors::CommandError, output::printable};

/// A line that was not imported, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    line: u64,
    #[serde(flatten)]
    admin: Option<AdminName>,
    error: String,
}

impl Failure {
    /// It says nothing that could be imported.
    pub fn of_line(line: u64, why: String) -> Self {
        Self {
            line,
            admin: None,
            error: why,
        }
    }

    /// The server refused it.
    pub fn of_entry(line: u64, admin: AdminName, error: &CommandError) -> Self {
        Self {
            line,
            admin: Some(admin),
            error: error.to_string().trim_start_matches("error: ").to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NOT IMPORTED line {}", self.line)?;
        if let Some(admin) = &self.admin {
            write!(f, " {}", printable(&admin.to_string()))?;
        }
        // An error's own lines are printable already, and indented.
        write!(f, "\n  {}", self.error)
    }
}

/// Whether the server refused this one line, so that others may well be imported. What is said of the caller or the
/// server is true of all.
pub fn is_about_line(error: &CommandError) -> bool {
    let CommandError::Refused { status, .. } = error else {
        return false;
    };
    match status.code() {
        Code::NotFound
        | Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::AlreadyExists
        | Code::Internal => true,
        // A line that is too much for the server; a wait has been made already where it asked for one.
        Code::ResourceExhausted => error.retry_after().is_none(),
        _ => false,
    }
}

/// How many lines went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    imported: u64,
    failed: u64,
    /// The line that is worked on; at the end of an import, the one at which it was broken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_off_at_line: Option<u64>,
}

impl Summary {
    /// This line is worked on now.
    pub const fn begin(&mut self, line: u64) {
        self.broken_off_at_line = Some(line);
    }

    /// Counts the line that was worked on.
    pub const fn count(&mut self, imported: bool) {
        if imported {
            self.imported += 1;
        } else {
            self.failed += 1;
        }
    }

    /// There are no more lines.
    pub const fn end(&mut self) {
        self.broken_off_at_line = None;
    }

    /// 1 when a line was not imported.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(u8::from(self.failed > 0))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.broken_off_at_line {
            write!(f, "broken off at line {line}: ")?;
        }
        write!(f, "{} imported, {} not", self.imported, self.failed)
    }
}
