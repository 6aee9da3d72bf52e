//! The settings of the peppers.

use std::{fs, path::PathBuf};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tenantry_common::config::{SettingError, secret};
use zeroize::Zeroizing;

use crate::domain::{Pepper, Peppers};

const PEPPER: &str = "AUTH_PEPPER";
const PREVIOUS: &str = "AUTH_PREVIOUS_PEPPERS_FILE";

/// What password hashes depend on beside the password.
#[derive(Args, Clone, Debug, Default)]
pub struct PepperSettings {
    /// A secret of one line and at least 32 bytes that new password hashes depend on and that the store does not hold.
    /// Without it none of its hashes can be verified. Prefer the file.
    #[arg(long = "pepper", env = "AUTH_PEPPER", hide_env_values = true)]
    pub pepper: Option<SecretString>,

    /// File with that secret.
    #[arg(long = "pepper-file", env = "AUTH_PEPPER_FILE")]
    pub pepper_file: Option<PathBuf>,

    /// File with the secrets that were in its place before, one per line; an empty line for none. Hashes under them
    /// are good, and made anew at the next login.
    #[arg(long = "previous-peppers-file", env = "AUTH_PREVIOUS_PEPPERS_FILE")]
    pub previous_peppers_file: Option<PathBuf>,
}

impl PepperSettings {
    /// Reads the files. Without any setting there is the empty pepper alone.
    ///
    /// # Errors
    /// [`SettingError`] for a file that cannot be read and a pepper that is too short or has more than one line.
    pub fn read(self) -> Result<Peppers, SettingError> {
        let current = match secret(PEPPER, self.pepper, self.pepper_file)? {
            Some(secret) => pepper(secret.expose_secret()).map_err(|why| SettingError::new(PEPPER, why))?,
            None => Pepper::new(b""),
        };
        let previous = self.previous_peppers_file.map(previous).transpose()?;
        Ok(Peppers::new(current, previous.unwrap_or_default()))
    }
}

fn previous(path: PathBuf) -> Result<Vec<Pepper>, SettingError> {
    let unreadable = |error| SettingError::new(PREVIOUS, format!("cannot read {}: {error}", path.display()));
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(unreadable)?);
    let peppers = text.lines().enumerate().map(|(number, line)| match line {
        "" => Ok(Pepper::new(b"")),
        line => {
            pepper(line).map_err(|why| SettingError::new(PREVIOUS, format!("line {}: {why}", number + 1)))
        }
    });
    peppers.collect()
}

/// A pepper that is not the empty one.
fn pepper(secret: &str) -> Result<Pepper, String> {
    if secret.len() < Pepper::MIN_BYTES {
        return Err(format!("must have at least {} bytes", Pepper::MIN_BYTES));
    }
    // It could never be a line of the previous ones.
    if secret.contains(['\n', '\r']) {
        return Err("must be one line".to_owned());
    }
    Ok(Pepper::new(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use tenantry_common::password_rules::Password;

    use super::*;
    use crate::domain::{Cost, PasswordScheme, UnusableHash, Verdict};

    const OLD: &str = "canary-old-0123456789abcdef-0123456789";
    const NEW: &str = "canary-new-0123456789abcdef-0123456789";

    fn settings(pepper: Option<&str>, previous: Option<&str>) -> Result<PasswordScheme, SettingError> {
        let file = tempfile(previous.unwrap_or_default());
        let settings = PepperSettings {
            pepper: pepper.map(SecretString::from),
            pepper_file: None,
            previous_peppers_file: previous.map(|_| file.path().to_owned()),
        };
        settings
            .read()
            .map(|peppers| PasswordScheme::new(peppers, Cost::MIN))
    }

    fn tempfile(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn hashes_under_a_previous_pepper_stay_good_through_rotations() {
        let password = Password::typed("correct horse").unwrap();
        let verdicts = [
            (None, None, Ok(Verdict::Right), Err(UnusableHash::UnknownPepper)),
            (
                Some(OLD),
                None,
                Err(UnusableHash::UnknownPepper),
                Ok(Verdict::Right),
            ),
            (
                Some(OLD),
                Some("\n".to_owned()),
                Ok(Verdict::RightButStale),
                Ok(Verdict::Right),
            ),
            (
                Some(NEW),
                Some(format!("{OLD}\r\n\r\n")),
                Ok(Verdict::RightButStale),
                Ok(Verdict::RightButStale),
            ),
            (
                Some(NEW),
                Some(format!("{OLD}\n")),
                Err(UnusableHash::UnknownPepper),
                Ok(Verdict::RightButStale),
            ),
            (
                Some(NEW),
                Some(String::new()),
                Err(UnusableHash::UnknownPepper),
                Err(UnusableHash::UnknownPepper),
            ),
            (
                None,
                Some(OLD.to_owned()),
                Ok(Verdict::Right),
                Ok(Verdict::RightButStale),
            ),
        ];
        let [none, old] = [None, Some(OLD)].map(|pepper| {
            let scheme = settings(pepper, None).unwrap();
            scheme.hash(&password, [7; 16]).unwrap()
        });
        for (pepper, previous, of_none, of_old) in verdicts {
            let scheme = settings(pepper, previous.as_deref()).unwrap();
            assert_eq!(scheme.verify(&password, &none), of_none, "{previous:?}");
            assert_eq!(scheme.verify(&password, &old), of_old, "{previous:?}");
        }
    }

    #[test]
    fn a_bad_pepper_names_its_setting_and_is_not_told() {
        let two_lines = format!("{OLD}\n{NEW}");
        for (pepper, previous, beginning) in [
            (Some("canary"), None, "AUTH_PEPPER: must have at least 32 bytes"),
            (Some(two_lines.as_str()), None, "AUTH_PEPPER: must be one line"),
            (Some(""), None, "AUTH_PEPPER: must not be empty"),
            (
                Some(NEW),
                Some("canary"),
                "AUTH_PREVIOUS_PEPPERS_FILE: line 1: must have at least 32 bytes",
            ),
            (
                None,
                Some("\ncanary\n"),
                "AUTH_PREVIOUS_PEPPERS_FILE: line 2: must have at least 32 bytes",
            ),
        ] {
            let error = settings(pepper, previous).unwrap_err().to_string();
            assert!(
                error.starts_with(beginning) && !error.contains("canary"),
                "{error}"
            );
        }
        let unreadable = PepperSettings {
            previous_peppers_file: Some("/nonexistent".into()),
            ..PepperSettings::default()
        };
        let error = unreadable.read().unwrap_err().to_string();
        assert!(
            error.starts_with("AUTH_PREVIOUS_PEPPERS_FILE: cannot read /nonexistent"),
            "{error}"
        );
    }
}
