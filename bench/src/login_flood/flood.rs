//! Clients that log in over and over, each with an account of its own.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    sync::oneshot,
    task::{JoinSet, yield_now},
    time::sleep,
};

use super::client::{Answer, Client, connect, log_in};
use crate::{Failure, latency::Latencies};

/// Half of what the server lets one connection have under way.
const CLIENTS_PER_CONNECTION: usize = 100;
/// Clients of many hosts do not know of each other: they begin, and after a refusal ask again, at any time in a second.
const SPREAD: Duration = Duration::from_secs(1);
/// The priority of the clients: they are on other hosts in earnest, where nobody who measures waits for them.
const NICE: i32 = 10;

/// How the clients behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// All begin in the same instant.
    pub(super) burst: bool,
    /// Who is refused asks again at once.
    pub(super) spin: bool,
}

/// A flood that goes on.
#[derive(Debug)]
pub(super) struct Flood {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Flooded, Failure>>,
}

/// What the clients were told.
#[derive(Debug)]
pub(super) struct Flooded {
    /// How long it went on.
    pub(super) took: Duration,
    /// Logins.
    pub(super) accepted: u64,
    /// How long it took to be refused because too many wait.
    pub(super) refused: Latencies,
    /// Logins whose time was up before it was their turn.
    pub(super) late: u64,
    /// Logins that came to something else.
    pub(super) failed: u64,
    /// What the first of them came to.
    pub(super) first_failure: Option<String>,
}

impl Flood {
    /// Begins, and returns once all clients have.
    pub(super) fn start(url: &str, clients: usize, manner: Manner) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let url = url.to_owned();
        let body = move || {
            rustix::process::nice(NICE)?;
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(flood(&url, clients, manner, stopped))
        };
        let thread = thread::Builder::new().name("flood".to_owned()).spawn(body)?;
        thread::sleep(SPREAD);
        Ok(Self { stop, thread })
    }

    /// Ends it; what is under way is given up.
    pub(super) fn stop(self) -> Result<Flooded, Failure> {
        // A thread that has failed hears nothing, and says why.
        let _ = self.stop.send(());
        self.thread.join().map_err(|_| "the flood panicked")?
    }
}

async fn flood(
    url: &str,
    clients: usize,
    manner: Manner,
    stopped: oneshot::Receiver<()>,
) -> Result<Flooded, Failure> {
    let begun = Instant::now();
    let tally = Arc::new(Mutex::new(Flooded {
        took: Duration::ZERO,
        accepted: 0,
        refused: Latencies::new()?,
        late: 0,
        failed: 0,
        first_failure: None,
    }));
    let connections = connect(url, clients.div_ceil(CLIENTS_PER_CONNECTION))?;
    let mut all = JoinSet::new();
    let pauses = pauses(clients, manner);
    for ((account, pause), connection) in pauses.enumerate().zip(connections.iter().cycle()) {
        let (connection, tally) = (connection.clone(), Arc::clone(&tally));
        all.spawn(async move {
            sleep(pause).await;
            log_in_over_and_over(connection, account, manner, &tally).await;
        });
    }
    let _ = stopped.await;
    let took = begun.elapsed();
    all.shutdown().await;
    let tally = Arc::into_inner(tally).ok_or("a client goes on")?;
    let flooded = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Flooded { took, ..flooded })
}

/// How long each client waits before it begins.
fn pauses(clients: usize, manner: Manner) -> impl Iterator<Item = Duration> {
    let spread = if manner.burst { Duration::ZERO } else { SPREAD };
    (0..clients).map(move |client| spread.mul_f64(client as f64 / clients as f64))
}

async fn log_in_over_and_over(mut client: Client, account: usize, manner: Manner, tally: &Mutex<Flooded>) {
    loop {
        let asked = Instant::now();
        let answer = log_in(&mut client, account).await;
        let took = asked.elapsed();
        let pause = tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(answer, took);
        match pause {
            Some(pause) if !manner.spin => sleep(pause).await,
            _ => yield_now().await,
        }
    }
}

impl Flooded {
    /// Counts an answer; answers how long the client has to wait.
    fn count(&mut self, answer: Answer, took: Duration) -> Option<Duration> {
        match answer {
            Answer::Accepted(_) => self.accepted += 1,
            Answer::Late => self.late += 1,
            Answer::Refused(pause) => {
                self.refused.record(took);
                return Some(pause);
            }
            Answer::Failed(why) => {
                self.failed += 1;
                self.first_failure.get_or_insert(why);
                return Some(SPREAD);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_spread_over_a_second_unless_they_come_in_a_burst() {
        let pauses = |burst| {
            let manner = Manner { burst, spin: false };
            pauses(4, manner)
                .map(|pause| pause.as_millis())
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(false), [0, 250, 500, 750]);
        assert_eq!(pauses(true), [0; 4]);
    }
}
