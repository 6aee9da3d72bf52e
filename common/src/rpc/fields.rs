//! Collects every bad field of a request, so that a caller hears of all of them at once.

use std::fmt::Display;

use tonic::Code;
use tonic_types::FieldViolation;

use super::status::{Failure, reason};

/// The bad fields found so far, each with its path in the request message.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<FieldViolation>,
}

impl Fields {
    /// None found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes a parsed field on, or notes why it could not be parsed.
    pub fn check<T, E: Display>(&mut self, path: &str, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.reject(path, error.to_string());
                None
            }
        }
    }

    /// Notes a bad field.
    pub fn reject(&mut self, path: &str, description: impl Into<String>) {
        self.violations.push(FieldViolation::new(path, description));
    }

    /// The answer that names every bad field.
    ///
    /// The caller has it returned when `check` gave None; the text begins with the first field's path.
    pub fn into_failure(self) -> Failure {
        let message = match self.violations.as_slice() {
            [] => "invalid request".to_owned(),
            [only] => format!("{}: {}", only.field, only.description),
            [first, rest @ ..] => {
                format!("{}: {} (and {} more)", first.field, first.description, rest.len())
            }
        };
        Failure::new(Code::InvalidArgument, reason::INVALID_FIELDS, message).violations(self.violations)
    }

    /// OK if no field was bad.
    ///
    /// # Errors
    /// INVALID_ARGUMENT that names every bad field.
    pub fn finish(self) -> Result<(), Failure> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(self.into_failure())
        }
    }
}

/// One field that is checked alone.
///
/// # Errors
/// INVALID_ARGUMENT that names it.
pub fn one_field<T, E: Display>(path: &str, parsed: Result<T, E>) -> Result<T, Failure> {
    parsed.map_err(|error| rejected(path, error.to_string()))
}

/// The answer that names one bad field.
pub fn rejected(path: &str, description: impl Into<String>) -> Failure {
    let mut fields = Fields::new();
    fields.reject(path, description);
    fields.into_failure()
}

/// How much a page holds (AIP-158): `default` where nothing is asked for, and never more than `most`.
///
/// # Errors
/// Why the number is none.
pub fn page_size(asked: i32, default: usize, most: usize) -> Result<usize, &'static str> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(most)),
        Err(_) => Err("must not be negative"),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn every_bad_field_is_named() {
        let mut fields = Fields::new();
        assert_eq!(fields.check("a", Ok::<_, String>(1)), Some(1));
        assert_eq!(fields.check("b.c", Err::<(), _>("must not be empty")), None);
        fields.reject("d", "must be positive");
        let status = Status::from(fields.finish().unwrap_err());
        assert_eq!(status.message(), "b.c: must not be empty (and 1 more)");
        let named = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(
            named.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(),
            ["b.c", "d"]
        );
    }

    #[test]
    fn no_bad_field_is_no_failure() {
        assert!(Fields::new().finish().is_ok());
    }
}
