//! What is done to the servers: drawn from a seed.

use std::time::Duration;

use fastrand::Rng;

use super::{
    fault::{At, Backend, Fault, Trouble},
    points,
};
use crate::stack::{Between, CommandFault, Fate, Server, StoreClient};

/// The points that the servers of a stack have.
#[derive(Clone, Debug)]
pub struct Points {
    /// auth-service's.
    pub auth: Vec<String>,
    /// org-service's.
    pub org: Vec<String>,
}

/// Draws faults.
#[derive(Debug)]
pub struct Plan {
    rng: Rng,
    backend: Backend,
    replicas: usize,
    points: Points,
}

/// How many org-service replicas an episode has: an embedded store serves one.
pub fn replicas(backend: Backend, seed: u64) -> usize {
    match backend {
        Backend::Embedded => 1,
        Backend::MongoDb => 1 + usize::from(Rng::with_seed(seed).bool()),
    }
}

impl Plan {
    /// The faults of the episode with this seed.
    pub fn new(backend: Backend, replicas: usize, points: Points, seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15),
            backend,
            replicas,
            points,
        }
    }

    /// The next fault.
    pub fn draw(&mut self) -> Fault {
        // Out of a hundred. A MongoDB has more ways to fail.
        let (kill, freeze, cut) = match self.backend {
            Backend::Embedded => (86, 4, 4),
            Backend::MongoDb => (50, 12, 12),
        };
        match self.rng.u32(0..100) {
            n if n < kill => self.kill(),
            n if n < kill + freeze => self.freeze(),
            n if n < kill + freeze + cut => self.trouble(),
            _ => self.store(),
        }
    }

    fn kill(&mut self) -> Fault {
        if self.rng.u32(0..4) > 0 {
            return Fault::KillAt(self.somewhere(|_| true));
        }
        let org = self.org();
        let servers = match self.rng.u32(0..3) {
            0 => vec![Server::Auth],
            1 => vec![org],
            _ => (0..self.replicas)
                .map(Server::Org)
                .chain([Server::Auth])
                .collect(),
        };
        let after = self.millis(5..150);
        Fault::KillNow { servers, after }
    }

    /// Longer than a lease, so that somebody else takes over meanwhile.
    fn freeze(&mut self) -> Fault {
        let lasting = self.millis(1_200..2_500);
        if self.rng.u32(0..4) > 0 {
            let at = self.somewhere(|point| point.ends_with(".before") || !point.contains(".store."));
            return Fault::FreezeAt { at, lasting };
        }
        let server = if self.rng.u32(0..4) == 0 {
            Server::Auth
        } else {
            self.org()
        };
        Fault::FreezeNow { server, lasting }
    }

    fn trouble(&mut self) -> Fault {
        let trouble = match self.rng.u32(0..4) {
            0 => Trouble::Cut,
            1 => Trouble::Hang,
            2 => Trouble::Slow(self.rng.u64(20..200)),
            _ => Trouble::LoseAnswers,
        };
        let lasting = self.millis(200..1_500);
        Fault::Link { trouble, lasting }
    }

    fn store(&mut self) -> Fault {
        if self.backend == Backend::Embedded {
            return Fault::WriteFails(self.somewhere(|point| point.contains(".store.")));
        }
        match self.rng.u32(0..10) {
            0..4 => Fault::Commands(self.command()),
            4..6 => Fault::WriteFails(self.somewhere(|point| point.contains(".store."))),
            6..8 => {
                let client = self.client();
                let (between, command) = (between(client), self.command_of(client).to_owned());
                let times = self.rng.u64(1..3);
                Fault::AnswersLost {
                    between,
                    command,
                    times,
                }
            }
            8 => {
                let between = between(self.client());
                let lasting = self.millis(200..1_500);
                Fault::StoreAway { between, lasting }
            }
            _ => Fault::StoreRestarts {
                lasting: self.millis(100..800),
            },
        }
    }

    fn command(&mut self) -> CommandFault {
        // HostUnreachable, WriteConflict, ExceededTimeLimit.
        const CODES: [i32; 3] = [6, 112, 262];
        let client = self.client();
        let commands = vec![self.command_of(client).to_owned()];
        let fate = match self.rng.u32(0..4) {
            0 => Fate::ErrorCode(CODES[self.rng.usize(..CODES.len())]),
            1 => Fate::WriteConcernError(64),
            2 => Fate::Late(self.rng.u32(500..2_500)),
            _ => Fate::CloseConnection,
        };
        CommandFault {
            client,
            commands,
            fate,
            times: self.rng.u32(1..4),
        }
    }

    fn client(&mut self) -> StoreClient {
        if self.rng.u32(0..4) == 0 {
            StoreClient::Auth
        } else {
            StoreClient::Org
        }
    }

    /// A command that this server sends.
    fn command_of(&mut self, client: StoreClient) -> &'static str {
        let commands: &[&str] = match client {
            StoreClient::Auth => &["insert", "findAndModify", "delete"],
            StoreClient::Org => &["create", "renameCollection", "drop", "findAndModify"],
        };
        commands[self.rng.usize(..commands.len())]
    }

    /// Some point of either server that is `wanted`.
    fn somewhere(&mut self, wanted: impl Fn(&str) -> bool) -> At {
        let org = self.org();
        let all = self.points.org.iter().map(|point| (org, point));
        let all = all.chain(self.points.auth.iter().map(|point| (Server::Auth, point)));
        let drawn: Vec<_> = all
            .filter(|(_, point)| wanted(point) && points::by_load(point))
            .collect();
        let (server, point) = drawn[self.rng.usize(..drawn.len())];
        At {
            server,
            point: point.clone(),
            nth: self.rng.u64(1..4),
        }
    }

    fn org(&mut self) -> Server {
        Server::Org(self.rng.usize(..self.replicas))
    }

    fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.rng.u64(range))
    }
}

fn between(client: StoreClient) -> Between {
    match client {
        StoreClient::Auth => Between::AuthAndStore,
        StoreClient::Org => Between::OrgAndStore,
    }
}
