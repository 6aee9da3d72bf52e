//! What is printed while it is found out: blocks of lines for people, one JSON document for programs. Nothing that was
//! printed is kept.

use std::{
    fmt,
    io::{self, BufWriter, Write},
};

use serde::Serialize;

use crate::output::Format;

/// An answer that grows: lists of entries, then a summary.
pub struct Report<W: Write> {
    out: BufWriter<W>,
    format: Format,
    /// The list that entries are added to.
    list: Option<&'static str>,
    has_entries: bool,
}

impl<W: Write> Report<W> {
    /// Nothing yet.
    pub fn new(format: Format, out: W) -> Self {
        Self {
            out: BufWriter::new(out),
            format,
            list: None,
            has_entries: false,
        }
    }

    /// Whether a document was begun, which then has to be ended.
    pub fn is_begun(&self) -> bool {
        self.list.is_some()
    }

    /// Begins a list, unless it is the one that was begun last; a list before it ends.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn list(&mut self, name: &'static str) -> io::Result<()> {
        if self.list == Some(name) {
            return Ok(());
        }
        if self.format == Format::Json {
            let before = if self.is_begun() { "\n]," } else { "{" };
            write!(self.out, "{before}\"{name}\":[")?;
        }
        self.list = Some(name);
        self.has_entries = false;
        Ok(())
    }

    /// Adds an entry to the list that was begun last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn entry(&mut self, entry: &(impl Serialize + fmt::Display)) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(self.out, "{entry}\n")?,
            Format::Json => {
                write!(self.out, "{}\n  ", if self.has_entries { "," } else { "" })?;
                serde_json::to_writer(&mut self.out, entry)?;
            }
        }
        self.has_entries = true;
        Ok(())
    }

    /// Hands what was written so far to the reader.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the answer with `summary`, which must be a JSON object.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self, summary: &(impl Serialize + fmt::Display)) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(self.out, "{summary}")?,
            Format::Json => {
                self.out.write_all(b"\n]")?;
                let fields = serde_json::to_value(summary)?;
                for (name, value) in fields.as_object().into_iter().flatten() {
                    write!(self.out, ",\"{name}\":{value}")?;
                }
                self.out.write_all(b"}\n")?;
            }
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Serialize)]
    struct Number {
        number: u8,
    }

    impl fmt::Display for Number {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "number {}", self.number)
        }
    }

    /// Two lists with these numbers, and a summary.
    fn printed(format: Format, lists: [&[u8]; 2]) -> String {
        let mut out = Vec::new();
        let mut report = Report::new(format, &mut out);
        for (name, numbers) in ["first", "second"].into_iter().zip(lists) {
            report.list(name).unwrap();
            for number in numbers.iter().copied() {
                report.list(name).unwrap();
                report.entry(&Number { number }).unwrap();
            }
        }
        report.end(&Number { number: 9 }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whatever_the_lists_hold_the_document_is_whole() {
        for lists in [[&[][..], &[]], [&[1], &[]], [&[], &[1, 2]], [&[1, 2, 3], &[4]]] {
            let document: Value = serde_json::from_str(&printed(Format::Json, lists)).unwrap();
            let list = |numbers: &[u8]| numbers.iter().map(|n| json!({ "number": n })).collect::<Value>();
            assert_eq!(
                document,
                json!({ "first": list(lists[0]), "second": list(lists[1]), "number": 9 })
            );
        }
    }

    #[test]
    fn for_people_there_are_blocks_and_a_last_line() {
        assert_eq!(
            printed(Format::Table, [&[1], &[2]]),
            "number 1\n\nnumber 2\n\nnumber 9\n"
        );
    }
}
