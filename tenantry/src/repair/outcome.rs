//! What came of a repair.

use std::fmt;

use serde::Serialize;
use tonic::Code;

use super::target::Target;
use crate::{errors::CommandError, output::printable, verify::Verdict};

/// What came of one attempt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    #[serde(flatten)]
    target: Target,
    actions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Outcome {
    /// It went well; these things were done, in this order.
    pub fn done(target: Target, actions: Vec<String>) -> Self {
        Self {
            target,
            actions,
            error: None,
        }
    }

    /// It was refused.
    pub fn refused(target: Target, error: &CommandError) -> Self {
        let text = error.to_string();
        Self {
            target,
            actions: Vec::new(),
            error: Some(text.trim_start_matches("error: ").to_owned()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = printable(&self.target.to_string());
        match &self.error {
            // An error's own lines are printable already, and indented.
            Some(error) => write!(f, "NOT REPAIRED {target}\n  {error}"),
            None if self.actions.is_empty() => write!(f, "NOTHING TO DO {target}"),
            None => {
                write!(f, "REPAIRED {target}")?;
                let mut actions = self.actions.iter();
                actions.try_for_each(|action| write!(f, "\n  {}", printable(action)))
            }
        }
    }
}

/// Whether the server refused this one thing, so that others may well be repaired: its operation halts again, somebody
/// else is at it, it is gone. Anything else is true of all.
pub fn is_about_target(error: &CommandError) -> bool {
    let CommandError::Refused { status, .. } = error else {
        return false;
    };
    match status.code() {
        Code::NotFound | Code::FailedPrecondition | Code::Aborted | Code::InvalidArgument => true,
        Code::Unavailable => error.reason().as_deref() == Some("OPERATION_IN_PROGRESS"),
        _ => false,
    }
}

/// How many attempts went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    repaired: u64,
    failed: u64,
}

impl Tally {
    /// Counts an attempt.
    pub fn count(&mut self, outcome: &Outcome) {
        if outcome.error.is_none() {
            self.repaired += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Sound when none failed.
    pub fn verdict(self) -> Verdict {
        if self.failed == 0 {
            Verdict::Sound
        } else {
            Verdict::Damaged
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repaired, failed } = self;
        write!(
            f,
            "{repaired} repaired, {failed} not; `tenantry verify` tells whether all is sound"
        )
    }
}
