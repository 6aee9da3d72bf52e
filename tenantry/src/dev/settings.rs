//! The settings of a server that runs in this process: the environment's, and proposals where that is silent.

use std::env;

use clap::{Arg, Args, Command, builder::Resettable};

use tenantry_common::process::{ServiceConfig, check, complaint};

use crate::errors::CommandError;

/// Values for a server's settings, each under the name of its environment variable.
#[derive(Debug, Default)]
pub struct Proposals {
    values: Vec<Proposal>,
    ignored: &'static [&'static str],
}

#[derive(Debug)]
struct Proposal {
    variable: &'static str,
    value: String,
}

impl Proposals {
    /// None yet: the environment and the server's own defaults decide.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the environment may not change.
    #[must_use]
    pub fn fixed(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.values.push(Proposal {
            variable,
            value: value.into(),
        });
        self
    }

    /// Leaves these variables of the environment out of it, whatever they say.
    #[must_use]
    pub fn ignoring(mut self, variables: &'static [&'static str]) -> Self {
        self.ignored = variables;
        self
    }

    /// Sets what the environment leaves open. A secret is also settled by the variable that names its file, and the
    /// other way round.
    #[must_use]
    pub fn unless_set(self, variable: &'static str, value: impl Into<String>) -> Self {
        let sibling = variable
            .strip_suffix("_FILE")
            .map_or_else(|| format!("{variable}_FILE"), str::to_owned);
        let is_set = |name: &str| env::var_os(name).is_some();
        if is_set(variable) || is_set(&sibling) {
            self
        } else {
            self.fixed(variable, value)
        }
    }

    /// Sets a port on the loopback interface, if one was asked for.
    #[must_use]
    pub fn port(self, variable: &'static str, port: Option<u16>) -> Self {
        match port {
            Some(port) => self.fixed(variable, format!("127.0.0.1:{port}")),
            None => self,
        }
    }

    /// The settings that come of it, checked.
    ///
    /// # Errors
    /// [`CommandError::Usage`] names the bad setting.
    pub fn settings<C: ServiceConfig>(self) -> Result<C, CommandError> {
        let settings = self.parse::<C>()?;
        check(&settings).map_err(|error| CommandError::Usage(error.to_string()))?;
        Ok(settings)
    }

    fn parse<C: Args>(self) -> Result<C, CommandError> {
        let ignored = |argument: &Arg| {
            argument
                .get_env()
                .is_some_and(|variable| self.ignored.iter().any(|ignored| variable == *ignored))
        };
        let command = C::augment_args(Command::new("settings").no_binary_name(true));
        let mut command = command.mut_args(|argument| {
            if ignored(&argument) {
                argument.env(Resettable::Reset)
            } else {
                argument
            }
        });
        // An argument can be shown, and so be found again by what its value's error says, once its command is built.
        command.build();
        let arguments = self.values.iter().map(|proposal| argument(&command, proposal));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let usage = |error: clap::Error| CommandError::Usage(told(&error, &command));
        let matches = command.clone().try_get_matches_from(arguments).map_err(usage)?;
        C::from_arg_matches(&matches).map_err(usage)
    }
}

fn argument(command: &Command, proposal: &Proposal) -> Result<String, CommandError> {
    let argument = command.get_arguments().find(|argument| {
        argument
            .get_env()
            .is_some_and(|variable| variable == proposal.variable)
    });
    let name = argument.and_then(Arg::get_long);
    let name = name.ok_or_else(|| CommandError::Dev(format!("there is no setting {}", proposal.variable)))?;
    Ok(format!("--{name}={}", proposal.value))
}

/// What is wrong with a setting, without clap's advice to try --help, which would show another command's.
fn told(error: &clap::Error, command: &Command) -> String {
    let text = complaint(error, command);
    text.split("\n\n").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Args)]
    struct Settings {
        #[arg(long, env = "PATH")]
        search: String,
        #[arg(long, env = "TENANTRY_TEST_UNSET_NUMBER", default_value_t = 7)]
        number: u16,
        #[arg(long, env = "TENANTRY_TEST_UNSET_SECRET")]
        secret: Option<String>,
    }

    fn proposals() -> Proposals {
        Proposals::new()
    }

    #[test]
    fn the_environment_goes_before_a_proposal_but_not_before_what_is_fixed() {
        let settings: Settings = proposals().unless_set("PATH", "proposed").parse().unwrap();
        assert_eq!(Ok(settings.search), env::var("PATH"));
        let settings: Settings = proposals().fixed("PATH", "fixed").parse().unwrap();
        assert_eq!(settings.search, "fixed");
    }

    #[test]
    fn what_is_ignored_is_as_if_it_were_not_set() {
        #[derive(Args)]
        struct Open {
            #[arg(long, env = "PATH")]
            search: Option<String>,
        }
        assert!(proposals().parse::<Open>().unwrap().search.is_some());
        let settings: Open = proposals().ignoring(&["PATH"]).parse().unwrap();
        assert_eq!(settings.search, None);
    }

    #[test]
    fn a_proposal_goes_before_the_default() {
        let settings: Settings = proposals()
            .unless_set("TENANTRY_TEST_UNSET_NUMBER", "8")
            .parse()
            .unwrap();
        assert_eq!((settings.number, settings.secret), (8, None));
        assert_eq!(proposals().parse::<Settings>().unwrap().number, 7);
    }

    #[test]
    fn a_value_that_looks_like_an_argument_stays_a_value() {
        let settings: Settings = proposals()
            .fixed("TENANTRY_TEST_UNSET_SECRET", "--number")
            .parse()
            .unwrap();
        assert_eq!(settings.secret.as_deref(), Some("--number"));
    }

    #[test]
    fn a_bad_value_and_an_unknown_setting_are_named() {
        let bad = proposals()
            .fixed("TENANTRY_TEST_UNSET_NUMBER", "many")
            .parse::<Settings>();
        let Err(CommandError::Usage(text)) = bad else {
            panic!("many is no number")
        };
        assert!(
            text.starts_with("TENANTRY_TEST_UNSET_NUMBER (--number): "),
            "{text}"
        );
        let unknown = proposals()
            .fixed("TENANTRY_TEST_NO_SUCH", "1")
            .parse::<Settings>();
        assert!(matches!(unknown, Err(CommandError::Dev(text)) if text.contains("TENANTRY_TEST_NO_SUCH")));
    }
}
