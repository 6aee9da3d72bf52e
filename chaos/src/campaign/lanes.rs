//! Episodes, several at a time, until enough faults have struck.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{
    arguments::Arguments,
    episode::{Ended, Episode, Ground, Script},
    fault::{At, Backend, Category},
    points::{Way, way_to},
    progress::{Progress, say},
    regressions,
    tally::{Failure, Tally, Verdict},
};
use crate::stack::{self, Binaries, MongoServer, Store};

/// Failures of one campaign, beyond which nobody learns more.
const ENOUGH_FAILURES: usize = 5;
/// How often a point is gone for before it counts as one that cannot be reached.
const TRIES: u64 = 15;
/// Points of one episode.
const POINTS_PER_EPISODE: usize = 8;

/// What is left to do on one store, and what was done.
struct Work {
    backend: Backend,
    goal: Goal,
    tally: Tally,
    failures: Vec<Failure>,
    /// When no episode begins any more.
    until: Option<Instant>,
    /// Episodes begun.
    begun: u64,
    /// After so many failures the rest is not worth its time.
    enough_failures: usize,
}

/// When it is enough.
enum Goal {
    /// So many of each category.
    Counts(BTreeMap<Category, u64>),
    /// These episodes, again, and then a kill at each of these points.
    These {
        episodes: VecDeque<u64>,
        points: VecDeque<At>,
    },
}

/// All lanes of one campaign on one store.
pub struct Lanes<'a> {
    arguments: &'a Arguments,
    seed: u64,
    progress: Progress,
}

impl<'a> Lanes<'a> {
    /// Lanes that draw from this seed.
    pub fn new(arguments: &'a Arguments, seed: u64) -> Self {
        Self {
            arguments,
            seed,
            progress: Progress::begin(),
        }
    }

    /// Plays until enough faults have struck, or too many failed.
    ///
    /// # Errors
    /// When a MongoDB does not start.
    pub async fn run(&self, backend: Backend) -> Result<(Tally, Vec<Failure>), stack::Error> {
        let goal = self.goal(backend).await?;
        let work = Arc::new(Mutex::new(Work {
            backend,
            goal,
            tally: Tally::default(),
            failures: Vec::new(),
            until: self
                .arguments
                .minutes
                .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes)),
            begun: 0,
            // One is enough where it is looked for.
            enough_failures: if self.arguments.bug.is_some() {
                1
            } else {
                ENOUGH_FAILURES
            },
        }));
        let mut lanes = JoinSet::new();
        for _ in 0..self.arguments.lanes.get() {
            let (ground, kept) = self.ground(backend).await?;
            let (work, progress) = (Arc::clone(&work), self.progress.clone());
            let (seed, faults) = (self.seed, self.arguments.faults_per_episode.get());
            lanes.spawn(async move {
                loop {
                    let next = lock(&work).next(seed, faults);
                    let Some(episode) = next else { break };
                    let ended = episode.play(&ground).await;
                    let mut work = lock(&work);
                    progress.tell(&episode, &ended);
                    work.take(&episode, ended);
                }
                drop((ground, kept));
            });
        }
        lanes.join_all().await;
        let mut work = lock(&work);
        Ok((
            std::mem::take(&mut work.tally),
            std::mem::take(&mut work.failures),
        ))
    }

    async fn goal(&self, backend: Backend) -> Result<Goal, stack::Error> {
        let Arguments {
            every_point,
            point: named,
            episode,
            regressions,
            ..
        } = self.arguments;
        let mut episodes: VecDeque<_> = episode.iter().copied().collect();
        if *regressions {
            for kept in regressions::on(backend) {
                say(&format!("{backend} {}: {}", kept.seed, kept.name));
                episodes.push_back(kept.seed);
            }
        }
        let mut points = VecDeque::new();
        if *every_point || !named.is_empty() {
            let (ground, _kept) = self.ground(backend).await?;
            points.extend(super::episode::all_points(&ground).await?);
            points.retain(|at: &At| *every_point || named.contains(&at.point));
        }
        if *regressions || episode.is_some() || *every_point || !named.is_empty() {
            return Ok(Goal::These { episodes, points });
        }
        let wanted = Category::ALL.map(|category| (category, self.arguments.wanted(category)));
        Ok(Goal::Counts(wanted.into()))
    }

    /// What a lane's episodes stand on: a MongoDB of its own, for one of the faults is to stop it.
    async fn ground(&self, backend: Backend) -> Result<(Ground, Option<TempDir>), stack::Error> {
        let ground = |store| Ground {
            binaries: Binaries::within(&self.arguments.binaries),
            store,
            seeded_bug: self.arguments.bug.clone(),
        };
        if backend == Backend::Embedded {
            return Ok((ground(Store::Embedded), None));
        }
        let directory = tempfile::Builder::new()
            .prefix("tenantry-chaos-mongodb-")
            .tempdir();
        let directory = directory.map_err(|source| stack::Error::Io {
            what: "MongoDB's directory".to_owned(),
            source,
        })?;
        let server = MongoServer::launch(&self.arguments.mongodb_command, directory.path()).await?;
        Ok((ground(Store::MongoDb(Arc::new(server))), Some(directory)))
    }
}

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    fn next(&mut self, seed: u64, faults: usize) -> Option<Episode> {
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        if late || self.failures.len() >= self.enough_failures {
            return None;
        }
        let drawn = seed.wrapping_mul(1_000_003).wrapping_add(self.begun);
        let (seed, script) = match &mut self.goal {
            Goal::Counts(wanted) => {
                let reached = |(category, count): (&Category, &u64)| self.tally.injected(*category) >= *count;
                if wanted.iter().all(reached) {
                    return None;
                }
                (drawn, Script::Drawn(faults))
            }
            Goal::These { episodes, points } => match episodes.pop_front() {
                Some(again) => (again, Script::Drawn(faults)),
                None => (drawn, Script::Points(some_of(points)?)),
            },
        };
        self.begun += 1;
        Some(Episode {
            backend: self.backend,
            seed,
            script,
        })
    }

    fn take(&mut self, episode: &Episode, ended: Ended) {
        self.tally.episodes += 1;
        self.tally.with_two_replicas += u64::from(ended.replicas > 1);
        self.tally.calls += ended.calls.len() as u64;
        self.tally.acknowledged += ended.acknowledged();
        self.tally.logins_tried += ended.logins();
        for struck in &ended.struck {
            self.tally.count(struck, episode.seed);
        }
        if let (Goal::These { points: left, .. }, Script::Points(tried)) = (&mut self.goal, &episode.script) {
            let fired = |at: &At| {
                let mut struck = ended.struck.iter();
                struck.any(|struck| {
                    struck.fault.at() == Some(at) && !matches!(struck.verdict, Verdict::Void(_))
                })
            };
            for at in tried.iter().filter(|at| !fired(at)) {
                let tries = self.tally.points.get(&at.point).map_or(0, |point| point.missed);
                if tries < TRIES && ended.failure.is_none() {
                    left.push_back(at.clone());
                }
            }
        }
        self.failures.extend(ended.failure);
    }
}

/// The next points, for one episode. One that sets a clock ahead has an episode to itself.
fn some_of(left: &mut VecDeque<At>) -> Option<Vec<At>> {
    let alone = |at: &At| matches!(way_to(&at.point), Way::Later(..));
    let mut taken = Vec::new();
    while let Some(at) = left.front() {
        if !taken.is_empty() && (alone(at) || taken.len() == POINTS_PER_EPISODE) {
            break;
        }
        let last = alone(at);
        taken.extend(left.pop_front());
        if last {
            break;
        }
    }
    (!taken.is_empty()).then_some(taken)
}
