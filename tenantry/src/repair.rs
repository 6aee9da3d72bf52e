//! `tenantry repair`: does the safe things about what `tenantry verify` finds, and says what it did.

mod outcome;
mod target;

use std::{
    collections::HashSet,
    io::{self, Write},
};

use clap::Args;
use tenantry_proto::organization::v1::Finding;

use self::{
    outcome::{Outcome, Tally},
    target::Target,
};
use crate::{
    errors::CommandError,
    global::Global,
    progress::Progress,
    prompt,
    report::Report,
    verify::{Pages, Repairs, SourceArgs, Summary, Verdict, Walk, tell, verdict},
};

/// The exit codes of `repair`, for its help.
pub const EXIT_CODES: &str = "Exit codes: 0 nothing damaged is left, 1 something is, 2 not everything could be looked \
    at, 64 wrong usage, 74 the answer could not be printed";

/// Arguments of `repair`.
#[derive(Args, Debug)]
pub struct RepairArgs {
    /// Organizations by their ids, and collections of nobody by their names [default: whatever `verify` finds]
    #[arg(value_name = "ID|COLLECTION")]
    pub targets: Vec<Target>,
    /// Repairs whatever `verify` finds, as is done when nothing is named
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// Tells what is wrong and what could be repaired, and does nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Does not ask; needed when standard input is no terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Repairs what can be repaired, and tells what is left.
///
/// # Errors
/// Why not everything could be looked at or tried; what was done until then has been printed.
pub async fn run(global: Global, args: RepairArgs) -> Result<Verdict, CommandError> {
    let question = "Repair what can be repaired? No data is ever deleted by it.";
    if !args.dry_run && !args.yes && !prompt::confirm(question)? {
        return Err(CommandError::Usage(
            "nothing was repaired: it was not confirmed".to_owned(),
        ));
    }
    let report = Report::new(global.output, io::stdout());
    let maintenance = args.source.open(global).await?;
    let progress = Progress::on_terminal();
    let outcome = match (args.dry_run, args.targets) {
        (true, targets) => plan(&maintenance, report, &progress, &targets).await,
        (false, targets) if targets.is_empty() => everything(&maintenance, report, &progress).await,
        (false, targets) => named(&maintenance, report, targets).await,
    };
    maintenance.stop(outcome).await
}

/// Tells what is wrong, of these alone if any are named, and which of it could be repaired.
async fn plan<W: Write>(
    pages: &impl Pages,
    report: Report<W>,
    progress: &Progress,
    targets: &[Target],
) -> Result<Verdict, CommandError> {
    let wanted =
        |finding: &Finding| targets.is_empty() || targets.iter().any(|target| target.is_meant_by(finding));
    let summary = tell(pages, report, progress, wanted).await?;
    Ok(verdict(&summary))
}

/// Repairs these, and judges by what came of each.
async fn named<W: Write>(
    service: &impl Repairs,
    mut report: Report<W>,
    targets: Vec<Target>,
) -> Result<Verdict, CommandError> {
    let mut tally = Tally::default();
    for target in targets {
        match attempt(service, target).await {
            Ok(outcome) => {
                tally.count(&outcome);
                report.list("repairs")?;
                report.entry(&outcome)?;
                report.flush()?;
            }
            Err(error) => {
                if report.is_begun() {
                    report.end(&tally)?;
                }
                return Err(error);
            }
        }
    }
    report.end(&tally)?;
    Ok(tally.verdict())
}

/// Repairs whatever is found and can be repaired, then looks at everything again: only that tells what is left.
async fn everything<W: Write>(
    service: &(impl Pages + Repairs),
    mut report: Report<W>,
    progress: &Progress,
) -> Result<Verdict, CommandError> {
    let mut walk = Walk::new(service, progress);
    if let Err(error) = mend(service, &mut walk, &mut report, progress).await {
        if report.is_begun() {
            report.list("findings")?;
            report.end(&walk.summary)?;
        }
        return Err(error);
    }
    let summary: Summary = tell(service, report, progress, |_| true).await?;
    Ok(verdict(&summary))
}

/// One attempt for each organization and collection that a walk finds something repairable about.
async fn mend<P: Pages, W: Write>(
    service: &impl Repairs,
    walk: &mut Walk<'_, P>,
    report: &mut Report<W>,
    progress: &Progress,
) -> Result<(), CommandError> {
    // One id for each that was damaged, however many findings there were about it.
    let mut tried = HashSet::new();
    while let Some(findings) = walk.next().await? {
        report.list("repairs")?;
        for finding in findings {
            walk.summary.count(&finding);
            let Some(target) = Target::of(&finding).filter(|_| finding.repairable) else {
                continue;
            };
            if tried.insert(target.clone()) {
                let outcome = attempt(service, target).await?;
                progress.aside(|| report.entry(&outcome).and_then(|()| report.flush()))?;
            }
        }
    }
    Ok(())
}

/// What came of one attempt. A refusal that is about this target alone is an outcome as well.
async fn attempt(service: &impl Repairs, target: Target) -> Result<Outcome, CommandError> {
    match service.repair(target.clone().into()).await {
        Ok(actions) => Ok(Outcome::done(target, actions)),
        Err(error) if outcome::is_about_target(&error) => Ok(Outcome::refused(target, &error)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
