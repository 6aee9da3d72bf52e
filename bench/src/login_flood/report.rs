//! The figures, and what becomes of those of many rounds.

use serde::Serialize;

use super::flood::Flooded;
use crate::{
    Failure,
    cpus::Placement,
    host::Disturbance,
    latency::{Latencies, Summary},
    open_loop::Probed,
};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// What was measured, and how.
    pub(super) setting: Setting,
    /// For each size of flood.
    pub(super) floods: Vec<FloodFigures>,
    /// Logins beside raw bcrypt.
    pub(super) logins: LoginFigures,
}

/// What was measured, and how.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Setting {
    pub(super) store: String,
    pub(super) placement: Placement,
    pub(super) hash_threads: usize,
    pub(super) hash_queue: usize,
    pub(super) bcrypt_cost: String,
    pub(super) rate: u32,
    pub(super) connections: usize,
    pub(super) seconds: f64,
    pub(super) burst: bool,
    pub(super) spin: bool,
}

/// What was measured once, and what disturbed it.
#[derive(Debug, Serialize)]
pub(super) struct Measured<T> {
    #[serde(flatten)]
    pub(super) figures: T,
    #[serde(flatten)]
    pub(super) disturbance: Disturbance,
    /// Whether it was disturbed each time that it was tried.
    pub(super) spoilt: bool,
}

/// ValidateToken without and with one flood.
#[derive(Debug, Serialize)]
pub(super) struct FloodRound {
    pub(super) quiet: Probed,
    pub(super) flood: Probed,
    /// p99 with the flood ÷ p99 without.
    pub(super) p99_ratio: f64,
    pub(super) logins_per_second: f64,
    pub(super) refused_per_second: f64,
    pub(super) refused: Summary,
    pub(super) late_logins: u64,
    pub(super) failed_logins: u64,
    pub(super) first_failure: Option<String>,
    /// What the server's memory grew by at most while the flood went on.
    pub(super) memory_growth_kib: u64,
    #[serde(skip)]
    pub(super) refused_latencies: Latencies,
}

/// All rounds with floods of one size.
#[derive(Debug, Serialize)]
pub(super) struct FloodFigures {
    pub(super) clients: usize,
    /// Median of the rounds that were not spoilt; of all where all were.
    pub(super) p99_ratio: f64,
    pub(super) failed_calls: u64,
    /// Median, likewise.
    pub(super) logins_per_second: f64,
    /// Median, likewise.
    pub(super) refused_per_second: f64,
    /// Of all rounds together.
    pub(super) refused: Summary,
    pub(super) late_logins: u64,
    pub(super) failed_logins: u64,
    /// The most of any round.
    pub(super) memory_growth_kib: u64,
    pub(super) rounds: Vec<Measured<FloodRound>>,
}

/// Logins beside raw bcrypt, once.
#[derive(Debug, Serialize)]
pub(super) struct LoginRound {
    pub(super) logins_per_second: f64,
    /// Just before and just after, together.
    pub(super) bcrypt_per_second: f64,
    pub(super) ratio: f64,
}

/// Logins beside raw bcrypt, in all rounds.
#[derive(Debug, Serialize)]
pub(super) struct LoginFigures {
    /// Median of the rounds that were not spoilt; of all where all were.
    pub(super) ratio: f64,
    pub(super) rounds: Vec<Measured<LoginRound>>,
}

impl FloodRound {
    pub(super) fn new(quiet: Probed, flood: Probed, flooded: Flooded, memory_growth_kib: u64) -> Self {
        let seconds = flooded.took.as_secs_f64();
        let refused = flooded.refused.summary();
        Self {
            p99_ratio: flood.latency.p99_us as f64 / quiet.latency.p99_us as f64,
            quiet,
            flood,
            logins_per_second: flooded.accepted as f64 / seconds,
            refused_per_second: refused.count as f64 / seconds,
            refused,
            late_logins: flooded.late,
            failed_logins: flooded.failed,
            first_failure: flooded.first_failure,
            memory_growth_kib,
            refused_latencies: flooded.refused,
        }
    }
}

impl FloodFigures {
    pub(super) fn of(clients: usize, rounds: Vec<Measured<FloodRound>>) -> Result<Self, Failure> {
        let mut refused = Latencies::new()?;
        for round in &rounds {
            refused.add(&round.figures.refused_latencies)?;
        }
        let sum = |of: fn(&FloodRound) -> u64| rounds.iter().map(|round| of(&round.figures)).sum();
        Ok(Self {
            clients,
            p99_ratio: median_of(&rounds, |round| round.p99_ratio),
            failed_calls: sum(|round| round.quiet.failed + round.flood.failed),
            logins_per_second: median_of(&rounds, |round| round.logins_per_second),
            refused_per_second: median_of(&rounds, |round| round.refused_per_second),
            refused: refused.summary(),
            late_logins: sum(|round| round.late_logins),
            failed_logins: sum(|round| round.failed_logins),
            memory_growth_kib: rounds
                .iter()
                .map(|round| round.figures.memory_growth_kib)
                .max()
                .unwrap_or_default(),
            rounds,
        })
    }

    /// Why the first call or login failed that did.
    pub(super) fn first_failure(&self) -> Option<&str> {
        let failures = self.rounds.iter().flat_map(|round| {
            let FloodRound {
                quiet,
                flood,
                first_failure,
                ..
            } = &round.figures;
            [&quiet.first_failure, &flood.first_failure, first_failure]
        });
        failures.flatten().map(String::as_str).next()
    }
}

impl LoginFigures {
    pub(super) fn of(rounds: Vec<Measured<LoginRound>>) -> Self {
        Self {
            ratio: median_of(&rounds, |round| round.ratio),
            rounds,
        }
    }
}

/// The median over the rounds that were not spoilt; over all where all were.
fn median_of<T>(rounds: &[Measured<T>], figure: fn(&T) -> f64) -> f64 {
    let some_are_sound = rounds.iter().any(|round| !round.spoilt);
    let sound = rounds.iter().filter(|round| !(some_are_sound && round.spoilt));
    median(sound.map(|round| figure(&round.figures)).collect())
}

/// The value in the middle, or half-way between the two there; NaN where there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        at(half)
    } else {
        f64::midpoint(at(half.wrapping_sub(1)), at(half))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn measured(ratio: f64, spoilt: bool) -> Measured<f64> {
        Measured {
            figures: ratio,
            disturbance: Disturbance::default(),
            spoilt,
        }
    }

    fn probed(p99_us: u64, failed: u64) -> Probed {
        let latency = Summary {
            count: 10,
            p99_us,
            ..Summary::default()
        };
        Probed {
            latency,
            failed,
            first_failure: (failed > 0).then(|| "away".to_owned()),
        }
    }

    fn round(refused: &[u64], memory_growth_kib: u64) -> Measured<FloodRound> {
        let mut latencies = Latencies::new().unwrap();
        refused
            .iter()
            .for_each(|millis| latencies.record(Duration::from_millis(*millis)));
        let flooded = Flooded {
            took: Duration::from_secs(2),
            accepted: 7,
            refused: latencies,
            late: 3,
            failed: 0,
            first_failure: None,
        };
        Measured {
            figures: FloodRound::new(probed(200, 0), probed(300, 1), flooded, memory_growth_kib),
            disturbance: Disturbance::default(),
            spoilt: false,
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn spoilt_rounds_count_only_where_there_are_no_others() {
        let rounds = [measured(1.0, false), measured(9.0, true), measured(2.0, false)];
        assert!((median_of(&rounds, |ratio| *ratio) - 1.5).abs() < 1e-9);
        assert!((median_of(&rounds[1..2], |ratio| *ratio) - 9.0).abs() < 1e-9);
    }

    #[test]
    fn rounds_are_summed_up() {
        let rounds = vec![round(&[1, 2], 100), round(&[30], 700), round(&[], 300)];
        let figures = FloodFigures::of(32, rounds).unwrap();
        assert!((figures.p99_ratio - 1.5).abs() < 1e-9);
        assert!((figures.logins_per_second - 3.5).abs() < 1e-9);
        assert!((figures.refused_per_second - 0.5).abs() < 1e-9);
        assert_eq!((figures.failed_calls, figures.late_logins), (3, 9));
        assert_eq!((figures.refused.count, figures.memory_growth_kib), (3, 700));
        assert!(figures.refused.max_us >= 30_000);
        assert_eq!(figures.first_failure(), Some("away"));
    }
}
