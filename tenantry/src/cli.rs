//! What can be typed: commands, arguments and the environment variables behind them.

use clap::{Parser, Subcommand};

use crate::{
    admin::AdminCommand,
    dev::DevArgs,
    global::Global,
    login::LoginArgs,
    logout::LogoutArgs,
    org::OrgCommand,
    password::PasswordCommand,
    repair::{self, RepairArgs},
    sessions::SessionsCommand,
    verify::{self, VerifyArgs},
};

/// Tenantry: organizations, each with its admins and its own collection.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, after_help = EXIT_CODES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Settings that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the server refused, 2 the server could not be reached, \
    64 wrong usage, 74 a local file could not be read or written";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates, shows, lists, renames, suspends, deletes and restores organizations
    #[command(subcommand)]
    Org(OrgCommand),
    /// Logs in and keeps the login in a file that you alone can read; it is refreshed as it is used
    Login(LoginArgs),
    /// Ends the login and removes it from its file
    Logout(LogoutArgs),
    /// Shows who is logged in
    Whoami,
    /// Lists and ends your sessions
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Changes your password
    #[command(subcommand)]
    Password(PasswordCommand),
    /// Sets other admins' passwords and imports their hashes; for operators
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Looks whether both servers' stores are sound, and says what is wrong, what it means and what to do
    #[command(after_help = verify::EXIT_CODES)]
    Verify(VerifyArgs),
    /// Repairs what `verify` finds, where that is safe, and says what it did; never deletes data
    #[command(after_help = repair::EXIT_CODES)]
    Repair(RepairArgs),
    /// Runs auth-service and org-service in this process, on embedded stores
    Dev(DevArgs),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::*;
    use crate::output::Format;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_argument_takes_a_secret() {
        fn arguments(command: &clap::Command) -> Vec<String> {
            let own = command.get_arguments().filter(|a| a.get_action().takes_values());
            let own = own.map(|a| a.get_id().to_string());
            own.chain(command.get_subcommands().flat_map(arguments)).collect()
        }
        let all = arguments(&Cli::command());
        let harmless = ["page_token", "credentials_file", "service_credential_file"];
        let secret = |name: &str| {
            ["password", "token", "credential"]
                .iter()
                .any(|word| name.contains(word))
        };
        assert!(harmless.iter().all(|name| all.iter().any(|other| other == name)));
        let secrets: Vec<_> = all
            .iter()
            .filter(|name| secret(name) && !harmless.contains(&name.as_str()))
            .collect();
        assert!(secrets.is_empty(), "{secrets:?}");
    }

    #[test]
    fn global_settings_may_follow_the_command() {
        let cli = Cli::try_parse_from(["tenantry", "whoami", "-o", "json", "--timeout", "2s"]).unwrap();
        assert_eq!(
            (cli.global.output, cli.global.timeout),
            (Format::Json, Duration::from_secs(2))
        );
        for bad in ["0s", "soon"] {
            assert!(
                Cli::try_parse_from(["tenantry", "whoami", "--timeout", bad]).is_err(),
                "{bad}"
            );
        }
    }
}
