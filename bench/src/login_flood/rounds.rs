//! The order of the measurements: what is compared is measured one right after the other, over and over.

use std::num::NonZeroUsize;

use super::{
    client::{connect, token, validate},
    flood::{Flood, Manner},
    logins,
    report::{FloodFigures, FloodRound, LoginFigures, LoginRound, Measured, Report, Setting},
};
use crate::{
    Failure,
    arguments::LoginFlood,
    cpus::{Cpus, Placement},
    host::{self, Disturbance, Watch},
    note,
    open_loop::{Probed, Schedule, probe},
    place::{BenchStore, Place},
    raw_bcrypt::RawBcrypt,
    server::{self, Server},
    wait,
};

/// Logins under way for each hashing thread, so that none of them ever waits for work.
const LOGINS_PER_THREAD: usize = 8;
/// Calls on each connection before those that count.
const WARM_UP: usize = 50;

/// What is to be measured.
#[derive(Debug)]
pub(super) struct Rounds<'a> {
    arguments: &'a LoginFlood,
    placement: Placement,
    hash_threads: NonZeroUsize,
}

impl<'a> Rounds<'a> {
    /// As the arguments say.
    pub(super) fn plan(arguments: &'a LoginFlood, placement: Placement) -> Self {
        let one_per_cpu = || NonZeroUsize::new(placement.server.count()).unwrap_or(NonZeroUsize::MIN);
        Self {
            hash_threads: arguments.hash_threads.unwrap_or_else(one_per_cpu),
            arguments,
            placement,
        }
    }

    /// How many accounts it takes: one for each client, and the last for the token that is validated.
    pub(super) fn accounts(&self) -> usize {
        let floods = self.arguments.flood.iter().map(|clients| clients.get());
        floods.max().unwrap_or(0).max(self.under_way()) + 1
    }

    /// Logins under way where nothing but logins is measured; as many as are hashed or may wait.
    fn under_way(&self) -> usize {
        let threads = self.hash_threads.get();
        let room = threads.saturating_add(self.arguments.hash_queue.get());
        threads.saturating_mul(LOGINS_PER_THREAD).min(room)
    }

    /// Measures with a server on this store, and stops it.
    ///
    /// # Errors
    /// When something cannot be measured.
    pub(super) fn measure(&self, place: &Place) -> Result<Report, Failure> {
        let subject = Subject::start(self, place)?;
        let (mut logins, rounds) = (Vec::new(), self.arguments.rounds);
        let mut floods: Vec<_> = self
            .arguments
            .flood
            .iter()
            .map(|clients| (clients.get(), Vec::new()))
            .collect();
        for round in 1..=rounds.get() {
            note(&format!("round {round} of {rounds}: logins beside raw bcrypt"));
            logins.push(self.undisturbed(|| subject.logins())?);
            for (clients, measured) in &mut floods {
                note(&format!("round {round} of {rounds}: a flood of {clients}"));
                measured.push(self.undisturbed(|| subject.flood(*clients))?);
            }
        }
        let floods = floods
            .into_iter()
            .map(|(clients, rounds)| FloodFigures::of(clients, rounds));
        Ok(Report {
            setting: self.setting(),
            floods: floods.collect::<Result<_, _>>()?,
            logins: LoginFigures::of(logins),
        })
    }

    /// Measures, and again while something else disturbs it.
    fn undisturbed<T>(
        &self,
        measure: impl Fn() -> Result<(T, Disturbance), Failure>,
    ) -> Result<Measured<T>, Failure> {
        let mut tries = 1;
        loop {
            let (figures, disturbance) = measure()?;
            let spoilt = self.spoils(disturbance);
            if !spoilt || tries == self.arguments.tries.get() {
                return Ok(Measured {
                    figures,
                    disturbance,
                    spoilt,
                });
            }
            note(&format!("disturbed ({disturbance}): once more"));
            tries += 1;
        }
    }

    /// A MongoDB on the same CPUs is a process like any other, but no disturbance.
    fn spoils(&self, disturbance: Disturbance) -> bool {
        match self.arguments.store {
            BenchStore::Embedded => disturbance.spoils(),
            BenchStore::Mongo(_) => Disturbance {
                foreign: 0.0,
                ..disturbance
            }
            .spoils(),
        }
    }

    fn setting(&self) -> Setting {
        let arguments = self.arguments;
        Setting {
            store: arguments.store.to_string(),
            placement: self.placement.clone(),
            hash_threads: self.hash_threads.get(),
            hash_queue: arguments.hash_queue.get(),
            bcrypt_cost: arguments.bcrypt_cost.to_string(),
            rate: arguments.rate.get(),
            connections: arguments.connections.get(),
            seconds: arguments.seconds.as_secs_f64(),
            burst: arguments.burst,
            spin: arguments.spin,
        }
    }
}

/// What is measured.
struct Subject<'a> {
    rounds: &'a Rounds<'a>,
    server: Server,
    raw: RawBcrypt,
    /// Verifications that take half as long as a measurement.
    half: u64,
    cpus: Cpus,
}

impl<'a> Subject<'a> {
    fn start(rounds: &'a Rounds<'a>, place: &Place) -> Result<Self, Failure> {
        let Placement { server: cpus, load } = &rounds.placement;
        let arguments = rounds.arguments;
        let server = Server::start(
            &server::Subject {
                cpus,
                store: &place.url(),
                bcrypt_cost: arguments.bcrypt_cost,
                hash_threads: rounds.hash_threads,
                hash_queue: arguments.hash_queue,
            },
            &place.log(),
        )?;
        wait(token(server.url(), rounds.accounts() - 1))?
            .map_err(|error| format!("{error}\n{}", server.end_of_log()))?;
        let raw = RawBcrypt::new(rounds.hash_threads, cpus.clone(), arguments.bcrypt_cost.get())?;
        let threads = u64::try_from(rounds.hash_threads.get())?;
        let one_each = raw.time(threads)?.as_secs_f64();
        let half_of_each = (arguments.seconds.as_secs_f64() / 2.0 / one_each)
            .round()
            .max(1.0);
        Ok(Self {
            half: threads * half_of_each as u64,
            cpus: cpus.union(load),
            rounds,
            server,
            raw,
        })
    }

    /// Half of the verifications, as many logins as verifications, and the other half.
    fn logins(&self) -> Result<(LoginRound, Disturbance), Failure> {
        let all = 2 * self.half;
        self.server.rest()?;
        let (before, first) = self.watched(|| self.raw.time(self.half))?;
        let time = || wait(logins::time(self.server.url(), all, self.rounds.under_way()))?;
        let (logins, second) = self.watched(time)?;
        self.server.rest()?;
        let (after, third) = self.watched(|| self.raw.time(self.half))?;
        let bcrypt_per_second = all as f64 / (before + after).as_secs_f64();
        let logins_per_second = all as f64 / logins.as_secs_f64();
        let round = LoginRound {
            logins_per_second,
            bcrypt_per_second,
            ratio: logins_per_second / bcrypt_per_second,
        };
        Ok((round, first.or_worse(second).or_worse(third)))
    }

    /// ValidateToken alone, and with a flood.
    fn flood(&self, clients: usize) -> Result<(FloodRound, Disturbance), Failure> {
        let LoginFlood { burst, spin, .. } = *self.rounds.arguments;
        let token = wait(token(self.server.url(), self.rounds.accounts() - 1))??;
        self.server.rest()?;
        let (quiet, first) = self.watched(|| self.probe(&token))?;
        let process = self.server.process();
        host::forget_peak(process);
        let before = host::memory(process)?.resident;
        let flood = Flood::start(self.server.url(), clients, Manner { burst, spin })?;
        let probed = self.watched(|| self.probe(&token));
        let flooded = flood.stop()?;
        let growth = host::memory(process)?.peak.saturating_sub(before);
        let (probed, second) = probed?;
        Ok((
            FloodRound::new(quiet, probed, flooded, growth),
            first.or_worse(second),
        ))
    }

    fn probe(&self, token: &str) -> Result<Probed, Failure> {
        let LoginFlood {
            rate,
            seconds,
            connections,
            ..
        } = *self.rounds.arguments;
        wait(async {
            let clients = connect(self.server.url(), connections.get())?;
            for client in &clients {
                for _ in 0..WARM_UP {
                    validate(client.clone(), token.to_owned()).await?;
                }
            }
            let mut next = clients.iter().cycle().cloned();
            let call = |_| {
                let client = next.next();
                let token = token.to_owned();
                async move {
                    match client {
                        Some(client) => validate(client, token).await,
                        None => Err("there is no connection".to_owned()),
                    }
                }
            };
            probe(Schedule::new(rate, seconds), call).await
        })?
    }

    /// What it answers, and what others did meanwhile.
    fn watched<T>(&self, measure: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Disturbance), Failure> {
        let watch = Watch::begin(&self.cpus, self.server.process())?;
        let measured = measure()?;
        Ok((measured, watch.end()?))
    }
}
