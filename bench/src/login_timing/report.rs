//! What the samples say, each class against unknown.

use serde::Serialize;

use super::{
    class::Class,
    lane::{Measured, PER_BLOCK},
};
use crate::{
    cpus::Placement,
    host::Disturbance,
    statistics::{Difference, Moments, cropped, paired, welch},
};

/// What is beyond this quantile of both classes' samples is left out where they are cropped.
pub(super) const CROP: f64 = 0.95;

/// Of fewer values than these a large t is no surprise, and does not count towards the largest.
const FEWEST: usize = 10;

/// Everything that was measured. Times are in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) setting: Setting,
    pub(super) servers: Vec<ServerFigures>,
    pub(super) comparisons: Vec<Comparison>,
    /// The largest |t| of all that are of ten values at least.
    pub(super) largest_t: f64,
}

/// What was measured, and how.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) store: String,
    pub(super) bcrypt_cost: String,
    /// At each server.
    pub(super) samples_per_class: usize,
    /// At each server.
    pub(super) accounts_per_kind: usize,
    pub(super) seed: u64,
}

/// A server and its client.
#[derive(Debug, Serialize)]
pub(super) struct ServerFigures {
    pub(super) placement: Placement,
    #[serde(flatten)]
    pub(super) disturbance: Disturbance,
}

/// A class against unknown.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    pub(super) class: String,
    /// All servers' samples together, each server's brought to the level of all.
    pub(super) all: Figures,
    /// Each server's, in their order.
    pub(super) servers: Vec<Figures>,
}

/// A comparison of the same samples in three ways.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// As they were measured.
    pub(super) raw: Compared,
    /// Without the slowest of both classes.
    pub(super) cropped: Compared,
    /// The means of each block: what drifts from block to block is not in their differences.
    pub(super) blocks: Compared,
}

/// Two classes compared.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    pub(super) class: Moments,
    pub(super) unknown: Moments,
    /// The class less unknown.
    pub(super) difference: Difference,
}

/// The samples of a class and of unknown.
#[derive(Clone, Debug, Default)]
struct Samples {
    class: Vec<f64>,
    unknown: Vec<f64>,
}

impl Comparison {
    pub(super) fn of(class: Class, lanes: &[Measured]) -> Self {
        let samples = |lane: &Measured| {
            let of = |class| lane.micros.get(&class).cloned().unwrap_or_default();
            Samples {
                class: of(class),
                unknown: of(Class::Unknown),
            }
        };
        let servers: Vec<_> = lanes.iter().map(samples).collect();
        Self {
            class: class.to_string(),
            all: Figures::of(&levelled(&servers)),
            servers: servers.iter().map(Figures::of).collect(),
        }
    }

    /// The largest |t| of all; NaN where there are too few samples.
    pub(super) fn largest_t(&self) -> f64 {
        let figures = self.servers.iter().chain([&self.all]);
        let all = figures
            .flat_map(|figures| [&figures.raw, &figures.cropped, &figures.blocks])
            .filter(|compared| compared.class.n.min(compared.unknown.n) >= FEWEST);
        // `max` passes over what is not a number.
        all.map(|compared| compared.difference.t.abs())
            .fold(f64::NAN, f64::max)
    }
}

impl Figures {
    fn of(samples: &Samples) -> Self {
        let Samples { class, unknown } = samples;
        let (fast_class, fast_unknown) = cropped(class, unknown, CROP);
        Self {
            raw: Compared::by_welch(class, unknown),
            cropped: Compared::by_welch(&fast_class, &fast_unknown),
            blocks: Compared::by_block(class, unknown),
        }
    }
}

impl Compared {
    fn by_welch(class: &[f64], unknown: &[f64]) -> Self {
        let (class, unknown) = (Moments::of(class), Moments::of(unknown));
        Self {
            difference: welch(&class, &unknown),
            class,
            unknown,
        }
    }

    fn by_block(class: &[f64], unknown: &[f64]) -> Self {
        let means = |samples: &[f64]| -> Vec<f64> { samples.chunks(PER_BLOCK).map(mean).collect() };
        let (class, unknown) = (means(class), means(unknown));
        let differences: Vec<_> = class
            .iter()
            .zip(&unknown)
            .map(|(one, other)| one - other)
            .collect();
        Self {
            class: Moments::of(&class),
            unknown: Moments::of(&unknown),
            difference: paired(&differences),
        }
    }
}

/// All samples, each server's moved so that its mean is that of all: CPUs differ by more than classes do.
fn levelled(servers: &[Samples]) -> Samples {
    let level = |samples: &Samples| f64::midpoint(mean(&samples.class), mean(&samples.unknown));
    let levels: Vec<_> = servers.iter().map(level).collect();
    let common = mean(&levels);
    let mut all = Samples::default();
    for (samples, level) in servers.iter().zip(levels) {
        let moved = |sample: &f64| sample - level + common;
        all.class.extend(samples.class.iter().map(moved));
        all.unknown.extend(samples.unknown.iter().map(moved));
    }
    all
}

fn mean(samples: &[f64]) -> f64 {
    Moments::of(samples).mean
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Samples at a level that spread by 10 µs, those of wrong by so much higher.
    fn lane(level: f64, higher: f64) -> Measured {
        let spread = |level: f64| {
            (0..400)
                .map(|number| level + f64::from(number * 7 % 11))
                .collect()
        };
        Measured {
            micros: BTreeMap::from([
                (Class::Unknown, spread(level)),
                (Class::Wrong, spread(level + higher)),
            ]),
            disturbance: Disturbance::default(),
        }
    }

    #[test]
    fn a_difference_is_seen_at_each_server_and_over_all() {
        let comparison = Comparison::of(Class::Wrong, &[lane(1_000.0, 2.0), lane(5_000.0, 2.0)]);
        for figures in comparison.servers.iter().chain([&comparison.all]) {
            assert!((figures.raw.difference.mean - 2.0).abs() < 1e-6, "{figures:?}");
            assert!(figures.raw.difference.t > 4.5, "{figures:?}");
            assert!(figures.blocks.difference.mean > 1.9, "{figures:?}");
        }
        assert_eq!(
            (comparison.all.raw.class.n, comparison.all.blocks.class.n),
            (800, 80)
        );
        assert!(comparison.all.cropped.class.n < 800);
        assert!(comparison.largest_t() >= comparison.all.raw.difference.t);
    }

    #[test]
    fn the_largest_t_is_of_enough_values() {
        let mut few = lane(1_000.0, 0.0);
        let unknown: Vec<_> = (0..20).map(|number| f64::from(number % 7)).collect();
        // Two blocks that differ by nearly the same.
        let wrong = unknown.iter().map(|sample| sample + 1.0).collect();
        few.micros = BTreeMap::from([(Class::Unknown, unknown), (Class::Wrong, wrong)]);
        let comparison = Comparison::of(Class::Wrong, &[few]);
        assert!((comparison.largest_t() - comparison.all.raw.difference.t).abs() < 1e-9);
        assert!(comparison.all.blocks.difference.t.abs() > 1e3 * comparison.largest_t());
    }

    #[test]
    fn servers_that_differ_do_not_hide_what_classes_do() {
        let samples = |level: f64| Samples {
            class: vec![level + 1.0; 4],
            unknown: vec![level - 1.0; 4],
        };
        let all = levelled(&[samples(100.0), samples(300.0)]);
        assert_eq!(all.class, [201.0; 8]);
        assert_eq!(all.unknown, [199.0; 8]);
    }

    #[test]
    fn equal_classes_are_not_told_apart() {
        let comparison = Comparison::of(Class::Wrong, &[lane(1_000.0, 0.0)]);
        assert!(comparison.all.raw.difference.t.abs() < 1e-6);
        assert!(comparison.all.cropped.difference.t.abs() < 1e-6);
    }

    #[test]
    fn what_drifts_from_block_to_block_is_not_in_the_blocks_differences() {
        let mut drifting = lane(1_000.0, 0.0);
        for (class, higher) in [(Class::Unknown, 0.0), (Class::Wrong, 1.0)] {
            let noise = |number: usize| (number * 37 % (11 + higher as usize)) as f64 / 10.0;
            let drift = |number: usize| (number / PER_BLOCK) as f64 * 100.0;
            let samples = (0..400).map(|number| drift(number) + noise(number) + higher);
            drifting.micros.insert(class, samples.collect());
        }
        let Figures { raw, blocks, .. } = Comparison::of(Class::Wrong, &[drifting]).all;
        assert!(raw.difference.t < 0.1, "{raw:?}");
        assert!(blocks.difference.t > 20.0, "{blocks:?}");
    }
}
