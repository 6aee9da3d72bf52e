//! The servers' settings as their own command lines define them.

use std::{collections::BTreeMap, fs, net::SocketAddr, time::Duration};

use clap::{Command, builder::Resettable};
use tenantry_common::process::{self, ServiceConfig};

/// What the head of the compose file has a secret made of: 32 bytes in base64.
const SECRET: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\n";

/// Variables by their names.
pub type Environment = BTreeMap<String, String>;

/// A server of ours.
pub struct Server {
    /// Its binary, and its stage in the Dockerfile.
    pub binary: &'static str,
    /// What a deployment must say.
    pub needed: &'static [&'static str],
    /// What must be said in the compose file itself: the image's own store is a file.
    pub store: &'static str,
    command: fn() -> Command,
    started: fn(&Environment) -> Result<Started, String>,
}

/// What a server makes of its settings.
pub struct Started {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How long it may take to end.
    pub drain: Duration,
}

/// Every server that is deployed.
pub const SERVERS: [Server; 2] = [
    Server {
        binary: "auth-service",
        needed: &[
            "ALLOW_PLAINTEXT",
            "AUTH_LISTEN",
            "AUTH_OPERATOR_EMAIL",
            "AUTH_OPERATOR_PASSWORD_FILE",
            "AUTH_STORE",
            "SERVICE_CREDENTIAL_FILE",
        ],
        store: "AUTH_STORE",
        command: command::<auth_service::Config>,
        started: started::<auth_service::Config>,
    },
    Server {
        binary: "org-service",
        needed: &[
            "ALLOW_PLAINTEXT",
            "ORG_AUTH_URL",
            "ORG_LISTEN",
            "ORG_STORE",
            "SERVICE_CREDENTIAL_FILE",
        ],
        store: "ORG_STORE",
        command: command::<org_service::Config>,
        started: started::<org_service::Config>,
    },
];

impl Server {
    /// Whether the server has a setting with this variable.
    pub fn knows(&self, variable: &str) -> bool {
        variables(&(self.command)()).contains_key(variable)
    }

    /// Whether `NAME subcommand` exists.
    pub fn has_subcommand(&self, name: &str) -> bool {
        (self.command)().find_subcommand(name).is_some()
    }

    /// What becomes of the server with these settings and no others. Files are there, each with a good secret in it.
    pub fn started(&self, environment: &Environment) -> Result<Started, String> {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        fs::write(&secret, SECRET).unwrap();
        let mut environment = environment.clone();
        for (_, value) in environment.iter_mut().filter(|(name, _)| name.ends_with("_FILE")) {
            *value = secret.to_str().unwrap().to_owned();
        }
        (self.started)(&environment)
    }
}

/// The flag of every variable.
fn variables(command: &Command) -> BTreeMap<String, String> {
    let arguments = command.get_arguments();
    let named = arguments.filter_map(|argument| Some((argument.get_env()?.to_str()?, argument.get_long()?)));
    named
        .map(|(variable, flag)| (variable.to_owned(), flag.to_owned()))
        .collect()
}

fn command<C: ServiceConfig>() -> Command {
    process::command::<C>("server", "")
}

fn started<C: ServiceConfig>(environment: &Environment) -> Result<Started, String> {
    let flags = variables(&command::<C>());
    let known = environment
        .iter()
        .filter_map(|(name, value)| Some(format!("--{}={value}", flags.get(name)?)));
    // Whoever runs the tests may have settings of their own.
    let mut command = command::<C>().mut_args(|argument| argument.env(Resettable::Reset));
    let arguments = std::iter::once("server".to_owned()).chain(known);
    let config = command
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| C::from_arg_matches(&matches));
    let mut named = self::command::<C>();
    named.build();
    let config = config.map_err(|error| process::complaint(&error, &named))?;
    process::check(&config).map_err(|error| error.to_string())?;
    Ok(Started {
        listen: config.listen(),
        drain: config.server().drain_timeout,
    })
}
