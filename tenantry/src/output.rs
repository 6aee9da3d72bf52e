//! Prints answers: tables for people, JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people
    #[default]
    Table,
    /// JSON with the names of the protos' JSON mapping
    Json,
}

/// An answer that can be printed either way.
pub trait Answer: Serialize {
    /// The rows of its table; the first is the heading if [`Answer::HAS_HEADING`].
    fn rows(&self) -> Vec<Vec<String>>;

    /// Whether the first row is a heading rather than a field with its value.
    const HAS_HEADING: bool;
}

/// Prints an answer to standard output.
///
/// # Errors
/// When standard output cannot be written to.
pub fn print<A: Answer>(format: Format, answer: &A) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{}", table(answer))?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, answer)?;
            writeln!(out)?;
        }
    }
    out.flush()
}

/// Prints a line of plain text to standard output.
///
/// # Errors
/// When standard output cannot be written to.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Tells the user something beside the answer, on standard error; nobody to hear it is no failure.
pub fn note(text: impl std::fmt::Display) {
    let _unheard = writeln!(io::stderr().lock(), "{text}");
}

fn table<A: Answer>(answer: &A) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let mut rows = answer
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    if A::HAS_HEADING
        && let Some(heading) = rows.next()
    {
        table.set_header(heading);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // The last column is padded to its widest cell, which no reader needs.
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text with control characters replaced, so that a server's answer cannot steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Pair(&'static str, &'static str);

    impl Answer for Pair {
        const HAS_HEADING: bool = true;

        fn rows(&self) -> Vec<Vec<String>> {
            vec![
                vec!["HANDLE".into(), "NAME".into()],
                vec![self.0.into(), self.1.into()],
            ]
        }
    }

    #[test]
    fn columns_line_up_and_end_where_their_text_ends() {
        assert_eq!(
            table(&Pair("acme_inc", "Acme, Inc.")),
            "HANDLE    NAME\nacme_inc  Acme, Inc."
        );
    }

    #[test]
    fn a_cell_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\n"), "a\u{fffd}[31m\u{fffd}");
    }
}
