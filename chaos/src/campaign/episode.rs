//! One stack from its first start to its end.

use std::{fs, path::Path};

use super::{
    fault::{At, Backend, Fault},
    plan::{Plan, Points, replicas},
    scene::{Scene, SceneError},
    tally::{Failure, Struck, Verdict},
};
use crate::{
    history::{Call, Outcome, Request},
    ledger,
    linearizability::Terms,
    stack::{self, Binaries, Server, Setup, Stack, Store},
};

/// What episodes stand on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The servers' programs.
    pub binaries: Binaries,
    /// Where they keep their data.
    pub store: Store,
    /// The bug that the servers have.
    pub seeded_bug: Option<String>,
}

impl Ground {
    fn setup(&self, replicas: usize) -> Setup {
        Setup {
            binaries: self.binaries.clone(),
            store: self.store.clone(),
            replicas,
            seeded_bug: self.seeded_bug.clone(),
        }
    }
}

/// What happens in an episode.
#[derive(Clone, Debug)]
pub enum Script {
    /// So many faults, drawn from the seed.
    Drawn(usize),
    /// A kill at each of these points.
    Points(Vec<At>),
}

/// An episode.
#[derive(Clone, Debug)]
pub struct Episode {
    /// On which stores.
    pub backend: Backend,
    /// What everything in it is drawn from.
    pub seed: u64,
    /// What happens.
    pub script: Script,
}

/// What came of an episode.
#[derive(Debug, Default)]
pub struct Ended {
    /// Its faults.
    pub struck: Vec<Struck>,
    /// How many org-services it had.
    pub replicas: usize,
    /// What clients asked and were told.
    pub calls: Vec<Call>,
    /// What was not as it was promised.
    pub failure: Option<Failure>,
}

impl Ended {
    /// How many calls were answered OK.
    pub fn acknowledged(&self) -> u64 {
        self.count(|call| {
            !matches!(
                call.outcome,
                None | Some(Outcome::Unknown(_) | Outcome::Refused(_))
            )
        })
    }

    /// How many logins were answered.
    pub fn logins(&self) -> u64 {
        self.count(|call| {
            let answered = matches!(call.outcome, Some(Outcome::Granted | Outcome::Refused(_)));
            answered && matches!(call.request, Request::Login { .. })
        })
    }

    fn count(&self, wanted: impl Fn(&Call) -> bool) -> u64 {
        self.calls.iter().map(|call| u64::from(wanted(call))).sum()
    }
}

impl Episode {
    /// Plays it to its end, or to the first thing that is not as it was promised.
    pub async fn play(&self, ground: &Ground) -> Ended {
        let replicas = match self.script {
            Script::Drawn(_) => replicas(self.backend, self.seed),
            // Whoever is started again takes over.
            Script::Points(_) => 1,
        };
        let mut ended = Ended {
            replicas,
            ..Ended::default()
        };
        match Scene::start(ground.setup(replicas), self.seed).await {
            Ok(scene) => self.play_in(scene, &mut ended).await,
            Err(error) => ended.failure = Some(self.failure("the start", vec![error.to_string()], None)),
        }
        ended
    }

    async fn play_in(&self, mut scene: Scene, ended: &mut Ended) {
        let outcome = self.strike_all(&mut scene, ended).await;
        let last = ended.struck.last().map(|struck| struck.fault.to_string());
        let mut findings = match outcome {
            Ok(findings) => findings,
            Err((fault, error)) => vec![format!("{fault}: {error}")],
        };
        scene.load.pause().await;
        ended.calls = scene.history.calls();
        let terms = Terms::of_a_stack(scene.ahead.clone());
        let violations = ledger::check(&ended.calls, &scene.history.barriers(), &terms);
        findings.extend(violations.iter().map(ToString::to_string));
        if findings.is_empty() {
            // What cannot be torn down goes with the process.
            let _ = scene.stack.end().await;
            return;
        }
        let directory = scene.stack.keep();
        // A failure is told even where its history cannot be written.
        let _ = write_history(&directory, &ended.calls);
        let last = last.unwrap_or_else(|| "the start".to_owned());
        ended.failure = Some(self.failure(&last, findings, Some(&directory)));
    }

    /// Has all faults strike; what `ListFindings` found, or why the episode cannot go on after which fault.
    async fn strike_all(
        &self,
        scene: &mut Scene,
        ended: &mut Ended,
    ) -> Result<Vec<String>, (String, SceneError)> {
        let faults = self.faults(scene, ended.replicas).await?;
        for fault in faults {
            let struck = scene.strike(&fault).await;
            let struck = struck.map_err(|error| (fault.to_string(), error))?;
            let verdict = struck.verdict.clone();
            ended.struck.push(struck);
            if let Verdict::Failed(findings) = verdict {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }

    async fn faults(
        &self,
        scene: &Scene,
        replicas: usize,
    ) -> Result<Box<dyn Iterator<Item = Fault> + Send>, (String, SceneError)> {
        Ok(match &self.script {
            Script::Points(points) => Box::new(points.clone().into_iter().map(Fault::KillAt)),
            Script::Drawn(count) => {
                let points = points_of(scene).await;
                let points = points.map_err(|error| ("the start".to_owned(), error))?;
                let mut plan = Plan::new(self.backend, replicas, points, self.seed);
                Box::new((0..*count).map(move |_| plan.draw()))
            }
        })
    }

    fn failure(&self, fault: &str, findings: Vec<String>, kept: Option<&Path>) -> Failure {
        Failure {
            backend: self.backend,
            seed: self.seed,
            fault: fault.to_owned(),
            findings,
            kept: kept.map(|path| path.display().to_string()),
        }
    }
}

/// The points of the stack's servers.
async fn points_of(scene: &Scene) -> Result<Points, SceneError> {
    Ok(Points {
        auth: scene.stack.points(Server::Auth).await?,
        org: scene.stack.points(Server::Org(0)).await?,
    })
}

fn write_history(directory: &Path, calls: &[Call]) -> std::io::Result<()> {
    let lines: Result<Vec<_>, _> = calls.iter().map(serde_json::to_string).collect();
    fs::write(directory.join("history.jsonl"), lines?.join("\n"))
}

/// A kill at every point that the servers have.
///
/// # Errors
/// When they do not start, or were built without failpoints.
pub async fn all_points(ground: &Ground) -> Result<Vec<At>, stack::Error> {
    let stack = Stack::start(ground.setup(1)).await?;
    let mut all = Vec::new();
    for server in [Server::Auth, Server::Org(0)] {
        let points = stack.points(server).await?;
        all.extend(points.into_iter().map(|point| At {
            server,
            point,
            nth: 1,
        }));
    }
    stack.end().await?;
    Ok(all)
}
