//! What keeps a stack from running.

use std::{fs, io, path::Path, process::ExitStatus, time::Duration};

use super::Server;

/// Lines of a log that an error shows.
const TAIL: usize = 25;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system's.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// How it went wrong.
        source: io::Error,
    },
    /// A process ended that nobody killed.
    #[error("{who} ended with {status}; {log}")]
    Died {
        /// Which one.
        who: String,
        /// How.
        status: ExitStatus,
        /// Where its log is, and the end of it.
        log: String,
    },
    /// Something was waited for in vain.
    #[error("{what} within {patience:?}; {log}")]
    TooLate {
        /// What did not happen.
        what: String,
        /// How long it was waited for.
        patience: Duration,
        /// Where a log is, and the end of it.
        log: String,
    },
    /// A server did not take an order.
    #[error("{0} refuses the order {1:?}")]
    Refused(Server, String),
    /// There is no such server in this stack, or it is not running.
    #[error("{0} is not running")]
    NotRunning(Server),
    /// What was asked for needs a MongoDB, or one of our own.
    #[error("{0}")]
    Unfit(&'static str),
    /// MongoDB's, on the way around the links.
    #[error("MongoDB: {0}")]
    MongoDb(#[from] mongodb::error::Error),
    /// A server's refusal of what was done by hand.
    #[error("by hand: {0}")]
    Answer(Box<tonic::Status>),
    /// A server's answer to a call that must go well.
    #[error("ListFindings: {0}")]
    Findings(Box<tonic::Status>),
}

impl Error {
    /// For `map_err`: what was tried.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

/// Where the log is, and its last lines.
pub(super) fn end_of(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    format!("{} ends:\n{tail}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_shown() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let lines: Vec<_> = (0..100).map(|number| format!("line {number}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        let shown = end_of(&log);
        assert!(
            shown.contains("line 75\n") && shown.ends_with("line 99"),
            "{shown}"
        );
        assert!(!shown.contains("line 74"), "{shown}");
    }
}
