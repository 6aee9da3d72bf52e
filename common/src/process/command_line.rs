//! A server's flags, and what is said of a bad one.

use std::error::Error;

use clap::{
    Arg, Args, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The command of a server with these settings.
pub fn command<C: Args>(name: &'static str, about: &'static str) -> Command {
    let address = Arg::new("address")
        .long("address")
        .value_name("URL")
        .help("The server's address [default: where it listens by the settings]");
    // What the settings' own documentation says of themselves is not what the program is for.
    // The settings' own documentation would take the place of an `about` that was set before.
    C::augment_args(Command::new(name).version(env!("CARGO_PKG_VERSION")))
        .about(about)
        .long_about(None)
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("health")
                .about("Ask a running server whether it serves; the exit code is 0 if it does, else 1")
                .arg(address),
        )
}

/// A setting by its variable and its flag.
pub(super) fn named(command: &Command, long: &str) -> String {
    let argument = command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(long));
    argument.map_or_else(|| format!("--{long}"), name)
}

fn name(argument: &Arg) -> String {
    let long = argument.get_long().map(|long| format!("--{long}"));
    let variable = argument
        .get_env()
        .map(|variable| variable.to_string_lossy().into_owned());
    match (variable, long) {
        (Some(variable), Some(long)) => format!("{variable} ({long})"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => argument.get_id().to_string(),
    }
}

/// What is wrong with which setting, in clap's words, but without a value that it may not show: a store's URL can hold
/// a password. `command` is the one that parsed.
pub fn complaint(error: &clap::Error, command: &Command) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(shown)) => command
            .get_arguments()
            .find(|argument| argument.to_string() == *shown),
        _ => None,
    };
    let said = error.to_string();
    let said = said.trim_start_matches("error: ").trim_end();
    match (argument, error.kind(), error.source()) {
        (Some(argument), ErrorKind::ValueValidation, Some(why)) => format!("{}: {why}", name(argument)),
        (None, ErrorKind::ValueValidation, Some(why)) => why.to_string(),
        (Some(argument), _, _) => format!("{}: {said}", name(argument)),
        (None, _, _) => said.to_owned(),
    }
}
