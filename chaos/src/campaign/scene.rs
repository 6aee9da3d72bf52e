//! One stack under load, and what is done to it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    fault::{At, Fault},
    tally::{Struck, Verdict},
};
use crate::{
    history::{Call, History, Micros, Outcome},
    load::{Load, LoadError, Operator, Targets},
    stack::{self, Server, Setup, Stack},
};

/// Clients of a stack.
const CLIENTS: usize = 5;
/// How long a point is waited for before its fault counts as void.
const UNTIL_HIT: Duration = Duration::from_secs(6);
/// How long until everything has to be whole: the longest lease, and a caller's longest wait, many times over.
pub(super) const UNTIL_SOUND: Duration = Duration::from_secs(30);
/// Answers that the load must have had before a fault strikes.
const WARM: usize = 5;

/// Why an episode cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// A server or its surroundings.
    #[error(transparent)]
    Stack(#[from] stack::Error),
    /// The clients.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// How a fault struck.
pub(super) struct Strike {
    /// Why it proves nothing.
    pub(super) void: Option<String>,
    /// Servers that have to be started again.
    pub(super) dead: Vec<Server>,
}

impl Strike {
    pub(super) fn unless(struck: bool, why: &str) -> Self {
        Self {
            void: (!struck).then(|| why.to_owned()),
            dead: Vec::new(),
        }
    }
}

/// A stack and its clients.
pub struct Scene {
    /// The servers.
    pub stack: Stack,
    /// The clients.
    pub load: Load,
    /// What they asked and were told.
    pub history: Arc<History>,
    /// From when on an org-service's clock was how far ahead.
    pub ahead: Vec<(Micros, Duration)>,
    /// Organizations whose gates were moved by hand.
    pub(super) moved: BTreeSet<Uuid>,
    pub(super) rng: Rng,
}

impl Scene {
    /// Starts servers and clients.
    ///
    /// # Errors
    /// [`SceneError`].
    pub async fn start(setup: Setup, seed: u64) -> Result<Self, SceneError> {
        let stack = Stack::start(setup).await?;
        let (targets, operator) = (Targets::of(&stack), Operator::of_a_stack());
        let history = Arc::new(History::default());
        let load = Load::start(&targets, operator, Arc::clone(&history), seed, CLIENTS)?;
        Ok(Self {
            stack,
            load,
            history,
            ahead: Vec::new(),
            moved: BTreeSet::new(),
            rng: Rng::with_seed(seed.rotate_left(17)),
        })
    }

    /// Has a fault strike under load, mends what it broke, waits until all is whole, and asks for everything that was
    /// acknowledged.
    ///
    /// # Errors
    /// [`SceneError`] when something was not whole in time.
    pub async fn strike(&mut self, fault: &Fault) -> Result<Struck, SceneError> {
        self.load.resume();
        self.warm_up().await;
        let before = self.history.count();
        let strike = self.befall(fault).await?;
        self.load.pause().await;
        for server in strike.dead {
            self.stack.restart(server, &[], None).await?;
        }
        for organization in std::mem::take(&mut self.moved) {
            self.stack.mend(Server::Org(0), organization).await?;
        }
        let recovery = self.come_to_rest().await?;
        let findings = self.stack.findings().await?;
        let damage = findings.damage.iter().map(|found| found.description.clone());
        let damage: Vec<_> = damage.collect();
        let verdict = if !damage.is_empty() {
            Verdict::Failed(damage)
        } else if let Some(why) = strike.void {
            Verdict::Void(why)
        } else if self.refused_since(before) {
            Verdict::Refused
        } else {
            Verdict::Survived
        };
        Ok(Struck {
            fault: fault.clone(),
            verdict,
            recovery: Some(recovery),
        })
    }

    /// Waits until nothing is under way; then everything that was acknowledged is asked for. Every other time, clients
    /// first repeat what got no answer; else the servers are left to themselves.
    async fn come_to_rest(&mut self) -> Result<Duration, SceneError> {
        let recovery = self.stack.until_sound(UNTIL_SOUND).await?;
        if self.rng.bool() {
            self.load.settle().await?;
            self.stack.until_sound(UNTIL_SOUND).await?;
        }
        self.history.barrier();
        self.load.audit().await?;
        self.history.barrier();
        Ok(recovery)
    }

    /// Waits until clients have had some answers.
    async fn warm_up(&self) {
        let before = self.history.count();
        for _ in 0..1_000 {
            if self.history.count() >= before + WARM {
                return;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Whether somebody was told that the servers cannot do it now.
    fn refused_since(&self, before: usize) -> bool {
        let is_told = |why: &str| why.contains("_UNAVAILABLE") || why.contains("IN_PROGRESS");
        let refused = |call: &Call| matches!(&call.outcome, Some(Outcome::Unknown(why)) if is_told(why));
        self.history.look(|calls| calls.iter().skip(before).any(refused))
    }

    /// Gives a server an order for a point, and waits as [`until_hit`](Self::until_hit) does.
    pub(super) async fn order(&mut self, deed: &str, at: &At) -> Result<Strike, SceneError> {
        let order = format!("{deed} {} {}", at.point, at.nth);
        self.stack.arm(at.server, &order).await?;
        self.until_hit(at.server).await
    }

    /// Waits until the server has come to the point that it has an order for. If it does not, it is started again
    /// without the order.
    pub(super) async fn until_hit(&mut self, server: Server) -> Result<Strike, SceneError> {
        let hit = self.stack.wait_hit(UNTIL_HIT).await;
        let void = match hit {
            Some(_) => self.idle(),
            None => Some("the point was not passed".to_owned()),
        };
        Ok(Strike {
            void,
            dead: vec![server],
        })
    }

    pub(super) async fn until(&self, reached: impl Fn(&Self) -> bool) {
        const PAUSE: Duration = Duration::from_millis(5);
        for _ in 0..UNTIL_HIT.as_millis() / PAUSE.as_millis() {
            if reached(self) {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Why a fault at this instant would prove nothing.
    pub(super) fn idle(&self) -> Option<String> {
        (!self.history.is_busy()).then(|| "no call was under way".to_owned())
    }
}
