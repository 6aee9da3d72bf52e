//! What a campaign did and found, as JSON and for people.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    fault::{Backend, Category},
    tally::{Failure, Tally, percentile},
};

/// A campaign, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The seed that everything was drawn from.
    pub seed: u64,
    /// The bug that the servers were told to have.
    pub seeded_bug: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// How long a lease is.
    pub lease: Duration,
    /// By store.
    pub tallies: BTreeMap<Backend, Tally>,
    /// What was not as promised.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Tables in Markdown, and every failure with the command that repeats it.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) -> std::fmt::Result {
        let minutes = self.took.as_secs_f64() / 60.0;
        writeln!(text, "Seed {}, {minutes:.1} minutes.\n", self.seed)?;
        writeln!(
            text,
            "| store | fault | injected | survived | refused | failed | void | p50 | p99 | max |"
        )?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for (backend, tally) in &self.tallies {
            for category in Category::ALL {
                row(text, *backend, category, tally)?;
            }
        }
        writeln!(text)?;
        for (backend, tally) in &self.tallies {
            let fired = tally.points.values().filter(|point| point.fired > 0).count();
            writeln!(
                text,
                "{backend}: {} episodes ({} with two replicas of org-service), {} calls, {} of them answered OK, {} \
                 logins tried after faults; struck at {fired} named points.",
                tally.episodes, tally.with_two_replicas, tally.calls, tally.acknowledged, tally.logins_tried
            )?;
        }
        for failure in &self.failures {
            self.write_failure(text, failure)?;
        }
        Ok(())
    }

    fn write_failure(&self, text: &mut String, failure: &Failure) -> std::fmt::Result {
        let Failure {
            backend,
            seed,
            fault,
            findings,
            kept,
        } = failure;
        writeln!(text, "\nFAILED after {fault}:")?;
        for finding in findings {
            writeln!(text, "  {finding}")?;
        }
        if let Some(kept) = kept {
            writeln!(text, "  kept: {kept}")?;
        }
        writeln!(
            text,
            "  again: cargo xtask chaos --store {backend} --episode {seed}"
        )
    }
}

fn row(text: &mut String, backend: Backend, category: Category, tally: &Tally) -> std::fmt::Result {
    let count = tally.counts.get(&category).copied().unwrap_or_default();
    let recoveries = tally.recoveries.get(&category).map_or(&[][..], Vec::as_slice);
    let figure = |hundredths| match percentile(recoveries, hundredths) {
        Some(millis) => format!("{millis} ms"),
        None => "–".to_owned(),
    };
    writeln!(
        text,
        "| {backend} | {category} | {} | {} | {} | {} | {} | {} | {} | {} |",
        count.injected,
        count.survived,
        count.refused,
        count.failed,
        count.void,
        figure(50),
        figure(99),
        figure(100)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::tally::Count;

    #[test]
    fn a_report_shows_counts_and_how_to_repeat_a_failure() {
        let mut tally = Tally::default();
        let count = Count {
            injected: 7,
            survived: 6,
            failed: 1,
            ..Count::default()
        };
        tally.counts.insert(Category::Kill, count);
        tally.recoveries.insert(Category::Kill, vec![10, 20, 900]);
        let failure = Failure {
            backend: Backend::Embedded,
            seed: 42,
            fault: "kill org-service".to_owned(),
            findings: vec!["an organization is gone".to_owned()],
            kept: None,
        };
        let report = Report {
            seed: 1,
            seeded_bug: None,
            took: Duration::from_secs(90),
            lease: Duration::from_secs(1),
            tallies: [(Backend::Embedded, tally)].into(),
            failures: vec![failure],
        };
        let text = report.to_markdown();
        for part in [
            "Seed 1, 1.5 minutes.",
            "| embedded | kill | 7 | 6 | 0 | 1 | 0 | 20 ms | 900 ms | 900 ms |",
            "an organization is gone",
            "cargo xtask chaos --store embedded --episode 42",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        let again: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        assert_eq!(again.to_markdown(), text);
    }
}
