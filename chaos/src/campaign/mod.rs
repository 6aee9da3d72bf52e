//! Many episodes, counted.

mod approach;
mod arguments;
mod episode;
mod fault;
mod lanes;
mod plan;
mod points;
mod progress;
mod regressions;
mod report;
mod scene;
mod strike;
mod tally;

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    io::{self, Write},
    process::ExitCode,
    time::Instant,
};

use clap::Parser;
use futures::future::try_join_all;
use tokio::runtime::Runtime;

use self::{arguments::Arguments, fault::Backend, lanes::Lanes, progress::say, report::Report, tally::Tally};
use crate::stack::LEASE;

/// Does what the command line asks for. The exit code is 1 when something was not as it was promised, or when nothing
/// was wrong with servers that were told to have a bug.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to hear of an error here.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let (seed, begun) = (arguments.seed(), Instant::now());
    say(&format!("seed {seed}"));
    let lanes = Lanes::new(arguments, seed);
    let backends = arguments.backends();
    let played = try_join_all(backends.iter().map(|backend| lanes.run(*backend))).await?;
    let (tallies, failures): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    let report = Report {
        seed,
        seeded_bug: arguments.bug.clone(),
        took: begun.elapsed(),
        lease: LEASE,
        tallies: backends.into_iter().zip(tallies).collect(),
        failures: failures.into_iter().flatten().collect(),
    };
    say(&format!("\n{}", report.to_markdown()));
    if let Some(file) = &arguments.report {
        fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    judge(arguments, &report)
}

fn judge(arguments: &Arguments, report: &Report) -> Result<(), Box<dyn Error>> {
    match (&arguments.bug, report.failures.len()) {
        (Some(bug), 0) => return Err(format!("the bug {bug} slipped through").into()),
        (Some(bug), _) => {
            say(&format!("the bug {bug} was found"));
            return Ok(());
        }
        (None, 0) => {}
        (None, failures) => return Err(format!("{failures} episodes failed").into()),
    }
    if arguments.every_point || !arguments.point.is_empty() {
        let never = report
            .tallies
            .iter()
            .flat_map(|(backend, tally)| never_fired(*backend, tally, &arguments.point));
        let never: Vec<_> = never.collect();
        if !never.is_empty() {
            return Err(format!("nothing was killed at {}", never.join(", ")).into());
        }
    }
    Ok(())
}

/// The points that were gone for in vain, or that there are not.
fn never_fired(backend: Backend, tally: &Tally, named: &[String]) -> Vec<String> {
    let fired = |point: &String| tally.points.get(point).is_some_and(|count| count.fired > 0);
    let all: BTreeSet<_> = tally.points.keys().chain(named).collect();
    let never = all.into_iter().filter(|point| !fired(point));
    never.map(|point| format!("{point} ({backend})")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_where_nobody_died_is_told_and_so_is_one_that_there_is_not() {
        let mut tally = Tally::default();
        tally.points.entry("a.before".to_owned()).or_default().fired = 2;
        tally.points.entry("b.before".to_owned()).or_default().missed = 15;
        let named = ["a.before", "c.before"].map(str::to_owned);
        let never = never_fired(Backend::Embedded, &tally, &named);
        assert_eq!(never, ["b.before (embedded)", "c.before (embedded)"]);
    }
}
