//! Many cuts.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use futures::{StreamExt, stream};
use tenantry_common::{
    id::{Ids, SystemIds},
    testing::ManualClock,
};

use crate::{
    case::{About, Case},
    cut::{Replay, positions},
    disk::{Disk, Event, Images},
    history::Note,
    load,
    promises::Broken,
    stack::Stack,
};

/// Far more than a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many cuts one load is good for.
const CUTS_OF_A_LOAD: usize = 200;
/// How many of them are followed at a time: each waits most of the time.
const AT_ONCE: usize = 4;
/// Of so many cuts one is followed to where nothing waits any more.
const TO_THE_END: usize = 10;
/// Of so many cuts the second half are cuts of what came to the disk after a cut before.
const TWICE: usize = 5;

/// What came to the disk of two servers that started for the first time, served clients and stopped.
pub async fn history(seed: u64) -> Vec<Event> {
    let disk = Disk::with(Images::default());
    let stack = Stack::start(&disk, Arc::new(ManualClock::new())).await;
    let stack = Arc::new(stack.expect("the servers start"));
    load::run(&stack, &disk, seed).await;
    let Ok(stack) = Arc::try_unwrap(stack) else {
        panic!("a client still calls")
    };
    stack.stop().await.expect("the servers stop");
    disk.take_log()
}

/// What came of some cuts.
#[derive(Default)]
pub struct Tally {
    pub done: usize,
    /// How many hit a call, and how many hit writes that were not synced: the others prove little.
    pub hit_calls: usize,
    pub hit_writes: usize,
    /// How many came while the files were made.
    pub at_first_start: usize,
    /// How many came while the servers recovered from another.
    pub again: usize,
    pub found: Vec<(Case, Broken)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.hit_calls += other.hit_calls;
        self.hit_writes += other.hit_writes;
        self.at_first_start += other.at_first_start;
        self.again += other.again;
        self.found.extend(other.found);
    }
}

/// Cuts a log in `count` places, from which the servers start again; some of them are cut again as they do.
pub async fn cuts(
    seed: u64,
    log: &[Event],
    mut replay: Replay<'_>,
    count: usize,
    patience: Duration,
) -> Tally {
    let mut random = Rng::with_seed(seed);
    let again = count / TWICE;
    let first = positions(log, count - again, &mut random);
    let mut tally = Tally::default();
    let cases = first.into_iter().enumerate().map(|(number, position)| {
        replay.advance(position);
        let about = About {
            seed,
            position,
            to_the_end: number % TO_THE_END == 0,
            patience,
            notes: replay.notes(),
        };
        tally.hit_calls += usize::from(calls_under_way(&about.notes));
        tally.hit_writes += usize::from(replay.has_unsynced());
        tally.at_first_start += usize::from(about.notes.is_empty());
        let files = replay.cut(&mut random);
        (Case { files, about }, number < again, random.fork())
    });
    let cases: Vec<_> = cases.collect();
    let mut followed = stream::iter(cases)
        .map(|(case, twice, random)| follow(case, twice, random))
        .buffer_unordered(AT_ONCE);
    while let Some(found) = followed.next().await {
        tally.done += found.len();
        tally.again += found.len() - 1;
        let broken = found.into_iter().filter(|(_, broken)| !broken.is_empty());
        tally.found.extend(broken);
    }
    tally
}

fn calls_under_way(notes: &[Note]) -> bool {
    let asked = notes.iter().filter(|note| matches!(note, Note::Asked { .. }));
    let answered = notes.iter().filter(|note| matches!(note, Note::Answered { .. }));
    asked.count() > answered.count()
}

/// Follows a cut, and with `twice` another one while the servers recover. Nobody was told anything in between, but the
/// clock may have been turned on.
async fn follow(case: Case, twice: bool, mut random: Rng) -> Vec<(Case, Broken)> {
    let (broken, recovery) = case.run().await;
    if !twice {
        return vec![(case, broken)];
    }
    let early = random.usize(..=recovery.len().min(40));
    let anywhere = random.usize(..=recovery.len());
    let at = if random.bool() { early } else { anywhere };
    let mut replay = Replay::new(case.files.clone(), &recovery);
    replay.advance(at);
    let mut about = About {
        to_the_end: false,
        ..case.about.clone()
    };
    about.notes.extend(replay.notes());
    let files = replay.cut(&mut random);
    let again = Case { files, about };
    let (broken_again, _) = again.run().await;
    vec![(case, broken), (again, broken_again)]
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number")),
    )
}

#[expect(clippy::print_stderr, reason = "the tally, and the seed to repeat it with")]
fn tell(what: &str) {
    eprintln!("{what}");
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_outlasts_a_power_cut_at_any_instant() {
    if let Ok(directory) = std::env::var("TENANTRY_POWER_CASE") {
        let (broken, _) = Case::kept(&directory).run().await;
        assert!(broken.is_empty(), "{broken:#?}");
        return;
    }
    let count = setting("TENANTRY_POWER_CUTS").map_or(CUTS_OF_A_LOAD, number);
    let random = || u64::from(SystemIds.uuid_v4().as_fields().0);
    let seed = setting("TENANTRY_POWER_SEED").unwrap_or_else(random);
    let mut all = Tally::default();
    for load in 0.. {
        let left = count - all.done;
        if left == 0 {
            break;
        }
        let seed = seed.wrapping_add(load);
        let log = history(seed).await;
        let replay = Replay::new(Images::default(), &log);
        all.add(cuts(seed, &log, replay, left.min(CUTS_OF_A_LOAD), PATIENCE).await);
    }
    tell(&format!(
        "power cuts: {}, findings: {}, seed: {seed} ({} hit calls, {} unsynced writes, {} the first start, {} a recovery)",
        all.done,
        all.found.len(),
        all.hit_calls,
        all.hit_writes,
        all.at_first_start,
        all.again,
    ));
    let found: Vec<String> = all.found.iter().map(report).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count < CUTS_OF_A_LOAD || (all.hit_calls > count / 3 && all.hit_writes > count / 3));
}

fn report((case, broken): &(Case, Broken)) -> String {
    let About { seed, position, .. } = case.about;
    let kept = case.keep();
    let kept = kept.display();
    format!("seed {seed}, position {position}; TENANTRY_POWER_CASE={kept} repeats it: {broken:#?}")
}

/// By how many syncs of each file a lying disk is behind.
const LIES: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_about_sync_is_found_out() {
    let log = history(1).await;
    let replay = Replay::new(Images::default(), &log).lying(LIES);
    let tally = cuts(1, &log, replay, 12, Duration::from_secs(5)).await;
    let losses = tally
        .found
        .iter()
        .filter(|(_, broken)| broken.is_about("told was"));
    let losses = losses.count();
    let found = tally.found.len();
    assert!(
        found >= 6 && losses >= 2,
        "of {} cuts {found} were found out, {losses} of them by what had been told",
        tally.done
    );
}
