//! `tenantry verify`: whether both services' stores are sound.

mod maintenance;
mod offline;
mod source;
mod stores;
mod walk;

use std::io::{self, Write};

use clap::Args;
use tenantry_proto::organization::v1::Finding;

pub use self::{
    maintenance::Repairs,
    source::SourceArgs,
    walk::{Pages, Summary, Walk},
};
use crate::{errors::CommandError, global::Global, progress::Progress, report::Report, views::FindingView};

/// Whether everything is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Notices at most; exit code 0.
    Sound,
    /// There is damage; exit code 1.
    Damaged,
}

/// The exit codes of `verify`, for its help.
pub const EXIT_CODES: &str = "Exit codes: 0 sound (there may be notices), 1 there is damage, 2 not everything could be \
    looked at, 64 wrong usage, 74 the answer could not be printed";

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Looks at everything, prints what is wrong as it is found, and tells whether all is sound.
///
/// # Errors
/// Why not everything could be looked at; what was found until then has been printed.
pub async fn run(global: Global, args: VerifyArgs) -> Result<Verdict, CommandError> {
    let report = Report::new(global.output, io::stdout());
    let maintenance = args.source.open(global).await?;
    let outcome = tell(&maintenance, report, &Progress::on_terminal(), |_| true).await;
    let summary = maintenance.stop(outcome).await?;
    Ok(verdict(&summary))
}

/// What a walk of everything came to.
pub fn verdict(summary: &Summary) -> Verdict {
    if summary.sound() == Some(true) {
        Verdict::Sound
    } else {
        Verdict::Damaged
    }
}

/// Adds the findings that are `wanted` to the report, page by page, and ends it.
///
/// # Errors
/// Why a page could not be had or printed. A report that was begun is whole nevertheless, and says that not
/// everything was looked at.
pub async fn tell<P: Pages, W: Write>(
    pages: &P,
    mut report: Report<W>,
    progress: &Progress,
    wanted: impl Fn(&Finding) -> bool,
) -> Result<Summary, CommandError> {
    let mut walk = Walk::new(pages, progress);
    let mut failed = None;
    loop {
        match walk.next().await {
            Ok(None) => break,
            Ok(Some(findings)) => {
                let findings = findings.into_iter().filter(&wanted);
                progress.aside(|| page(&mut report, &mut walk.summary, findings))?;
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if failed.is_none() || report.is_begun() {
        progress.aside(|| report.end(&walk.summary))?;
    }
    failed.map_or(Ok(walk.summary), Err)
}

fn page<W: Write>(
    report: &mut Report<W>,
    summary: &mut Summary,
    findings: impl Iterator<Item = Finding>,
) -> io::Result<()> {
    report.list("findings")?;
    for finding in findings {
        summary.count(&finding);
        report.entry(&FindingView::from(finding))?;
    }
    report.flush()
}

#[cfg(test)]
mod tests;
