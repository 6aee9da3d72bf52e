//! What came of the faults, counted.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::fault::{Backend, Category, Fault};

/// What came of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It struck under load, and everything was whole again by itself.
    Survived,
    /// It struck under load, calls were refused with a clear error meanwhile, and everything was whole afterwards.
    Refused,
    /// It did not strike, or there was no load: proves nothing.
    Void(String),
    /// Something that was promised did not hold.
    Failed(Vec<String>),
}

/// A fault, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Struck {
    /// The fault.
    pub fault: Fault,
    /// What came of it.
    pub verdict: Verdict,
    /// From the restart, thaw or repair of what was broken until nothing was under way any more.
    pub recovery: Option<Duration>,
}

/// How the faults of one category ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Those that struck under load.
    pub injected: u64,
    /// Of them, those that nobody was told of in so many words.
    pub survived: u64,
    /// Of them, those during which calls were refused with a clear error.
    pub refused: u64,
    /// Of them, those after which something was wrong.
    pub failed: u64,
    /// Those that proved nothing, and are not among the injected.
    pub void: u64,
}

/// How often a point was struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointCount {
    /// A server died, stood still or failed there.
    pub fired: u64,
    /// It was ordered to, and did not come there in time.
    pub missed: u64,
}

/// A fault that everything took long to come to rest after.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slow {
    /// How long.
    pub millis: u64,
    /// The fault.
    pub fault: String,
    /// The episode's seed.
    pub seed: u64,
}

/// How many of the slowest are kept.
const SLOWEST: usize = 20;

/// All faults on one backend.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// By category.
    pub counts: BTreeMap<Category, Count>,
    /// By point, whatever was done there.
    pub points: BTreeMap<String, PointCount>,
    /// Milliseconds from the end of a fault until nothing was under way any more, ascending, by category.
    pub recoveries: BTreeMap<Category, Vec<u64>>,
    /// The faults that took longest, longest first.
    pub slowest: Vec<Slow>,
    /// Episodes.
    pub episodes: u64,
    /// Those with two org-service replicas.
    pub with_two_replicas: u64,
    /// Calls that clients made.
    pub calls: u64,
    /// Calls that were answered OK.
    pub acknowledged: u64,
    /// Logins after faults that had to succeed, or to be refused, and did.
    pub logins_tried: u64,
}

/// What is not as it was promised, and how to see it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// On which stores.
    pub backend: Backend,
    /// The episode's seed.
    pub seed: u64,
    /// The fault before it was seen.
    pub fault: String,
    /// What was seen.
    pub findings: Vec<String>,
    /// Where the servers' files and logs are.
    pub kept: Option<String>,
}

impl Tally {
    /// Counts a fault of the episode with this seed.
    pub fn count(&mut self, struck: &Struck, seed: u64) {
        let category = struck.fault.category();
        let count = self.counts.entry(category).or_default();
        match &struck.verdict {
            Verdict::Void(_) => count.void += 1,
            Verdict::Survived => (count.injected, count.survived) = (count.injected + 1, count.survived + 1),
            Verdict::Refused => (count.injected, count.refused) = (count.injected + 1, count.refused + 1),
            Verdict::Failed(_) => (count.injected, count.failed) = (count.injected + 1, count.failed + 1),
        }
        if let Some(recovery) = struck.recovery
            && !matches!(struck.verdict, Verdict::Void(_))
        {
            let millis = u64::try_from(recovery.as_millis()).unwrap_or(u64::MAX);
            let recoveries = self.recoveries.entry(category).or_default();
            let place = recoveries.partition_point(|other| *other <= millis);
            recoveries.insert(place, millis);
            let fault = struck.fault.to_string();
            self.slowest.push(Slow { millis, fault, seed });
            self.slowest.sort_by_key(|slow| Reverse(slow.millis));
            self.slowest.truncate(SLOWEST);
        }
        if let Some(at) = struck.fault.at() {
            let point = self.points.entry(at.point.clone()).or_default();
            match struck.verdict {
                Verdict::Void(_) => point.missed += 1,
                _ => point.fired += 1,
            }
        }
    }

    /// How many faults of this category struck.
    pub fn injected(&self, category: Category) -> u64 {
        self.counts.get(&category).map_or(0, |count| count.injected)
    }
}

/// The figure that this many hundredths of the figures do not exceed (nearest rank); none of none. `ascending` is what
/// it says.
pub fn percentile(ascending: &[u64], hundredths: usize) -> Option<u64> {
    let rank = (ascending.len() * hundredths).div_ceil(100).max(1);
    ascending.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{campaign::fault::At, stack::Server};

    fn struck(verdict: Verdict, millis: u64) -> Struck {
        let at = At {
            server: Server::Auth,
            point: "p".to_owned(),
            nth: 1,
        };
        Struck {
            fault: Fault::KillAt(at),
            verdict,
            recovery: Some(Duration::from_millis(millis)),
        }
    }

    #[test]
    fn what_proves_nothing_is_counted_apart() {
        let mut tally = Tally::default();
        tally.count(&struck(Verdict::Survived, 7), 1);
        tally.count(&struck(Verdict::Refused, 3), 1);
        tally.count(&struck(Verdict::Failed(Vec::new()), 5), 1);
        tally.count(&struck(Verdict::Void("no load".to_owned()), 9), 1);
        let count = Count {
            injected: 3,
            survived: 1,
            refused: 1,
            failed: 1,
            void: 1,
        };
        assert_eq!(tally.counts[&Category::Kill], count);
        assert_eq!(tally.injected(Category::Kill), 3);
        assert_eq!(tally.injected(Category::Cut), 0);
        assert_eq!(tally.recoveries[&Category::Kill], [3, 5, 7]);
        let slowest = tally.slowest.iter().map(|slow| slow.millis);
        assert_eq!(slowest.collect::<Vec<_>>(), [7, 5, 3]);
        assert_eq!(tally.points["p"], PointCount { fired: 3, missed: 1 });
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let figures: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&figures, 50), Some(100));
        assert_eq!(percentile(&figures, 99), Some(198));
        assert_eq!(percentile(&figures, 100), Some(200));
        assert_eq!(percentile(&[4], 1), Some(4));
        assert_eq!(percentile(&[], 50), None);
    }
}
