//! Something that is done to the servers while they work.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::stack::{Between, CommandFault, Server};

/// Which stores the servers stand on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A file each.
    Embedded,
    /// Databases on one MongoDB.
    #[value(name = "mongodb")]
    MongoDb,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::MongoDb => "mongodb",
        })
    }
}

/// Faults are counted by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// SIGKILL.
    Kill,
    /// SIGSTOP past the lease, and back.
    Freeze,
    /// The link between the services is cut, held up or slowed.
    Cut,
    /// A store fails, goes away, or is stopped and started.
    Store,
}

impl Category {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Kill, Self::Freeze, Self::Cut, Self::Store];
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::Cut => "cut",
            Self::Store => "store",
        })
    }
}

/// A server at a named point, the `nth` time that it passes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Which server.
    pub server: Server,
    /// Which point.
    pub point: String,
    /// Counted from 1.
    pub nth: u64,
}

/// How the link between org-service and auth-service misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// No connection lives, none is made.
    Cut,
    /// Connections live and carry nothing.
    Hang,
    /// Everything comes late, by milliseconds.
    Slow(u64),
    /// Requests arrive, answers do not.
    LoseAnswers,
}

/// Something that is done to the servers while they work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// SIGKILL at a point.
    KillAt(At),
    /// SIGKILL.
    KillNow {
        /// Of these.
        servers: Vec<Server>,
        /// After a while.
        after: Duration,
    },
    /// SIGSTOP at a point, and SIGCONT.
    FreezeAt {
        /// Where.
        at: At,
        /// How long.
        lasting: Duration,
    },
    /// SIGSTOP, and SIGCONT.
    FreezeNow {
        /// Of this one.
        server: Server,
        /// How long.
        lasting: Duration,
    },
    /// The link between the services.
    Link {
        /// How it misbehaves.
        trouble: Trouble,
        /// How long.
        lasting: Duration,
    },
    /// A write fails at a point: not done, or done with its answer lost.
    WriteFails(At),
    /// The MongoDB cannot be reached.
    StoreAway {
        /// Over this link.
        between: Between,
        /// How long.
        lasting: Duration,
    },
    /// The MongoDB is killed and started.
    StoreRestarts {
        /// How long it is away.
        lasting: Duration,
    },
    /// The MongoDB fails commands.
    Commands(CommandFault),
    /// Commands are done, and their answers lost.
    AnswersLost {
        /// Over this link.
        between: Between,
        /// Which commands.
        command: String,
        /// How many of them.
        times: u64,
    },
}

impl Fault {
    /// What it is counted as.
    pub fn category(&self) -> Category {
        match self {
            Self::KillAt(_) | Self::KillNow { .. } => Category::Kill,
            Self::FreezeAt { .. } | Self::FreezeNow { .. } => Category::Freeze,
            Self::Link { .. } => Category::Cut,
            Self::WriteFails(_)
            | Self::StoreAway { .. }
            | Self::StoreRestarts { .. }
            | Self::Commands(_)
            | Self::AnswersLost { .. } => Category::Store,
        }
    }

    /// The point that it needs, if any.
    pub fn at(&self) -> Option<&At> {
        match self {
            Self::KillAt(at) | Self::FreezeAt { at, .. } | Self::WriteFails(at) => Some(at),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.at() else {
            return write!(f, "{self:?}");
        };
        let deed = match self {
            Self::KillAt(_) => "kill",
            Self::FreezeAt { .. } => "freeze",
            _ => "fail",
        };
        write!(f, "{deed} {} at {} ({})", at.server, at.point, at.nth)
    }
}
