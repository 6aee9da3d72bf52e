//! The parts of a task: run one after the other, timed, and reported at the end.

use std::{
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed; the others still run.
    Failed,
    /// It could not run, and need not.
    LeftOut,
}

/// The parts that have run.
#[derive(Default)]
pub struct Parts(Vec<(&'static str, Duration, Outcome)>);

impl Parts {
    /// Runs a part that makes something the next ones need; its error ends the task.
    ///
    /// # Errors
    /// The part's own.
    pub fn prepare<T>(
        &mut self,
        name: &'static str,
        make: impl FnOnce() -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        println!("\n=== {name}");
        let begun = Instant::now();
        let made = make()?;
        self.0.push((name, begun.elapsed(), Outcome::Passed));
        Ok(made)
    }

    /// Runs a part of this program's own; it passes when there is no error, which is printed.
    pub fn check(
        &mut self,
        name: &'static str,
        check: impl FnOnce() -> Result<(), Box<dyn Error>>,
    ) -> Outcome {
        println!("\n=== {name}");
        let begun = Instant::now();
        let outcome = match check() {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                println!("error: {error}");
                Outcome::Failed
            }
        };
        self.0.push((name, begun.elapsed(), outcome));
        outcome
    }

    /// Runs a command as a part; it passes when the command succeeds.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn run(&mut self, name: &'static str, command: &mut Command) -> Result<Outcome, Box<dyn Error>> {
        println!("\n=== {name}: {}", line(command));
        let begun = Instant::now();
        let status = command
            .status()
            .map_err(|error| format!("{}: {error}", line(command)))?;
        let outcome = if status.success() {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        self.0.push((name, begun.elapsed(), outcome));
        Ok(outcome)
    }

    /// Notes a part that was not run.
    pub fn leave_out(&mut self, name: &'static str, why: &str) {
        println!("\n=== {name}: LEFT OUT, {why}");
        self.0.push((name, Duration::ZERO, Outcome::LeftOut));
    }

    /// Prints the table of parts.
    ///
    /// # Errors
    /// The names of the parts that failed.
    pub fn report(&self) -> Result<(), Box<dyn Error>> {
        println!("\n{}", self.table());
        let failed = self.names(Outcome::Failed);
        if !failed.is_empty() {
            return Err(format!("failed: {failed}").into());
        }
        match self.names(Outcome::LeftOut).as_str() {
            "" => println!("all parts passed"),
            left_out => println!("all parts passed but those that were left out: {left_out}"),
        }
        Ok(())
    }

    fn names(&self, wanted: Outcome) -> String {
        let parts = self.0.iter().filter(|(_, _, outcome)| *outcome == wanted);
        parts.map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    }

    fn table(&self) -> String {
        let mut table = format!("{:<32} {:>7}", "part", "minutes");
        for (name, took, outcome) in &self.0 {
            let remark = match outcome {
                Outcome::Passed => "",
                Outcome::Failed => "  FAILED",
                Outcome::LeftOut => "  LEFT OUT",
            };
            table.push_str(&format!(
                "\n{name:<32} {:>7.1}{remark}",
                took.as_secs_f64() / 60.0
            ));
        }
        table
    }
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn one_part_that_fails_fails_the_task_after_the_others_ran() {
        let mut parts = Parts::default();
        assert_eq!(parts.run("one", &mut shell("exit 3")).unwrap(), Outcome::Failed);
        assert_eq!(parts.run("two", &mut shell("exit 0")).unwrap(), Outcome::Passed);
        parts.leave_out("three", "it is not installed");
        assert_eq!(parts.report().unwrap_err().to_string(), "failed: one");
        assert_eq!(
            parts
                .table()
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>(),
            ["part minutes", "one 0.0 FAILED", "two 0.0", "three 0.0 LEFT OUT"],
        );
    }

    #[test]
    fn a_part_that_is_left_out_does_not_fail_the_task() {
        let mut parts = Parts::default();
        parts.leave_out("one", "it is not installed");
        assert!(parts.report().is_ok());
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = Parts::default()
            .run("one", &mut Command::new("/nowhere/no-such-program"))
            .unwrap_err();
        assert!(error.to_string().contains("no-such-program"), "{error}");
    }
}
