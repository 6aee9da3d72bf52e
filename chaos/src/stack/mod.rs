//! Both servers as processes, their stores, and the links between them.
//!
//! ```text
//! clients ──> auth-service ──[AuthAndStore]──> MongoDB, or a file
//!        └──> org-service  ──[OrgAndStore]───> MongoDB, or a file
//!                  └────────[OrgAndAuth]────> auth-service
//! ```
//!
//! Every process is real, and so is what happens to it. Servers keep their addresses when they are started again.

mod asking;
mod control;
mod disturbance;
mod error;
mod hand;
mod link;
mod mongo_server;
mod process;
mod running;
mod server;
mod settings;
mod soundness;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use asking::Findings;
pub use error::Error;
pub use link::Link;
pub use mongo_server::{CommandFault, Fate, MongoServer, StoreClient};
pub use running::Stack;
pub use settings::{Binaries, CREDENTIAL, HANDLE_REST, LEASE, OPERATOR_EMAIL, OPERATOR_PASSWORD, RETENTION};

/// What a stack is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The servers' programs.
    pub binaries: Binaries,
    /// Where they keep their data.
    pub store: Store,
    /// How many org-services there are; more than one on MongoDB alone.
    pub replicas: usize,
    /// The bug that both have; see `tenantry_common::seeded_bug`.
    pub seeded_bug: Option<String>,
}

/// Where the servers of a stack keep their data, which is fresh for every stack.
#[derive(Clone, Debug)]
pub enum Store {
    /// Files in the stack's directory.
    Embedded,
    /// Two databases.
    MongoDb(Arc<MongoServer>),
}

/// A server of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Server {
    /// auth-service.
    Auth,
    /// org-service: which of the replicas, counted from 0.
    Org(usize),
}

/// What lies between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Between {
    /// All org-services' way to auth-service.
    OrgAndAuth,
    /// auth-service's way to MongoDB.
    AuthAndStore,
    /// All org-services' way to MongoDB.
    OrgAndStore,
}

/// How a start ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// The server serves, so long after its start.
    Serving(Duration),
    /// It was ordered to do something at a point that it passed before it served, and did.
    Hit(String),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth => f.write_str("auth-service"),
            Self::Org(replica) => write!(f, "org-service-{replica}"),
        }
    }
}
