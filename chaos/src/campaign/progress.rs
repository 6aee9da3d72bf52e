//! What is told while a campaign runs.

use std::{
    io::{self, Write},
    time::Instant,
};

use super::{
    episode::{Ended, Episode},
    tally::Verdict,
};

/// Tells of every episode that has ended.
#[derive(Clone, Debug)]
pub struct Progress {
    begun: Instant,
}

impl Progress {
    /// From now on.
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
        }
    }

    /// An episode has ended.
    pub fn tell(&self, episode: &Episode, ended: &Ended) {
        let void = ended
            .struck
            .iter()
            .filter(|struck| matches!(struck.verdict, Verdict::Void(_)));
        let seconds = self.begun.elapsed().as_secs();
        say(&format!(
            "{:02}:{:02} {} {}: {} faults ({} void), {} calls{}",
            seconds / 60,
            seconds % 60,
            episode.backend,
            episode.seed,
            ended.struck.len(),
            void.count(),
            ended.calls.len(),
            if ended.failure.is_some() { ", FAILED" } else { "" },
        ));
        if let Some(failure) = &ended.failure {
            say(&format!("  after {}", failure.fault));
            for finding in &failure.findings {
                say(&format!("  {finding}"));
            }
        }
    }
}

/// Prints a line.
pub fn say(line: &str) {
    // Nobody is left to hear of an error here.
    let _ = writeln!(io::stdout().lock(), "{line}");
}
