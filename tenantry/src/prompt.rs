//! Asks the person at the terminal, or reads standard input when there is none.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use crate::errors::CommandError;

/// Where a password comes from; never an argument, which other users could see.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordArgs {
    /// Reads the password from one line of standard input, as is done when that is no terminal
    #[arg(long)]
    pub password_stdin: bool,
}

/// Where a password and the one to take its place come from; never arguments.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordChangeArgs {
    /// Reads the current password and then the new one from two lines of standard input, as is done when that is no
    /// terminal
    #[arg(long)]
    pub password_stdin: bool,
}

/// A password and the one to take its place.
#[derive(Debug)]
pub struct PasswordChange {
    /// The password as it is.
    pub current: SecretString,
    /// The password to be.
    pub new: SecretString,
}

/// Longest line read from standard input, in bytes; the longest password (1,024 code points) is shorter.
const MAX_LINE: u64 = 8 * 1024;

/// Whether a person can be asked.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal()
}

/// An existing password: asked for without echo, or one line of standard input.
///
/// # Errors
/// [`CommandError::Usage`] when there is none.
pub fn password(source: PasswordArgs) -> Result<SecretString, CommandError> {
    if source.password_stdin || !is_interactive() {
        return password_line(&mut io::stdin().lock());
    }
    hidden("Password: ")
}

/// A new password: asked for twice without echo, or one line of standard input.
///
/// # Errors
/// [`CommandError::Usage`] when there is none, or the two differ.
pub fn new_password(source: PasswordArgs) -> Result<SecretString, CommandError> {
    if source.password_stdin || !is_interactive() {
        return password_line(&mut io::stdin().lock());
    }
    hidden_twice()
}

/// The current password and a new one: asked for without echo, the new one twice, or two lines of standard input.
///
/// # Errors
/// [`CommandError::Usage`] when one is missing, or the new one was not typed the same again.
pub fn password_change(source: PasswordChangeArgs) -> Result<PasswordChange, CommandError> {
    if source.password_stdin || !is_interactive() {
        return password_lines(&mut io::stdin().lock());
    }
    Ok(PasswordChange {
        current: hidden("Current password: ")?,
        new: hidden_twice()?,
    })
}

fn hidden_twice() -> Result<SecretString, CommandError> {
    let password = hidden("New password: ")?;
    if hidden("The same again: ")?.expose_secret() != password.expose_secret() {
        return Err(CommandError::Usage("the two passwords differ".to_owned()));
    }
    Ok(password)
}

fn hidden(question: &str) -> Result<SecretString, CommandError> {
    let answer = rpassword::prompt_password(question);
    let answer =
        answer.map_err(|error| CommandError::Usage(format!("cannot ask for the password: {error}")))?;
    some_password(answer)
}

fn password_line(input: &mut impl BufRead) -> Result<SecretString, CommandError> {
    let unreadable =
        |error| CommandError::Usage(format!("cannot read the password from standard input: {error}"));
    some_password(line(input).map_err(unreadable)?)
}

fn password_lines(input: &mut impl BufRead) -> Result<PasswordChange, CommandError> {
    let current = password_line(input)?;
    let new = password_line(input).map_err(|error| match error {
        CommandError::Usage(text) => CommandError::Usage(format!("the new password, a second line: {text}")),
        other => other,
    })?;
    Ok(PasswordChange { current, new })
}

fn some_password(text: String) -> Result<SecretString, CommandError> {
    if text.is_empty() {
        return Err(CommandError::Usage(
            "there is no password: type one, or give it on standard input".to_owned(),
        ));
    }
    Ok(text.into())
}

/// A line of text, or what `otherwise` says; `flag` names the argument to give where nobody can be asked.
///
/// # Errors
/// [`CommandError::Usage`] when there is neither an answer nor anybody to give one.
pub fn text(question: &str, otherwise: Option<&str>, flag: &str) -> Result<String, CommandError> {
    let missing = || CommandError::Usage(format!("{flag} is needed"));
    if !is_interactive() {
        return Err(missing());
    }
    let offer = otherwise.map(|text| format!(" [{text}]")).unwrap_or_default();
    let answer = ask(&format!("{question}{offer}: "))?;
    match (answer.trim(), otherwise) {
        ("", Some(text)) => Ok(text.to_owned()),
        ("", None) => Err(missing()),
        (text, _) => Ok(text.to_owned()),
    }
}

/// Whether the person says yes.
///
/// # Errors
/// [`CommandError::Usage`] when nobody can be asked.
pub fn confirm(question: &str) -> Result<bool, CommandError> {
    if !is_interactive() {
        return Err(CommandError::Usage(
            "nobody can be asked here: say --yes".to_owned(),
        ));
    }
    Ok(matches!(
        ask(&format!("{question} [y/N] "))?.trim(),
        "y" | "Y" | "yes"
    ))
}

/// Questions go to standard error: standard output holds the answer alone.
fn ask(question: &str) -> Result<String, CommandError> {
    let mut err = io::stderr().lock();
    let asked = write!(err, "{question}").and_then(|()| err.flush());
    asked
        .and_then(|()| line(&mut io::stdin().lock()))
        .map_err(|error| CommandError::Usage(format!("cannot ask: {error}")))
}

/// One line without its end.
fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    input.take(MAX_LINE).read_line(&mut text)?;
    if text.len() as u64 == MAX_LINE && !text.ends_with('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
    }
    let end = text.trim_end_matches('\n').trim_end_matches('\r').len();
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        for (input, password) in [("p w\n", "p w"), (" p \r\nrest", " p "), ("last", "last")] {
            assert_eq!(
                password_line(&mut input.as_bytes()).unwrap().expose_secret(),
                password
            );
        }
    }

    #[test]
    fn a_change_is_two_lines_the_current_password_first() {
        let change = password_lines(&mut &b"old\nnew \n"[..]).unwrap();
        assert_eq!(
            (change.current.expose_secret(), change.new.expose_secret()),
            ("old", "new ")
        );
        for input in ["old\n", "old\n\n", "", "\nnew\n"] {
            let refused = password_lines(&mut input.as_bytes());
            assert!(matches!(refused, Err(CommandError::Usage(_))), "{input:?}");
        }
    }

    #[test]
    fn no_password_and_an_endless_one_are_refused() {
        for input in [&b""[..], b"\n", b"\xff\n"] {
            assert!(matches!(password_line(&mut &*input), Err(CommandError::Usage(_))));
        }
        assert!(password_line(&mut io::BufReader::new(io::repeat(b'x').take(1 << 20))).is_err());
    }
}
