//! Settings that every command takes.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{output::Format, server::ServerUrl};

/// Settings that every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Global {
    /// Where auth-service listens [default: that of the saved login, else http://127.0.0.1:50051]
    #[arg(long, global = true, env = "TENANTRY_AUTH_URL", value_name = "URL")]
    pub auth_url: Option<ServerUrl>,
    /// Where org-service listens [default: that of the saved login, else http://127.0.0.1:50052]
    #[arg(long, global = true, env = "TENANTRY_ORG_URL", value_name = "URL")]
    pub org_url: Option<ServerUrl>,
    /// How answers are printed
    #[arg(
        short,
        long,
        global = true,
        env = "TENANTRY_OUTPUT",
        value_enum,
        default_value_t
    )]
    pub output: Format,
    /// How long a call may take, repeats included
    #[arg(long, global = true, env = "TENANTRY_TIMEOUT", value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub timeout: Duration,
    /// Where the login is kept [default: $XDG_STATE_HOME/tenantry/credentials.json]
    #[arg(long, global = true, env = "TENANTRY_CREDENTIALS", value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
}

/// Reads a duration such as `15s` or `1m 30s`; zero is refused.
fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("must be longer than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("must be a duration such as 15s: {error}")),
    }
}
