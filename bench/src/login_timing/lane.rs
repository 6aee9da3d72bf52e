//! A server and its one client, who waits for each answer before it asks again.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use auth_service::domain::Cost;
use fastrand::Rng;
use tenantry_common::rpc::{
    client::{channel, endpoint},
    status::reason_of,
};
use tenantry_proto::auth::v1::{LoginRequest, auth_service_client::AuthServiceClient};
use tokio::time::sleep;
use tonic::{Code, transport::Channel};

use super::{class::Class, population::Population};
use crate::{
    Failure,
    cpus::Placement,
    host::{Disturbance, Watch},
    note,
    place::{BenchStore, Place},
    server::{Server, Subject},
    wait,
};

/// Logins of each class in a block: its order is random, and what drifts meanwhile hits all of them.
pub(super) const PER_BLOCK: usize = 10;
/// How many passwords may wait to be hashed; one does at most.
const HASH_QUEUE: NonZeroUsize = NonZeroUsize::MIN;
/// How often the progress is told.
const NOTES: usize = 10;
/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause before it is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// What every login of every class is told.
const REFUSED: (Code, Option<&str>) = (Code::Unauthenticated, Some("CREDENTIALS_INVALID"));

/// What is measured at each server.
#[derive(Debug)]
pub(super) struct Plan {
    /// Each of them once.
    pub(super) classes: Vec<Class>,
    /// Blocks of [`PER_BLOCK`] logins of each class.
    pub(super) blocks: usize,
    pub(super) bcrypt_cost: Cost,
}

/// What was measured at one server.
#[derive(Debug)]
pub(super) struct Measured {
    /// How long the logins of each class took, in microseconds, in the order in which they were made.
    pub(super) micros: BTreeMap<Class, Vec<f64>>,
    /// What others took of its CPU and its client's.
    pub(super) disturbance: Disturbance,
}

/// Measures on this thread with a server of its own; nothing when another lane has failed meanwhile.
pub(super) fn measure(
    plan: &Plan,
    store: BenchStore,
    placement: &Placement,
    mut rng: Rng,
    failed: &AtomicBool,
) -> Result<Option<Measured>, Failure> {
    let measured = with_a_server(plan, store, placement, &mut rng, failed);
    if measured.is_err() {
        failed.store(true, Ordering::Relaxed);
    }
    measured
}

fn with_a_server(
    plan: &Plan,
    store: BenchStore,
    placement: &Placement,
    rng: &mut Rng,
    failed: &AtomicBool,
) -> Result<Option<Measured>, Failure> {
    placement.load.pin()?;
    let population = Population::draw(&plan.classes, rng);
    let fill = async |url| population.settle(url, plan.bcrypt_cost).await;
    let place = wait(Place::prepare(store, fill))??;
    let measured = at(&place, plan, placement, population, rng, failed);
    // The server is gone by now.
    let cleared = wait(place.clear())?;
    let measured = measured?;
    cleared?;
    Ok(measured)
}

fn at(
    place: &Place,
    plan: &Plan,
    placement: &Placement,
    population: Population,
    rng: &mut Rng,
    failed: &AtomicBool,
) -> Result<Option<Measured>, Failure> {
    let subject = Subject {
        cpus: &placement.server,
        store: &place.url(),
        bcrypt_cost: plan.bcrypt_cost,
        hash_threads: NonZeroUsize::MIN,
        hash_queue: HASH_QUEUE,
    };
    let server = Server::start(&subject, &place.log())?;
    let measured = wait(async {
        let client = AuthServiceClient::new(channel(endpoint("--url", server.url())?));
        let mut lane = Lane {
            plan,
            population,
            client,
            rng,
            micros: BTreeMap::new(),
        };
        lane.warm_up().await?;
        let watch = Watch::begin(&placement.server.union(&placement.load), server.process())?;
        let done = lane.blocks(placement, failed).await?;
        let disturbance = watch.end()?;
        let Lane { micros, .. } = lane;
        Ok::<_, Failure>(done.then_some(Measured { micros, disturbance }))
    })?;
    measured.map_err(|error| format!("{error}\n{}", server.end_of_log()).into())
}

struct Lane<'a> {
    plan: &'a Plan,
    population: Population,
    client: AuthServiceClient<Channel>,
    rng: &'a mut Rng,
    micros: BTreeMap<Class, Vec<f64>>,
}

impl Lane<'_> {
    /// Until the server answers, and then a login of each class that does not count.
    async fn warm_up(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let attempt = self.population.attempt(Class::Unknown, self.rng);
            match time(&mut self.client, attempt).await {
                Ok(_) => break,
                Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                Err(_) => sleep(PAUSE).await,
            }
        }
        for class in &self.plan.classes {
            let attempt = self.population.attempt(*class, self.rng);
            time(&mut self.client, attempt).await?;
        }
        Ok(())
    }

    /// All blocks; false when it was given up.
    async fn blocks(&mut self, placement: &Placement, failed: &AtomicBool) -> Result<bool, Failure> {
        let Plan { classes, blocks, .. } = self.plan;
        let logins = |blocks: usize| blocks * PER_BLOCK * classes.len();
        for done in 1..=*blocks {
            if failed.load(Ordering::Relaxed) {
                return Ok(false);
            }
            self.block().await?;
            if done * NOTES / blocks > (done - 1) * NOTES / blocks {
                let (done, all) = (logins(done), logins(*blocks));
                note(&format!(
                    "server on CPU {}: {done} of {all} logins",
                    placement.server
                ));
            }
        }
        Ok(true)
    }

    async fn block(&mut self) -> Result<(), Failure> {
        for class in order(&self.plan.classes, self.rng) {
            let attempt = self.population.attempt(class, self.rng);
            let took = time(&mut self.client, attempt).await?;
            let micros = took.as_secs_f64() * 1e6;
            self.micros.entry(class).or_default().push(micros);
        }
        Ok(())
    }
}

/// Each class [`PER_BLOCK`] times, in random order.
fn order(classes: &[Class], rng: &mut Rng) -> Vec<Class> {
    let mut order = classes.repeat(PER_BLOCK);
    rng.shuffle(&mut order);
    order
}

/// How long it takes to be refused. What else the server might answer is no measurement.
async fn time(client: &mut AuthServiceClient<Channel>, attempt: LoginRequest) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let answer = client.login(attempt).await;
    let took = begun.elapsed();
    match answer {
        Err(status) if (status.code(), reason_of(&status).as_deref()) == REFUSED => Ok(took),
        Err(status) => Err(format!("a login came to {:?}: {}", status.code(), status.message()).into()),
        Ok(_) => Err("a login with a wrong password succeeded".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_each_class_as_often_in_an_order_of_its_own() {
        let mut rng = Rng::with_seed(3);
        let classes = [Class::Unknown, Class::Wrong, Class::Nul];
        let (one, other) = (order(&classes, &mut rng), order(&classes, &mut rng));
        assert_ne!(one, other);
        for class in classes {
            for order in [&one, &other] {
                let times = order.iter().filter(|other| **other == class).count();
                assert_eq!(times, PER_BLOCK);
            }
        }
    }
}
