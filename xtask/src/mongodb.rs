//! The MongoDB that the tests run over.

mod mongod;
mod secantus;
mod server;

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use server::Server;

/// Names the MongoDB to the tests.
pub const URI: &str = "TENANTRY_TEST_MONGODB_URI";

/// A MongoDB that answers.
pub enum MongoDb {
    /// Somebody else's.
    Given(String),
    /// Started for this value, and ended with it.
    Started {
        /// What it is.
        kind: String,
        /// The process.
        server: Server,
    },
}

impl MongoDb {
    /// Where clients connect to.
    pub fn uri(&self) -> String {
        match self {
            Self::Given(uri) => uri.clone(),
            Self::Started { server, .. } => {
                format!("mongodb://127.0.0.1:{}/?directConnection=true", server.port())
            }
        }
    }

    /// The end of its log, if it was started here and has ended since.
    pub fn ended(&self) -> Option<String> {
        match self {
            Self::Given(_) => None,
            Self::Started { server, .. } => server.ended(),
        }
    }
}

impl fmt::Display for MongoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The URI may hold a password.
            Self::Given(_) => write!(f, "the MongoDB that {URI} names"),
            Self::Started { kind, .. } => write!(f, "{kind} at {}", self.uri()),
        }
    }
}

/// The MongoDB that TENANTRY_TEST_MONGODB_URI names; else a mongod; else SecantusDB.
///
/// # Errors
/// Why it cannot be started, with the end of its log.
pub fn find() -> Result<MongoDb, Box<dyn Error>> {
    if let Ok(uri) = env::var(URI)
        && !uri.is_empty()
    {
        return Ok(MongoDb::Given(uri));
    }
    if let Some(program) = mongod_here() {
        let kind = program.display().to_string();
        return Ok(MongoDb::Started {
            kind,
            server: mongod::start(&program)?,
        });
    }
    let kind = format!("SecantusDB {}", secantus::VERSION);
    Ok(MongoDb::Started {
        kind,
        server: secantus::start()?,
    })
}

/// The command line of a durable MongoDB for whoever starts and stops it by itself, with `{directory}` and `{port}` in
/// it: a mongod, else SecantusDB.
///
/// # Errors
/// Why there is none.
pub fn command_line() -> Result<Vec<OsString>, Box<dyn Error>> {
    let (directory, port) = (Path::new("{directory}"), "{port}");
    match mongod_here() {
        Some(program) => Ok(mongod::command(&program, directory, port)),
        None => secantus::durable(directory, port),
    }
}

fn mongod_here() -> Option<PathBuf> {
    mongod::program(env::var_os("MONGOD"), env::var_os("PATH"))
}

/// `cargo xtask mongo`: keeps one running, for people.
///
/// # Errors
/// Those of [`find`]; and that it ended.
pub fn run() -> Result<(), Box<dyn Error>> {
    let mongodb = find()?;
    println!("{mongodb}");
    if let MongoDb::Given(_) = mongodb {
        return Ok(());
    }
    println!("Its data goes with it. Ctrl-C ends it.");
    loop {
        thread::sleep(Duration::from_secs(1));
        if let Some(last_words) = mongodb.ended() {
            return Err(format!("it ended:\n{last_words}").into());
        }
    }
}
