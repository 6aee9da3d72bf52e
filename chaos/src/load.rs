//! Clients that use the servers, and write down what they asked and were told.

mod connection;
mod known;
mod outcome;
mod plan;
mod rest;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    sync::{OwnedRwLockWriteGuard, RwLock},
    task::JoinSet,
};

pub(crate) use self::outcome::{MALFORMED_ANSWER, WRONG_PRINCIPAL};
use self::{connection::Connection, known::Known};
use crate::{
    history::{History, Outcome, Request},
    stack::{OPERATOR_EMAIL, OPERATOR_PASSWORD, Stack},
};

/// Where the servers listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// auth-service, e.g. `http://127.0.0.1:20001`.
    pub auth_url: String,
    /// Every replica of org-service.
    pub org_urls: Vec<String>,
}

impl Targets {
    /// A stack's servers.
    pub fn of(stack: &Stack) -> Self {
        Self {
            auth_url: stack.auth_url(),
            org_urls: stack.org_urls(),
        }
    }
}

/// An operator's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The e-mail.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Operator {
    /// Whom every stack has.
    pub fn of_a_stack() -> Self {
        Self {
            email: OPERATOR_EMAIL.to_owned(),
            password: OPERATOR_PASSWORD.to_owned(),
        }
    }
}

/// Calls that got no answer in spite of all patience, or an address that is none.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An address that is no URL.
    #[error("{0} is no address")]
    Address(String),
    /// Nobody answered.
    #[error("no definite answer within {0:?}: {1}")]
    Unanswered(Duration, String),
}

/// Longest pause of a client between two calls, in milliseconds.
const MAX_PAUSE: u64 = 10;
/// One call in so many goes to another replica than the client's own.
const OTHER_REPLICA: usize = 4;
/// How long a client waits before it tries to log the operator in again.
const LOGIN_PAUSE: Duration = Duration::from_millis(50);

/// What all clients share.
struct Shared {
    connection: Connection,
    history: Arc<History>,
    known: Mutex<Known>,
    clients: usize,
    /// Held for reading during a call, for writing during a pause.
    gate: Arc<RwLock<()>>,
    stopping: AtomicBool,
}

/// Clients at work, until they are stopped or this is dropped.
pub struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
    paused: Mutex<Option<OwnedRwLockWriteGuard<()>>>,
}

impl Load {
    /// Starts the clients. Needs a Tokio runtime. With one seed they ask the same as long as they are told the same.
    ///
    /// # Errors
    /// [`LoadError::Address`].
    pub fn start(
        targets: &Targets,
        operator: Operator,
        history: Arc<History>,
        seed: u64,
        clients: usize,
    ) -> Result<Self, LoadError> {
        let shared = Arc::new(Shared {
            connection: Connection::new(targets, operator)?,
            history,
            known: Mutex::default(),
            clients: clients.max(1),
            gate: Arc::default(),
            stopping: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        for (client, seed) in (0..shared.clients).zip(seed..) {
            tasks.spawn(Arc::clone(&shared).work(client, Rng::with_seed(seed)));
        }
        Ok(Self {
            shared,
            clients: tasks,
            paused: Mutex::default(),
        })
    }

    /// Makes one call beside the clients', as one more of them.
    pub async fn ask(&self, request: &Request) -> Outcome {
        self.shared.make(self.shared.clients, 0, request).await
    }

    /// Lets no new call begin, and waits until those under way have returned.
    pub async fn pause(&self) {
        let is_paused = lock(&self.paused).is_some();
        if !is_paused {
            let all_returned = Arc::clone(&self.shared.gate).write_owned().await;
            *lock(&self.paused) = Some(all_returned);
        }
    }

    /// Lets calls begin again.
    pub fn resume(&self) {
        drop(lock(&self.paused).take());
    }

    /// Ends the clients after the calls under way.
    pub async fn stop(mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.resume();
        while self.clients.join_next().await.is_some() {}
    }
}

impl Shared {
    async fn work(self: Arc<Self>, client: usize, mut rng: Rng) {
        loop {
            let working = self.gate.read().await;
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            if self.connection.is_logged_in().await {
                let request = plan::next(&mut rng, &self.known());
                let other = usize::from(rng.usize(0..OTHER_REPLICA) == 0);
                self.make(client, client + other, &request).await;
            } else {
                tokio::time::sleep(LOGIN_PAUSE).await;
            }
            drop(working);
            tokio::time::sleep(Duration::from_millis(rng.u64(0..=MAX_PAUSE))).await;
        }
    }

    /// Makes a call and writes it down.
    async fn make(&self, client: usize, replica: usize, request: &Request) -> Outcome {
        let shown = request.token();
        let shown = shown.and_then(|(organization, token)| self.known().tokens(organization, token));
        let call = self.history.invoke(client, request.clone());
        let answer = self.connection.make(request, replica, shown.as_ref()).await;
        self.history.finish(call, answer.outcome.clone());
        self.known().learn(call, request, &answer.outcome, answer.tokens);
        answer.outcome
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
