//! The lines of an import. Nothing that is said of a line repeats what it holds: that may be a hash.

use std::io::{self, BufRead, Read};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::error::Category;

use super::super::name::AdminName;

/// Longest line, in bytes without its end: eight times the longest hash and e-mail (512 and 254 bytes) have room in it.
const MAX_LINE: u64 = 8 * 1024;

/// A hash, and whose it is.
#[derive(Debug)]
pub struct Entry {
    /// Whose.
    pub admin: AdminName,
    /// The hash, in the form of its system.
    pub password_hash: SecretString,
}

/// A line that is not blank.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What it says, or why that cannot be told.
    pub entry: Result<Entry, String>,
}

/// The lines of some input, one at a time.
pub struct Entries<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Entries<R> {
    /// From the first line on.
    pub const fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// How many lines were read.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank; None at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            self.buffer.clear();
            let mut limited = self.input.by_ref().take(MAX_LINE + 1);
            if limited.read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.buffer.len() as u64 > MAX_LINE && !self.buffer.ends_with(b"\n") {
                self.input.skip_until(b'\n')?;
                return Ok(Some(self.line(Err("is too long".to_owned()))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                let entry = parse(&self.buffer);
                return Ok(Some(self.line(entry)));
            }
        }
    }

    fn line(&self, entry: Result<Entry, String>) -> Line {
        Line {
            number: self.number,
            entry,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    email: Option<String>,
    admin_id: Option<String>,
    password_hash: String,
}

fn parse(line: &[u8]) -> Result<Entry, String> {
    let fields: Fields = serde_json::from_slice(line).map_err(|error| match error.classify() {
        Category::Data => {
            "must be an object with \"password_hash\" and either \"email\" or \"admin_id\", all of them \
            strings, and nothing else"
                .to_owned()
        }
        Category::Io | Category::Syntax | Category::Eof => format!("is no JSON at column {}", error.column()),
    })?;
    let password_hash = SecretString::from(fields.password_hash);
    let admin = AdminName::either(fields.email, fields.admin_id);
    admin
        .map(|admin| Entry { admin, password_hash })
        .ok_or_else(|| "must have either \"email\" or \"admin_id\"".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut entries = Entries::new(input);
        std::iter::from_fn(|| entries.next().unwrap()).collect()
    }

    #[test]
    fn blank_lines_count_and_are_no_entries() {
        let lines = lines(
            b"\n  \r\n{\"email\": \"ada@example.com\", \"password_hash\": \"h\"}\r\n\n\
            {\"password_hash\":\"g\",\"admin_id\":\"i\"}",
        );
        let read: Vec<_> = lines
            .into_iter()
            .map(|line| {
                let entry = line.entry.unwrap();
                (
                    line.number,
                    entry.admin,
                    entry.password_hash.expose_secret().to_owned(),
                )
            })
            .collect();
        assert_eq!(
            read,
            [
                (3, AdminName::Email("ada@example.com".to_owned()), "h".to_owned()),
                (5, AdminName::AdminId("i".to_owned()), "g".to_owned())
            ]
        );
    }

    #[test]
    fn what_a_bad_line_holds_is_not_repeated() {
        let canary = "$2b$12$canary";
        for line in [
            format!("\"{canary}\""),
            canary.to_owned(),
            format!("[\"{canary}\"]"),
            format!("{{\"{canary}\": 1}}"),
            format!("{{\"email\": \"a\", \"hash\": \"{canary}\"}}"),
            format!("{{\"email\": \"a\", \"password_hash\": [\"{canary}\"]}}"),
            format!("{{\"email\": \"a\", \"password_hash\": \"{canary}\", \"role\": \"{canary}\"}}"),
            format!("{{\"email\": \"a\", \"password_hash\": \"{canary}\", \"password_hash\": \"{canary}\"}}"),
            format!("{{\"password_hash\": \"{canary}\"}}"),
            format!("{{\"email\": \"a\", \"admin_id\": \"i\", \"password_hash\": \"{canary}\"}}"),
            format!("{{\"email\": \"a\", \"password_hash\": \"{canary}\"}} {canary}"),
            format!("{{\"email\": \"a\", \"password_hash\": \"{canary}"),
        ] {
            let lines = lines(line.as_bytes());
            assert_eq!((lines.len(), lines[0].number), (1, 1));
            let why = lines[0].entry.as_ref().unwrap_err();
            assert!(
                !why.contains("canary") && !format!("{:?}", lines[0]).contains("canary"),
                "{why}"
            );
        }
    }

    #[test]
    fn a_line_that_is_too_long_or_no_text_does_not_hide_the_next_one() {
        let good = b"{\"email\":\"a\",\"password_hash\":\"h\"}\n";
        let long = vec![b'x'; 3 * MAX_LINE as usize];
        let input = [&long[..], b"\n", b"\xff\xfe\n", good, &long].concat();
        let lines = lines(&input);
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.number, line.entry.is_ok()))
            .collect();
        assert_eq!(found, [(1, false), (2, false), (3, true), (4, false)]);
        assert_eq!(lines[0].entry.as_ref().unwrap_err(), "is too long");
    }

    #[test]
    fn the_longest_line_is_an_entry_like_any_other() {
        let hash = "h".repeat(MAX_LINE as usize - r#"{"email":"a","password_hash":""}"#.len());
        let line = format!(r#"{{"email":"a","password_hash":"{hash}"}}"#);
        assert_eq!(line.len() as u64, MAX_LINE);
        let input = format!("{line}\n {line}\n{line}");
        let found: Vec<_> = lines(input.as_bytes())
            .iter()
            .map(|line| line.entry.is_ok())
            .collect();
        assert_eq!(found, [true, false, true]);
    }
}
