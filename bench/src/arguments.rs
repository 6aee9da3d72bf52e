//! The command line.

use std::{
    ffi::OsString,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use auth_service::domain::Cost;
use clap::{Args, Parser, Subcommand};

use crate::{cpus::Cpus, login_timing::class::Class, place::BenchStore};

/// Measures what Tenantry promises of its speed, each as a ratio of two things measured side by side in one run.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Arguments {
    /// What to measure.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What a flood of logins costs everybody else, and how much of the processor becomes logins.
    LoginFlood(LoginFlood),
    /// Whether the time that a refused login takes tells whose e-mail it was.
    LoginTiming(LoginTiming),
    /// auth-service, for the bench itself.
    #[command(hide = true)]
    Serve(ServeArguments),
}

/// Measures a real auth-service in a process of its own.
///
/// A round measures, for each size of flood, ValidateToken without and with the flood; and logins per second beside
/// what the bcrypt crate alone does on the same CPUs. What other processes disturbed is measured again. Ratios are the
/// medians of the rounds. The exit code is 0 whenever it was measured, whatever the figures are.
#[derive(Clone, Debug, Args)]
pub struct LoginFlood {
    /// Clients that log in over and over, each with an account of its own; a list.
    #[arg(long, value_delimiter = ',', default_value = "32,1000")]
    pub flood: Vec<NonZeroUsize>,
    /// How often everything is measured.
    #[arg(long, default_value = "5")]
    pub rounds: NonZeroUsize,
    /// How often one measurement is made at most, while other processes disturb it.
    #[arg(long, default_value = "3")]
    pub tries: NonZeroUsize,
    /// Calls of ValidateToken per second, each begun when its time has come (open loop).
    #[arg(long, default_value = "1000")]
    pub rate: NonZeroU32,
    /// Connections for these calls.
    #[arg(long, default_value = "4")]
    pub connections: NonZeroUsize,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub seconds: Duration,
    /// embedded: in a file that is thrown away; or mongodb://HOST/DATABASE, which must be empty and is dropped.
    #[arg(long, default_value = "embedded")]
    pub store: BenchStore,
    /// bcrypt's cost.
    #[arg(long, default_value = "12")]
    pub bcrypt_cost: Cost,
    /// Threads that hash passwords; one per CPU of the server's when unset.
    #[arg(long)]
    pub hash_threads: Option<NonZeroUsize>,
    /// How many passwords may wait to be hashed.
    #[arg(long, default_value = "64")]
    pub hash_queue: NonZeroUsize,
    /// The server's CPUs, e.g. 0 or 0,2-3; one when unset.
    #[arg(long)]
    pub server_cpus: Option<Cpus>,
    /// The load's CPUs; another one when unset, where there is another.
    #[arg(long)]
    pub load_cpus: Option<Cpus>,
    /// The clients of a flood all begin in the same instant; without it, within a second.
    #[arg(long)]
    pub burst: bool,
    /// Clients that are refused ask again at once, instead of after the pause that the server asks for.
    #[arg(long)]
    pub spin: bool,
    /// File for the figures, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// Measures logins that are refused, one at a time, at a real auth-service in a process of its own.
///
/// Logins of all classes take turns in random order. Each class is compared with unknown by Welch's t, which below 4.5
/// tells nobody anything. The exit code is 0 whenever it was measured, whatever the figures are.
#[derive(Clone, Debug, Args)]
pub struct LoginTiming {
    /// Logins of each class, of all servers together; made up to whole blocks of ten at each.
    #[arg(long, default_value = "10000")]
    pub samples: NonZeroUsize,
    /// What is compared with unknown, which is measured in any case; a list.
    #[arg(long, value_delimiter = ',', default_value = "unknown,wrong")]
    pub classes: Vec<Class>,
    /// embedded: in files that are thrown away; or mongodb://HOST/DATABASE: each server has a database of this name and
    /// its number, which must be empty and is dropped.
    #[arg(long, default_value = "embedded")]
    pub store: BenchStore,
    /// bcrypt's cost.
    #[arg(long, default_value = "10")]
    pub bcrypt_cost: Cost,
    /// A server on each of these, with one hashing thread and a client of its own; the first two CPUs when unset.
    #[arg(long)]
    pub server_cpus: Option<Cpus>,
    /// The clients' CPUs, taken in turn; when unset, each client is where its server is, as one waits for the other.
    #[arg(long)]
    pub load_cpus: Option<Cpus>,
    /// What e-mails, passwords and the order come from; random when unset.
    #[arg(long)]
    pub seed: Option<u64>,
    /// File for the figures, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// What the bench starts its server with.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Where to run.
    #[arg(long)]
    pub cpus: Cpus,
    /// auth-service's own flags.
    #[arg(last = true)]
    pub flags: Vec<OsString>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "must be a number".to_owned())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if (Duration::from_millis(100)..=Duration::from_secs(600)).contains(&time) {
        Ok(time)
    } else {
        Err("must be from 0.1 to 600".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login_flood(given: &[&str]) -> Result<LoginFlood, clap::Error> {
        let arguments = Arguments::try_parse_from(["bench", "login-flood"].iter().chain(given))?;
        match arguments.command {
            Command::LoginFlood(login_flood) => Ok(login_flood),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_promise() {
        let arguments = login_flood(&[]).unwrap();
        let floods: Vec<_> = arguments.flood.iter().map(|clients| clients.get()).collect();
        assert_eq!(floods, [32, 1_000]);
        assert_eq!(
            (arguments.rounds.get(), arguments.bcrypt_cost.to_string().as_str()),
            (5, "12")
        );
        assert!(!arguments.burst && !arguments.spin);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert_eq!(
            login_flood(&["--seconds", "0.3"]).unwrap().seconds,
            Duration::from_millis(300)
        );
        for wrong in [
            ["--seconds", "0"],
            ["--seconds", "-1"],
            ["--seconds", "nan"],
            ["--seconds", "1e9"],
            ["--flood", "0"],
            ["--rate", "0"],
            ["--store", "embedded:file"],
            ["--store", "mongodb://localhost"],
            ["--bcrypt-cost", "9"],
        ] {
            assert!(login_flood(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_servers_flags_are_handed_on_as_they_are() {
        let given = ["bench", "serve", "--cpus", "1", "--", "--store", "embedded:x"];
        match Arguments::try_parse_from(given).unwrap().command {
            Command::Serve(serve) => assert_eq!(serve.flags, ["--store", "embedded:x"]),
            _ => panic!("another command"),
        }
    }
}
