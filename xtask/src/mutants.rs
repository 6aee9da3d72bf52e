//! `cargo xtask mutants`: changes the lifecycle, its driver and the token code in every small way that cargo-mutants
//! knows, one at a time, and sees whether a test notices.

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    cargo::{cargo, target_directory},
    parts::Parts,
};

/// How much of what was changed has to be noticed, of a hundred.
const WANTED: usize = 95;

/// Code whose tests are tested.
struct Subject {
    name: &'static str,
    package: &'static str,
    files: &'static str,
    /// Which tests, from those that answer quickly to those that take their time: what the first ones notice the others
    /// are not asked about.
    rounds: &'static [Round],
}

/// Test programs, as cargo names them, and arguments to them.
struct Round(&'static [&'static str], &'static [&'static str]);

/// Both services as a whole. Not over MongoDB: it is the same code, and takes the longest.
const WHOLE: Round = Round(&["--test", "it"], &["--skip", "mongo::"]);

/// What befalls an organization and its operations.
const LIFE: &[&str] = &[
    "lifecycle::",
    "suspension::",
    "undelete::",
    "recovery::bring_home::",
    "recovery::creates::",
    "recovery::operations::",
    "recovery::races::",
    "--skip",
    "mongo::",
];

const SUBJECTS: [Subject; 3] = [
    Subject {
        name: "tokens",
        package: "auth-service",
        files: "auth-service/src/domain/token.rs",
        rounds: &[Round(&["--lib"], &["domain::"]), WHOLE],
    },
    Subject {
        name: "lifecycle",
        package: "org-service",
        files: "org-service/src/lifecycle/*.rs",
        rounds: &[
            Round(&["--lib"], &["lifecycle::"]),
            WHOLE,
            Round(&["--test", "exploration"], &[]),
        ],
    },
    Subject {
        name: "driver",
        package: "org-service",
        files: "org-service/src/driver/*.rs",
        // It has few tests of its own.
        rounds: &[Round(&["--test", "it"], LIFE), WHOLE],
    },
];

/// What can be asked for.
pub fn names() -> impl Iterator<Item = &'static str> {
    SUBJECTS.iter().map(|subject| subject.name)
}

/// Changes the code and runs the tests, change by change; takes an hour or two for all that can be asked for, which is
/// meant where nothing is named.
///
/// # Errors
/// When cargo-mutants is not installed, a test fails without any change, or fewer than 95 % of the changes are noticed.
pub fn run(named: &[String]) -> Result<(), Box<dyn Error>> {
    let mut version = cargo(&["mutants", "--version"]);
    if !version.stderr(Stdio::null()).status()?.success() {
        return Err("cargo-mutants is not installed: cargo install --locked cargo-mutants".into());
    }
    let mut parts = Parts::default();
    let is_meant = |subject: &&Subject| named.is_empty() || named.iter().any(|name| name == subject.name);
    let mut altogether = Found::default();
    for subject in SUBJECTS.iter().filter(is_meant) {
        parts.check(subject.name, || {
            altogether.take(subject.name, subject.measure()?);
            Ok(())
        });
    }
    parts.check("altogether", || altogether.verdict());
    parts.report()
}

impl Subject {
    fn measure(&self) -> Result<Found, Box<dyn Error>> {
        let output = target_directory().join("mutants").join(self.name);
        // What was noticed in an earlier run says nothing about the code of today.
        if output.exists() {
            fs::remove_dir_all(&output)?;
        }
        fs::create_dir_all(&output)?;
        let mut found = Found::default();
        for round in self.rounds {
            let status = self.command(&output, round, found.total > 0).status()?;
            if !matches!(status.code(), Some(ALL_CAUGHT | SOME_MISSED | SOME_TOO_SLOW)) {
                return Err("the tests do not pass, or do not build, without any change".into());
            }
            found.add(&output.join("mutants.out"))?;
            if found.missed.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn command(&self, output: &Path, Round(programs, arguments): &Round, again: bool) -> Command {
        let mut command = cargo(&["mutants", "--colors", "never", "--package", self.package]);
        command.args(["--file", self.files]);
        // A seeded bug is `false` in the builds that are tested here, and so is its change.
        command.args(["--exclude-re", "seeded_bug!"]);
        for word in *programs {
            command.arg(format!("--cargo-arg={word}"));
        }
        if again {
            command.arg("--iterate");
        }
        command.arg("--output").arg(output);
        command.args(["--", "--"]).args(*arguments);
        // Not where everyday builds are, which would be built anew after this.
        command.env(
            "CARGO_TARGET_DIR",
            target_directory().join("mutants").join("build"),
        );
        command
    }
}

/// Exit codes of cargo-mutants.
const ALL_CAUGHT: i32 = 0;
const SOME_MISSED: i32 = 2;
const SOME_TOO_SLOW: i32 = 3;

/// What came of the changes so far.
#[derive(Debug, Default)]
struct Found {
    /// How many there are that build.
    total: usize,
    /// Those that no test noticed yet.
    missed: Vec<String>,
}

impl Found {
    /// Adds a round: it was about all changes if it is the first one, and else about those that were missed.
    fn add(&mut self, output: &Path) -> Result<(), Box<dyn Error>> {
        let lines = |file: &str| -> Result<Vec<String>, Box<dyn Error>> {
            let text = fs::read_to_string(output.join(file))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        self.missed = lines("missed.txt")?;
        if self.total == 0 {
            // One that keeps the tests from ending is noticed.
            self.total = self.missed.len() + lines("caught.txt")?.len() + lines("timeout.txt")?.len();
        }
        Ok(())
    }

    /// Takes over what came of a subject, and tells it.
    fn take(&mut self, subject: &str, found: Self) {
        for change in &found.missed {
            println!("missed: {change}");
        }
        println!("{subject}: {} of {} caught", found.caught(), found.total);
        self.total += found.total;
        self.missed.extend(found.missed);
    }

    fn caught(&self) -> usize {
        self.total - self.missed.len()
    }

    fn verdict(&self) -> Result<(), Box<dyn Error>> {
        let (total, caught) = (self.total, self.caught());
        println!("{caught} of {total} caught");
        if total == 0 || caught * 100 < WANTED * total {
            return Err(format!("fewer than {WANTED} % were caught: {caught} of {total}").into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(found: &mut Found, missed: &str, caught: &str, timeout: &str) {
        let directory = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("missed.txt", missed),
            ("caught.txt", caught),
            ("timeout.txt", timeout),
        ] {
            fs::write(directory.path().join(file), text).unwrap();
        }
        found.add(directory.path()).unwrap();
    }

    #[test]
    fn what_any_round_notices_is_caught() {
        let mut found = Found::default();
        round(&mut found, "a\nb\n", "c\nd\n", "e\n");
        assert_eq!((found.total, found.missed.len()), (5, 2));
        assert!(found.verdict().is_err());
        round(&mut found, "", "a\n", "b\n");
        assert_eq!((found.total, found.missed.len()), (5, 0));
        assert!(found.verdict().is_ok());
    }

    #[test]
    fn ninety_five_of_a_hundred_are_enough_and_none_of_none_is_not() {
        let missing = |missed: usize, total| Found {
            total,
            missed: vec!["a".to_owned(); missed],
        };
        assert!(missing(5, 100).verdict().is_ok());
        assert!(missing(6, 100).verdict().is_err());
        assert!(missing(0, 0).verdict().is_err());
        let mut altogether = Found::default();
        altogether.take("one", missing(5, 20));
        assert!(altogether.verdict().is_err());
        altogether.take("two", missing(0, 80));
        assert!(altogether.verdict().is_ok());
    }
}
