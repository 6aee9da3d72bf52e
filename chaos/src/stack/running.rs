//! A stack that runs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use tempfile::TempDir;
use tenantry_common::id::{Ids, SystemIds};

use super::{
    CommandFault, Error, Link, Server, Setup, Started, Store,
    server::{Place, Start},
    settings::{auth, free_address, org},
};

/// Both servers, their fresh stores and the links between them. Dropped, everything is killed.
#[derive(Debug)]
pub struct Stack {
    pub(super) setup: Setup,
    /// auth-service, then the org-services.
    pub(super) places: Vec<Place>,
    pub(super) between: Link,
    pub(super) stores: Option<Stores>,
    pub(super) fault: Option<(CommandFault, u64)>,
    pub(super) marked: Instant,
    directory: TempDir,
}

/// Databases, and the links to them.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) auth: Link,
    pub(super) org: Link,
    databases: [String; 2],
}

impl Stack {
    /// Starts everything and waits until it serves.
    ///
    /// # Errors
    /// Why it does not; the stack's directory stays then.
    pub async fn start(setup: Setup) -> Result<Self, Error> {
        let mut stack = Self::lay_out(setup).await?;
        match stack.start_all().await {
            Ok(()) => Ok(stack),
            Err(error) => {
                stack.keep();
                Err(error)
            }
        }
    }

    /// Where auth-service is, for clients.
    pub fn auth_url(&self) -> String {
        self.places[..1].iter().map(url).collect()
    }

    /// Where the org-services are, for clients.
    pub fn org_urls(&self) -> Vec<String> {
        self.places[1..].iter().map(url).collect()
    }

    /// All servers.
    pub fn servers(&self) -> Vec<Server> {
        self.places.iter().map(|place| place.server).collect()
    }

    /// The stack's directory, with the embedded stores and the logs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Has the directory stay when the stack goes.
    pub fn keep(&mut self) -> PathBuf {
        self.directory.disable_cleanup(true);
        self.directory.path().to_owned()
    }

    /// Kills everything and drops the databases.
    ///
    /// # Errors
    /// The operating system's or MongoDB's.
    pub async fn end(mut self) -> Result<(), Error> {
        for place in &mut self.places {
            place.kill().await?;
        }
        if let (Some(stores), Store::MongoDb(server)) = (&self.stores, &self.setup.store) {
            for database in &stores.databases {
                server.drop_database(database).await?;
            }
        }
        Ok(())
    }

    /// Everything but the processes.
    async fn lay_out(setup: Setup) -> Result<Self, Error> {
        if setup.replicas == 0 || (setup.replicas > 1 && matches!(setup.store, Store::Embedded)) {
            return Err(Error::Unfit("one org-service, or more on MongoDB"));
        }
        let directory = tempfile::Builder::new().prefix("tenantry-chaos-").tempdir();
        let directory = directory.map_err(Error::io("the stack's directory"))?;
        let stores = match &setup.store {
            Store::Embedded => None,
            Store::MongoDb(server) => Some(Stores::to(server.address()).await?),
        };
        let address = || free_address().map_err(Error::io("a free port"));
        let auth_address = address()?;
        let between = Link::to(auth_address).await.map_err(Error::io("a link"))?;
        let place = |server, address, program: &Path, settings| {
            Place::new(server, address, program, settings, directory.path())
        };
        let [auth_store, org_store] = Stores::urls(stores.as_ref());
        let settings = auth(auth_address, &auth_store);
        let mut places = vec![place(Server::Auth, auth_address, &setup.binaries.auth, settings)?];
        for replica in 0..setup.replicas {
            let address = address()?;
            let settings = org(address, &org_store, between.address());
            places.push(place(
                Server::Org(replica),
                address,
                &setup.binaries.org,
                settings,
            )?);
        }
        Ok(Self {
            setup,
            places,
            between,
            stores,
            fault: None,
            marked: Instant::now(),
            directory,
        })
    }

    async fn start_all(&mut self) -> Result<(), Error> {
        let since = Instant::now();
        for place in &mut self.places {
            let start = Start {
                bug: self.setup.seeded_bug.clone(),
                ..Start::default()
            };
            place.launch(start).await?;
        }
        for place in &mut self.places {
            let started = place.up(since).await?;
            debug_assert!(matches!(started, Started::Serving(_)), "nothing was ordered");
        }
        self.marked = since;
        Ok(())
    }

    /// The name of org-service's database.
    pub(super) fn org_database(&self) -> Option<&str> {
        let [_, org] = &self.stores.as_ref()?.databases;
        Some(org)
    }

    pub(super) fn place(&self, server: Server) -> Result<&Place, Error> {
        let place = self.places.iter().find(|place| place.server == server);
        place.ok_or(Error::NotRunning(server))
    }

    pub(super) fn place_mut(&mut self, server: Server) -> Result<&mut Place, Error> {
        let place = self.places.iter_mut().find(|place| place.server == server);
        place.ok_or(Error::NotRunning(server))
    }
}

impl Stores {
    async fn to(address: SocketAddr) -> Result<Self, Error> {
        let id = SystemIds.uuid_v4().simple();
        Ok(Self {
            auth: Link::to(address).await.map_err(Error::io("a link"))?,
            org: Link::to(address).await.map_err(Error::io("a link"))?,
            databases: ["auth", "org"].map(|owner| format!("chaos_{id}_{owner}")),
        })
    }

    /// The URLs of auth-service's and org-service's store. A direct connection: what the server says of its own
    /// address would lead past the link.
    fn urls(stores: Option<&Self>) -> [String; 2] {
        let Some(Self { auth, org, databases }) = stores else {
            return ["embedded:auth.redb", "embedded:org.redb"].map(str::to_owned);
        };
        let [auth_database, org_database] = databases;
        [(auth, auth_database), (org, org_database)]
            .map(|(link, database)| format!("mongodb://{}/{database}?directConnection=true", link.address()))
    }
}

fn url(place: &Place) -> String {
    format!("http://{}", place.address)
}
