//! One cut: the files that it left, and what must hold when the servers start on them.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use tenantry_common::testing::ManualClock;

use crate::{
    disk::{Disk, Event, FILES, Images},
    history::{Ledger, Note},
    promises::{Broken, check},
    stack::Stack,
};

/// Where the rest of a case is kept beside its files.
const CASE: &str = "case.json";

/// What the power left, and what had been told by then.
pub struct Case {
    pub files: Images,
    pub about: About,
}

/// What a case is repeated from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    pub seed: u64,
    pub position: usize,
    pub to_the_end: bool,
    /// How long the servers have to bring everything home.
    pub patience: Duration,
    pub notes: Vec<Note>,
}

impl Case {
    /// Starts both servers on the files and looks at everything. Also answers what came to the disk meanwhile.
    pub async fn run(&self) -> (Broken, Vec<Event>) {
        let disk = Disk::with(self.files.clone());
        let (about, on) = (self.about.clone(), disk.clone());
        // A panic is found as well.
        let ran = tokio::spawn(async move { start_and_check(&about, &on).await }).await;
        let broken = ran.unwrap_or_else(|error| Broken::because(format!("a panic: {error}")));
        (broken, disk.take_log())
    }

    /// Keeps the case, to be run alone.
    pub fn keep(&self) -> PathBuf {
        let About { seed, position, .. } = self.about;
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("power-{seed}-{position}"));
        fs::create_dir_all(&directory).unwrap();
        for (file, bytes) in FILES.iter().zip(&self.files) {
            fs::write(directory.join(file), bytes).unwrap();
        }
        fs::write(directory.join(CASE), serde_json::to_vec(&self.about).unwrap()).unwrap();
        directory
    }

    /// A case that was kept.
    pub fn kept(directory: &str) -> Self {
        let directory = PathBuf::from(directory);
        let read = |file: &str| fs::read(directory.join(file)).unwrap();
        Self {
            files: FILES.map(read),
            about: serde_json::from_slice(&read(CASE)).unwrap(),
        }
    }
}

async fn start_and_check(about: &About, disk: &Disk) -> Broken {
    let ledger = Ledger::of(&about.notes);
    let clock = Arc::new(ManualClock::new());
    clock.set(ledger.clock);
    let stack = match Stack::start(disk, clock).await {
        Ok(stack) => stack,
        Err(error) => return Broken::because(error),
    };
    let mut random = Rng::with_seed(about.seed ^ about.position as u64);
    let mut broken = check(&stack, &ledger, &mut random, about).await;
    if let Err(error) = stack.stop().await {
        broken.push(error);
    }
    broken
}
