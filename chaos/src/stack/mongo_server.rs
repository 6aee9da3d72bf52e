//! A MongoDB that can be stopped, started again, and told to fail commands.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use mongodb::{
    Client,
    bson::{Document, doc},
};
use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{
    error::{Error, end_of},
    settings::free_address,
};

/// Longest that it may take to its first answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `configureFailPoint` has a command do (<https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandFault {
    /// Whose commands: auth-service's or org-service's.
    pub client: StoreClient,
    /// Which ones, e.g. `renameCollection`.
    pub commands: Vec<String>,
    /// What becomes of them.
    pub fate: Fate,
    /// Of how many.
    pub times: u32,
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It is not run, and answered with this error code. One that speaks of an election or a shutdown (91, 10107, 11600
    /// and their like) keeps the driver from the server for up to ten seconds, where the server does not say that it is
    /// what it was before.
    ErrorCode(i32),
    /// It is not run, and its connection is closed. For a command that *is* run, see [`super::Link::lose_replies`].
    CloseConnection,
    /// It is run, and answered with a write concern error of this code.
    WriteConcernError(i32),
    /// It is run after this many milliseconds.
    Late(u32),
}

/// Who uses a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StoreClient {
    /// auth-service.
    Auth,
    /// org-service.
    Org,
}

impl StoreClient {
    /// The name that it connects to MongoDB under.
    fn app_name(self) -> &'static str {
        match self {
            Self::Auth => "tenantry-auth",
            Self::Org => "org-service",
        }
    }
}

impl CommandFault {
    fn data(&self) -> Document {
        let mut data = match self.fate {
            Fate::ErrorCode(code) => doc! { "errorCode": code },
            Fate::CloseConnection => doc! { "closeConnection": true },
            Fate::WriteConcernError(code) => {
                doc! { "writeConcernError": { "code": code, "errmsg": "a fault on purpose" } }
            }
            Fate::Late(millis) => doc! { "blockConnection": true, "blockTimeMS": i64::from(millis) },
        };
        data.insert("failCommands", self.commands.clone());
        data.insert("appName", self.client.app_name());
        data
    }
}

/// A MongoDB for stacks to have their databases on.
#[derive(Debug)]
pub struct MongoServer {
    address: SocketAddr,
    client: Client,
    own: Option<Own>,
}

/// One that was started here.
#[derive(Debug)]
struct Own {
    command: Vec<String>,
    directory: PathBuf,
    child: Mutex<Option<Child>>,
}

impl MongoServer {
    /// Starts one. `{port}` and `{directory}` in `command` stand for where it listens, on 127.0.0.1, and where it keeps
    /// its data, which is within `directory` beside its log. Its standard input ends with this process.
    ///
    /// # Errors
    /// The end of its log, when it ends or does not answer.
    pub async fn launch(command: &[String], directory: &Path) -> Result<Self, Error> {
        let address = free_address().map_err(Error::io("a free port"))?;
        let own = Own {
            command: command.to_vec(),
            directory: directory.to_owned(),
            child: Mutex::new(None),
        };
        let server = Self {
            address,
            client: client(address).await?,
            own: Some(own),
        };
        server.start().await?;
        Ok(server)
    }

    /// One that runs already, and cannot be stopped.
    ///
    /// # Errors
    /// The driver's.
    pub async fn at(address: SocketAddr) -> Result<Self, Error> {
        Ok(Self {
            address,
            client: client(address).await?,
            own: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it. What it was working on is lost, what it acknowledged is not. Without links that are cut before, its
    /// clients see an answer or the end of their connections; see [`super::Stack::stop_store`].
    ///
    /// # Errors
    /// [`Error::Unfit`] for one that was not started here.
    pub async fn stop(&self) -> Result<(), Error> {
        if let Some(mut child) = self.own()?.child.lock().await.take() {
            child
                .kill()
                .await
                .map_err(Error::io("MongoDB cannot be killed"))?;
        }
        Ok(())
    }

    /// Starts it again, with the same data at the same address, and waits until it answers; how long that took.
    ///
    /// # Errors
    /// The end of its log, when it ends or does not answer.
    pub async fn start(&self) -> Result<Duration, Error> {
        let own = self.own()?;
        let begun = Instant::now();
        let mut child = own.child.lock().await;
        let running = child.insert(own.spawn(self.address.port())?);
        while !self.answers().await {
            let ended = running.try_wait().map_err(Error::io("waiting"))?;
            if let Some(status) = ended {
                return Err(Error::Died {
                    who: "MongoDB".to_owned(),
                    status,
                    log: end_of(&own.log()),
                });
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::TooLate {
                    what: "MongoDB does not answer".to_owned(),
                    patience: PATIENCE,
                    log: end_of(&own.log()),
                });
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(begun.elapsed())
    }

    /// Has the next commands of this kind fail, in the place of what was to fail before.
    ///
    /// # Errors
    /// MongoDB's, when it does not take test commands.
    pub async fn fail_command(&self, fault: &CommandFault) -> Result<(), Error> {
        let times = i64::from(fault.times);
        let order =
            doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": fault.data() };
        self.client.database("admin").run_command(order).await?;
        Ok(())
    }

    /// Has no command fail any more.
    ///
    /// # Errors
    /// MongoDB's.
    pub async fn fail_no_command(&self) -> Result<(), Error> {
        let order = doc! { "configureFailPoint": "failCommand", "mode": "off" };
        self.client.database("admin").run_command(order).await?;
        Ok(())
    }

    /// Creates a collection that is nobody's.
    ///
    /// # Errors
    /// MongoDB's.
    pub(super) async fn create_collection(&self, database: &str, name: &str) -> Result<(), Error> {
        Ok(self.client.database(database).create_collection(name).await?)
    }

    /// Drops a database.
    ///
    /// # Errors
    /// MongoDB's.
    pub async fn drop_database(&self, name: &str) -> Result<(), Error> {
        Ok(self.client.database(name).drop().await?)
    }

    async fn answers(&self) -> bool {
        let admin = self.client.database("admin");
        let ping = admin.run_command(doc! { "ping": 1 }).into_future();
        matches!(timeout(Duration::from_secs(1), ping).await, Ok(Ok(_)))
    }

    fn own(&self) -> Result<&Own, Error> {
        let unfit = Error::Unfit("this MongoDB was not started here and cannot be stopped");
        self.own.as_ref().ok_or(unfit)
    }
}

impl Own {
    fn spawn(&self, port: u16) -> Result<Child, Error> {
        let data = self.directory.join("data");
        fs::create_dir_all(&data).map_err(Error::io(format!("{}", data.display())))?;
        let filled = |word: &String| {
            let word = word.replace("{port}", &port.to_string());
            word.replace("{directory}", &data.display().to_string())
        };
        let mut words = self.command.iter().map(filled);
        let log = OpenOptions::new().create(true).append(true).open(self.log());
        let mut log = log.map_err(Error::io(format!("{}", self.log().display())))?;
        let started = writeln!(log, "--- started").and_then(|()| log.try_clone());
        let errors = started.map_err(Error::io("MongoDB's log"))?;
        let program = words.next().ok_or(Error::Unfit("MongoDB's command is empty"))?;
        let mut command = Command::new(&program);
        command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .process_group(0);
        command.spawn().map_err(Error::io(program))
    }

    fn log(&self) -> PathBuf {
        self.directory.join("mongodb.log")
    }
}

async fn client(address: SocketAddr) -> Result<Client, Error> {
    let uri = format!("mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=2000");
    Ok(Client::with_uri_str(uri).await?)
}
