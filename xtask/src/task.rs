//! The tasks, as they are asked for on the command line.

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, builder::PossibleValuesParser};

use crate::{bugs, chaos, check, explore, forge, guard, mongodb, mutants, test};

/// Does the task that the command line names.
pub fn main() -> ExitCode {
    match Task::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tenantry's development tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run every test, over the embedded store and over a MongoDB, and say how long each part took.
    ///
    /// The MongoDB is the one that TENANTRY_TEST_MONGODB_URI names; else a mongod that is started for the time of the
    /// tests: the program that MONGOD names, or the one on PATH; else SecantusDB, a compatible server that is installed
    /// from PyPI into a virtual environment under target/ (needs python3) and started likewise.
    Test {
        /// Given to every test program, after its own `--`: a filter, or --nocapture.
        #[arg(last = true, value_name = "TEST ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Check everything that is no test: format, clippy and rustdoc without warnings, cargo-deny where it is installed.
    Check,
    /// Run a throw-away MongoDB, the one the tests would use, until Ctrl-C, and print its URI.
    Mongo,
    /// Kill, freeze and cut off both servers under load, and check what they promised.
    ///
    /// Builds the servers with failpoints, for debugging unless --release is among the arguments. `cargo xtask chaos
    /// --help` tells of all others.
    #[command(disable_help_flag = true)]
    Chaos {
        /// What is done, how often, on which stores, and from which seed.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// Have the servers be wrong in twelve ways, one at a time, and see that the tests find each.
    Bugs,
    /// Change the lifecycle, its driver and the token code in every small way, one at a time, and see that the tests
    /// notice.
    ///
    /// Needs cargo-mutants; takes an hour or two. It is a success when 95 % are noticed.
    Mutants {
        /// Only these.
        #[arg(value_parser = PossibleValuesParser::new(mutants::names()))]
        named: Vec<String>,
    },
    /// Explore the lifecycle's states with bounds too wide for every day; takes long.
    Explore,
    /// Forge access tokens in every way that is known, a million of them, and see that none is accepted.
    Forge {
        /// How many.
        #[arg(long, default_value_t = 1_000_000)]
        tokens: u64,
        /// Which: the same seed forges the same ones, but for the signatures of foreign keys that are random.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Run a server that ends when standard input does, and then remove its directory.
    #[command(hide = true)]
    Guard {
        /// Where the server keeps what it has; its output is written to the file `log` there.
        #[arg(long)]
        directory: PathBuf,
        /// The server's command line.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

impl Task {
    fn run(self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Test { arguments } => test::run(&arguments),
            Self::Check => check::run(),
            Self::Mongo => mongodb::run(),
            Self::Chaos { arguments } => chaos::run(&arguments),
            Self::Bugs => bugs::run(),
            Self::Mutants { named } => mutants::run(&named),
            Self::Explore => explore::run(),
            Self::Forge { tokens, seed } => forge::run(tokens, seed),
            Self::Guard { directory, command } => guard::run(&directory, &command),
        }
    }
}
