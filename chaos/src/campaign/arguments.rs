//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Parser;
use tenantry_common::id::{Ids, SystemIds};

use super::fault::{Backend, Category};

/// Kills, freezes and cuts off both servers under load, and checks what they promised.
///
/// A campaign is many episodes: fresh stores, real processes, clients at work, and faults one after the other. After
/// each fault the servers are started again where they died, everything has to come to rest by itself, ListFindings
/// has to find nothing, and everything that was acknowledged is asked for. At an episode's end the history of all
/// calls has to be linearizable. A fault counts when it struck while calls were under way; all others are void.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos")]
pub struct Arguments {
    /// Which stores; both, at the same time, without it.
    #[arg(long, value_enum)]
    pub store: Option<Backend>,
    /// How many kills have to count, on each store. 100 where no number of faults is given.
    #[arg(long)]
    pub kills: Option<u64>,
    /// How many freezes: SIGSTOP for longer than a lease, and SIGCONT.
    #[arg(long, default_value_t = 0)]
    pub freezes: u64,
    /// How many times the link between the services is cut, held up or slowed.
    #[arg(long, default_value_t = 0)]
    pub cuts: u64,
    /// How many faults of a store: writes that fail, answers that are lost, a MongoDB that is away or killed.
    #[arg(long, default_value_t = 0)]
    pub store_faults: u64,
    /// Instead: a kill at every named point.
    #[arg(long, conflicts_with_all = ["kills", "freezes", "cuts", "store_faults", "episode"])]
    pub every_point: bool,
    /// Instead: a kill at this named point; may be given several times.
    #[arg(long, conflicts_with_all = ["kills", "freezes", "cuts", "store_faults", "episode", "every_point"])]
    pub point: Vec<String>,
    /// Instead: the one episode with this seed, as a failure names it.
    #[arg(long, conflicts_with_all = ["kills", "freezes", "cuts", "store_faults"], requires = "store")]
    pub episode: Option<u64>,
    /// Instead: every episode that has found a bug before; with --every-point, both.
    #[arg(long, conflicts_with_all = ["kills", "freezes", "cuts", "store_faults", "point", "episode"])]
    pub regressions: bool,
    /// What all is drawn from. Told at the start; the clock and the scheduler have a say too.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Episodes at the same time, on each store.
    #[arg(long, default_value = "2")]
    pub lanes: NonZeroUsize,
    /// Faults in an episode.
    #[arg(long, default_value = "20")]
    pub faults_per_episode: NonZeroUsize,
    /// Begin no episode after so many minutes on one store, whatever is still wanted.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// A bug that the servers shall have, e.g. handles-do-not-rest: then it is a success to find something wrong.
    #[arg(long)]
    pub bug: Option<String>,
    /// File for the report, as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Where the servers are that were built with failpoints.
    #[arg(long, hide = true)]
    pub binaries: PathBuf,
    /// The command line of a MongoDB, a word each, with {directory} and {port} in it.
    #[arg(long, hide = true, allow_hyphen_values = true)]
    pub mongodb_command: Vec<String>,
}

impl Arguments {
    /// The stores.
    pub fn backends(&self) -> Vec<Backend> {
        self.store
            .map_or_else(|| vec![Backend::Embedded, Backend::MongoDb], |one| vec![one])
    }

    /// How many faults of a category have to count.
    pub fn wanted(&self, category: Category) -> u64 {
        let others = self.freezes + self.cuts + self.store_faults;
        match category {
            Category::Kill => self.kills.unwrap_or(if others == 0 { 100 } else { 0 }),
            Category::Freeze => self.freezes,
            Category::Cut => self.cuts,
            Category::Store => self.store_faults,
        }
    }

    /// The seed that was given, or a new one.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let mut random = [0; 4];
            SystemIds.fill_random(&mut random);
            u64::from(u32::from_le_bytes(random))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(given: &[&str]) -> Arguments {
        let always = ["chaos", "--binaries", "b", "--mongodb-command", "--port"];
        Arguments::parse_from(always.iter().chain(given))
    }

    #[test]
    fn a_hundred_kills_are_the_default_where_nothing_else_is_wanted() {
        assert_eq!(arguments(&[]).wanted(Category::Kill), 100);
        assert_eq!(arguments(&["--cuts", "3"]).wanted(Category::Kill), 0);
        let both = arguments(&["--kills", "5", "--cuts", "3"]);
        assert_eq!((both.wanted(Category::Kill), both.wanted(Category::Cut)), (5, 3));
    }

    #[test]
    fn one_store_or_both() {
        assert_eq!(arguments(&[]).backends(), [Backend::Embedded, Backend::MongoDb]);
        assert_eq!(arguments(&["--store", "mongodb"]).backends(), [Backend::MongoDb]);
    }
}
