//! The figures, for people.

use std::io::{self, Write};

use super::report::{FloodFigures, FloodRound, LoginFigures, Measured, Report, Setting};
use crate::{host::Disturbance, latency::Summary, table::table};

/// Prints the report to standard output.
pub(super) fn print(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Report {
        setting,
        floods,
        logins,
    } = report;
    writeln!(out, "{}\n", heading(setting))?;
    writeln!(out, "{}\n", probes(floods))?;
    writeln!(out, "{}\n", summary(floods))?;
    writeln!(out, "{}", logins_beside_bcrypt(logins))?;
    for flood in floods {
        if let Some(why) = flood.first_failure() {
            writeln!(out, "\nThe first failure with {}: {why}", flood.clients)?;
        }
    }
    writeln!(
        out,
        "\nLatencies are in milliseconds. OTHERS: what other processes and guests took of these CPUs; * more than {:.0} %,\n\
         however often it was measured: left out of the medians while there are others. A MongoDB is among the others, and\n\
         spoils nothing.",
        100.0 * Disturbance::MOST,
    )?;
    out.flush()
}

fn heading(setting: &Setting) -> String {
    let Setting {
        store,
        placement,
        hash_threads,
        hash_queue,
        bcrypt_cost,
        rate,
        connections,
        seconds,
        burst,
        spin,
    } = setting;
    let mut manner = String::new();
    if *burst {
        manner += " The flood begins in one instant.";
    }
    if *spin {
        manner += " Who is refused asks again at once.";
    }
    if cfg!(debug_assertions) {
        manner += "\nBuilt without --release: the figures say nothing.";
    }
    format!(
        "auth-service on CPU {}, store {store}, hashing threads {hash_threads}, queue {hash_queue}, bcrypt cost {bcrypt_cost}. \
         Load on CPU {}.\nValidateToken {rate} times per second, open loop, {connections} connections, {seconds} s each.{manner}",
        placement.server, placement.load,
    )
}

fn probes(floods: &[FloodFigures]) -> String {
    let mut rows = Vec::new();
    for number in 0..floods.iter().map(|flood| flood.rounds.len()).max().unwrap_or(0) {
        for flood in floods {
            if let Some(round) = flood.rounds.get(number) {
                rows.extend(pair(number + 1, flood.clients, round));
            }
        }
    }
    let heading = "ROUND|VALIDATETOKEN|CALLS|FAILED|P50|P99|P99.9|MAX|P99 RATIO|OTHERS";
    table(heading, rows)
}

fn pair(number: usize, clients: usize, round: &Measured<FloodRound>) -> [Vec<String>; 2] {
    let FloodRound {
        quiet,
        flood,
        p99_ratio,
        ..
    } = &round.figures;
    let row = |name: String, probed: &crate::open_loop::Probed, ratio: String, others: String| {
        let Summary {
            count,
            p50_us,
            p99_us,
            p99_9_us,
            max_us,
        } = probed.latency;
        let mut row = vec![
            number.to_string(),
            name,
            count.to_string(),
            probed.failed.to_string(),
        ];
        row.extend([p50_us, p99_us, p99_9_us, max_us].map(millis));
        row.extend([ratio, others]);
        row
    };
    let with = format!("with {clients} logins");
    [
        row("alone".to_owned(), quiet, String::new(), String::new()),
        row(with, flood, format!("{p99_ratio:.2}"), others(round)),
    ]
}

fn summary(floods: &[FloodFigures]) -> String {
    let rows = floods.iter().map(|flood| {
        let Summary {
            count,
            p50_us,
            p99_us,
            max_us,
            ..
        } = flood.refused;
        let refused = [p50_us, p99_us, max_us].map(|us| if count == 0 { "-".to_owned() } else { millis(us) });
        let mut row = vec![
            flood.clients.to_string(),
            format!("{:.2}", flood.p99_ratio),
            flood.failed_calls.to_string(),
            format!("{:.2}", flood.logins_per_second),
            format!("{:.0}", flood.refused_per_second),
        ];
        row.extend(refused);
        row.extend([flood.late_logins.to_string(), flood.failed_logins.to_string()]);
        row.push(format!("{:.1} MiB", flood.memory_growth_kib as f64 / 1_024.0));
        row
    });
    let heading = "LOGINS|P99 RATIO|FAILED CALLS|LOGINS/S|REFUSED/S|REFUSED P50|P99|MAX|LATE|FAILED|MEMORY +";
    table(heading, rows.collect())
}

fn logins_beside_bcrypt(logins: &LoginFigures) -> String {
    let rounds = logins.rounds.iter().enumerate().map(|(number, round)| {
        let figures = &round.figures;
        vec![
            (number + 1).to_string(),
            format!("{:.3}", figures.logins_per_second),
            format!("{:.3}", figures.bcrypt_per_second),
            format!("{:.3}", figures.ratio),
            others(round),
        ]
    });
    let median = ["median", "", "", &format!("{:.3}", logins.ratio), ""].map(str::to_owned);
    let rows = rounds.chain([median.to_vec()]).collect();
    table("ROUND|LOGINS/S|BCRYPT/S|RATIO|OTHERS", rows)
}

fn others<T>(round: &Measured<T>) -> String {
    let mark = if round.spoilt { " *" } else { "" };
    format!("{}{mark}", round.disturbance)
}

fn millis(micros: u64) -> String {
    format!("{:.3}", micros as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spoilt_round_is_marked() {
        let round = |spoilt| Measured {
            figures: (),
            disturbance: Disturbance {
                foreign: 0.2,
                steal: 0.014,
            },
            spoilt,
        };
        assert_eq!(
            (others(&round(true)), others(&round(false))),
            ("21 % *".to_owned(), "21 %".to_owned())
        );
        assert_eq!(millis(1_234), "1.234");
    }
}
