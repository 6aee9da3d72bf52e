//! `cargo xtask bugs`: each of the bugs that a test build can be told to have is found, by checks that do their daily
//! work.

use std::{
    collections::BTreeMap,
    error::Error,
    process::{Command, Output},
    time::Instant,
};

use crate::{
    cargo::cargo,
    mongodb::{self, MongoDb},
    parts::{Outcome, Parts},
};

/// Tells a test build which bug to have.
const SEEDED_BUG: &str = "TENANTRY_SEEDED_BUG";

/// What is built, with its tests.
const BUILD: [&str; 7] = [
    "test",
    "--package",
    "org-service",
    "--package",
    "auth-service",
    "--features",
    "org-service/failpoints,auth-service/failpoints",
];

/// What finds a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// The exploration of every order of events in a small world.
    Exploration,
    /// Both stores' conformance, and what is tested beside the code.
    Units,
    /// The servers as a whole, on both stores.
    Suite,
}

impl Check {
    const ALL: [Self; 3] = [Self::Exploration, Self::Units, Self::Suite];

    fn name(self) -> &'static str {
        match self {
            Self::Exploration => "exploration",
            Self::Units => "units",
            Self::Suite => "suite",
        }
    }

    fn target(self) -> &'static [&'static str] {
        match self {
            Self::Exploration => &["--test", "exploration"],
            Self::Units => &["--lib"],
            Self::Suite => &["--test", "it"],
        }
    }
}

/// A bug, the tests of a check that find it, every one, and words of what they say then.
struct Row(&'static str, Check, &'static str, &'static str);

const TABLE: [Row; 13] = [
    Row(
        "no-stamp-check",
        Check::Exploration,
        "an_operator_has_what_is_nobodys_set_aside",
        "its operation is halted",
    ),
    Row(
        "drop-by-handle",
        Check::Exploration,
        "one_organization_is_never_half_there",
        "its admins are purged and its data is there",
    ),
    Row(
        "drop-target",
        Check::Units,
        "renaming_onto_a_collection_is_refused",
        "Ok(()) is no AlreadyExists",
    ),
    Row(
        "fence-not-in-filter",
        Check::Units,
        "a_stale_fence_records_nothing",
        "Ok(Organization {",
    ),
    Row(
        "data-before-sessions",
        Check::Exploration,
        "one_organization_is_never_half_there",
        "data was moved before its tokens died",
    ),
    Row(
        "handles-do-not-rest",
        Check::Suite,
        "a_rename_moves_the_collection_and_the_old_handle_rests",
        "the call must fail: Response",
    ),
    Row(
        "prepare-not-idempotent",
        Check::Suite,
        "a_repeated_prepare_is_the_same_admin",
        "the admin's id is used up",
    ),
    Row(
        "collection-before-admin",
        Check::Exploration,
        "one_organization_is_never_half_there",
        "org_acme belongs to nobody",
    ),
    Row(
        "commit-before-collection",
        Check::Exploration,
        "one_organization_is_never_half_there",
        "its documents are lost",
    ),
    Row(
        "request-id-ignored",
        Check::Suite,
        "a_repeated_create_answers_the_first_ones_organization",
        "HANDLE_TAKEN",
    ),
    Row(
        "quarantine-drops",
        Check::Suite,
        "an_unstamped_collection_at_home_is_set_aside_with_its_documents",
        "[\"org_bolt\"]",
    ),
    Row(
        "gate-ignores-epoch",
        Check::Units,
        "a_stale_epoch_is_refused",
        "unwrap_err()` on an `Ok` value: Gate",
    ),
    Row(
        "change-password-keeps-sessions",
        Check::Suite,
        "a_changed_password_ends_the_other_sessions_alone",
        "unwrap_err()` on an `Ok` value: ValidateTokenResponse",
    ),
];

/// Has every bug looked for.
///
/// # Errors
/// When there is no MongoDB to be had, or a bug was not found.
pub fn run() -> Result<(), Box<dyn Error>> {
    let mut parts = Parts::default();
    let mongodb = parts.prepare("MongoDB", mongodb::find)?;
    println!("{mongodb}");
    run_over(&mongodb, &mut parts)?;
    drop(mongodb);
    parts.report()
}

/// As [`run`], as parts of a task that has a MongoDB already.
///
/// # Errors
/// When cargo cannot be run.
pub fn run_over(mongodb: &MongoDb, parts: &mut Parts) -> Result<(), Box<dyn Error>> {
    let mut build = cargo(&BUILD);
    build.arg("--no-run").args(Check::ALL.map(Check::target).concat());
    if parts.run("build with seeded bugs", &mut build)? == Outcome::Passed {
        parts.check("seeded bugs", || look_for_all(mongodb));
    }
    Ok(())
}

fn look_for_all(mongodb: &MongoDb) -> Result<(), Box<dyn Error>> {
    let mut without = Vec::new();
    for check in Check::ALL {
        let tests: Vec<_> = TABLE
            .iter()
            .filter(|row| row.1 == check)
            .map(|row| row.2)
            .collect();
        let output = output(mongodb, check, &tests, None)?;
        without.push((check, results(&String::from_utf8_lossy(&output.stdout))));
    }
    println!("{:<26} {:<12} {:>7}  by", "bug", "found", "seconds");
    let mut missed = Vec::new();
    for row in &TABLE {
        let begun = Instant::now();
        let output = output(mongodb, row.1, &[row.2], Some(row.0))?;
        let passing = without.iter().find(|(check, _)| *check == row.1);
        let found = found(row, passing.map(|(_, results)| results), &output);
        let (seconds, check) = (begun.elapsed().as_secs_f64(), row.1.name());
        let said = if found.is_ok() { "yes" } else { "NO" };
        println!("{:<26} {said:<12} {seconds:>7.1}  {check}: {}", row.0, row.2);
        if let Err(why) = found {
            println!("{why}\n{}", String::from_utf8_lossy(&output.stdout));
            missed.push(row.0);
        }
    }
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(format!("not found: {}", missed.join(", ")).into()),
    }
}

/// What these tests say, with a bug or without any.
fn output(
    mongodb: &MongoDb,
    check: Check,
    tests: &[&str],
    bug: Option<&str>,
) -> Result<Output, Box<dyn Error>> {
    let mut command: Command = cargo(&BUILD);
    command.args(["--quiet", "--no-fail-fast"]).args(check.target());
    // One line for each test, also where the environment asks for another format.
    command.args(["--", "--format", "pretty"]).args(tests);
    command.env(mongodb::URI, mongodb.uri());
    match bug {
        Some(bug) => command.env(SEEDED_BUG, bug),
        None => command.env_remove(SEEDED_BUG),
    };
    Ok(command.output()?)
}

/// The tests that ran, and whether they passed.
fn results(output: &str) -> BTreeMap<String, bool> {
    let ran = output.lines().filter_map(|line| {
        let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
        match outcome {
            "ok" => Some((name.to_owned(), true)),
            "FAILED" => Some((name.to_owned(), false)),
            _ => None,
        }
    });
    ran.collect()
}

/// Why it cannot be said that the bug was found: every test that the row names has to pass without it and to fail
/// with it, in the words expected.
fn found(row: &Row, without: Option<&BTreeMap<String, bool>>, output: &Output) -> Result<(), String> {
    let Row(_, _, test, telling) = row;
    let text = String::from_utf8_lossy(&output.stdout);
    let with = results(&text);
    let named = |results: &BTreeMap<String, bool>| -> Vec<(String, bool)> {
        let named = results.iter().filter(|(name, _)| name.contains(test));
        named.map(|(name, passed)| (name.clone(), *passed)).collect()
    };
    let sound = without.map(named).unwrap_or_default();
    if sound.is_empty() || sound.iter().any(|(_, passed)| !passed) {
        return Err(format!("without the bug: {sound:?}"));
    }
    let all_fail: Vec<_> = sound.into_iter().map(|(name, _)| (name, false)).collect();
    if named(&with) != all_fail || output.status.success() {
        return Err(format!("with the bug: {with:?}"));
    }
    if !text.contains("test result: FAILED") || !text.contains(telling) {
        return Err(format!("nobody says {telling:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

    use super::*;

    const ROW: Row = Row("a-bug", Check::Units, "a_promise", "broken");
    const SOUND: &str = "test embedded::a_promise ... ok\ntest mongo::a_promise ... ok\n";
    const CAUGHT: &str = "test embedded::a_promise ... FAILED\ntest mongo::a_promise ... FAILED\n\
        it is broken\ntest result: FAILED. 0 passed; 2 failed\n";

    fn verdict(without: &str, with: &str, status: i32) -> Result<(), String> {
        let output = Output {
            status: ExitStatus::from_raw(status << 8),
            stdout: with.into(),
            stderr: Vec::new(),
        };
        found(&ROW, Some(&results(without)), &output)
    }

    #[test]
    fn a_bug_is_found_when_every_test_passes_without_it_and_fails_with_it_and_says_why() {
        assert_eq!(verdict(SOUND, CAUGHT, 101), Ok(()));
        for (without, with) in [
            ("", CAUGHT),
            (CAUGHT, CAUGHT),
            (SOUND, SOUND),
            (SOUND, ""),
            (
                SOUND,
                &CAUGHT.replace("mongo::a_promise ... FAILED", "mongo::a_promise ... ok"),
            ),
            (SOUND, &CAUGHT.replace("it is broken", "there is no such bug")),
            (SOUND, &CAUGHT.replace("test result", "result")),
        ] {
            assert!(verdict(without, with, 101).is_err(), "{without}, {with}");
        }
        assert!(verdict(SOUND, CAUGHT, 0).is_err());
    }

    #[test]
    fn every_bug_that_there_is_has_one_row() {
        let source = include_str!("../../common/src/seeded_bug.rs");
        let named = |line: &str| {
            let (_, rest) = line.split_once(" = \"")?;
            Some(rest.split_once("\": \"")?.0.to_owned())
        };
        let mut there: Vec<_> = source.lines().filter_map(named).collect();
        let mut looked_for: Vec<_> = TABLE.iter().map(|row| row.0.to_owned()).collect();
        there.sort();
        looked_for.sort();
        assert_eq!(there, looked_for);
    }
}
