//! The figures, for people.

use std::io::{self, Write};

use super::report::{CROP, Compared, Comparison, Figures, Report};
use crate::{statistics::THRESHOLD, table::table};

/// Prints the report to standard output.
pub(super) fn print(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n", heading(report))?;
    writeln!(out, "{}\n", comparisons(&report.comparisons))?;
    let largest = figure(report.largest_t, 2);
    writeln!(out, "The largest |t| is {largest}, to be < {THRESHOLD}.")?;
    writeln!(
        out,
        "\nMeans and standard deviations are in milliseconds, differences in microseconds, the class less unknown, with their\n\
         95 % confidence interval. raw: as measured, by Welch's t. cropped: without what is beyond the {:.0}th percentile of\n\
         both. blocks: the means of each block, by the t for pairs. all: the samples of all servers, brought to\n\
         one level. Of fewer than ten values t does not count towards the largest.",
        100.0 * CROP,
    )?;
    out.flush()
}

fn heading(report: &Report) -> String {
    let Report { setting, servers, .. } = report;
    let mut heading = format!(
        "Refused logins, one at a time, {} of each class at each server, {} accounts of each kind,\n\
         store {}, one hashing thread, bcrypt cost {}, seed {}.",
        setting.samples_per_class,
        setting.accounts_per_kind,
        setting.store,
        setting.bcrypt_cost,
        setting.seed,
    );
    for (number, server) in servers.iter().enumerate() {
        heading += &format!(
            "\nServer {} on CPU {}, its client on CPU {}; others took {} of that.",
            number + 1,
            server.placement.server,
            server.placement.load,
            server.disturbance,
        );
    }
    if cfg!(debug_assertions) {
        heading += "\nBuilt without --release: the figures say little.";
    }
    heading
}

fn comparisons(comparisons: &[Comparison]) -> String {
    let mut rows = Vec::new();
    for Comparison { class, all, servers } in comparisons {
        rows.extend(three(class, "all", all));
        for (number, figures) in servers.iter().enumerate().filter(|_| servers.len() > 1) {
            rows.extend(three(class, &(number + 1).to_string(), figures));
        }
    }
    table(
        "CLASS|SERVER|SAMPLES|N|MEAN|SD|UNKNOWN N|MEAN|SD|DIFFERENCE|FROM|TO|T",
        rows,
    )
}

fn three(class: &str, server: &str, figures: &Figures) -> [Vec<String>; 3] {
    let Figures { raw, cropped, blocks } = figures;
    [("raw", raw), ("cropped", cropped), ("blocks", blocks)]
        .map(|(samples, compared)| row([class, server, samples], compared))
}

fn row(of: [&str; 3], compared: &Compared) -> Vec<String> {
    let Compared {
        class,
        unknown,
        difference,
    } = compared;
    let mut row: Vec<_> = of.map(str::to_owned).to_vec();
    for moments in [class, unknown] {
        row.push(moments.n.to_string());
        row.extend([moments.mean, moments.sd].map(|micros| figure(micros / 1_000.0, 3)));
    }
    row.extend([difference.mean, difference.low, difference.high].map(|micros| figure(micros, 1)));
    row.push(figure(difference.t, 2));
    row
}

/// With so many decimals; a dash where there are too few samples to say.
fn figure(value: f64, decimals: usize) -> String {
    if value.is_finite() {
        format!("{value:.decimals$}")
    } else {
        "-".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Difference, Moments};

    #[test]
    fn means_are_told_in_milliseconds_and_differences_in_microseconds() {
        let moments = |n, mean, sd| Moments { n, mean, sd };
        let compared = Compared {
            class: moments(10, 75_123.4, 1_500.0),
            unknown: moments(10, 75_100.0, f64::NAN),
            difference: Difference {
                mean: 23.4,
                low: -6.0,
                high: 52.8,
                t: 1.557,
            },
        };
        let told = row(["wrong", "1", "raw"], &compared).join(" ");
        assert_eq!(
            told,
            "wrong 1 raw 10 75.123 1.500 10 75.100 - 23.4 -6.0 52.8 1.56"
        );
    }
}
