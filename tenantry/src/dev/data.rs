//! Where `tenantry dev` keeps its stores, and the secrets that it makes for itself.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tenantry_common::id::Ids;

use crate::{credentials::write_private, errors::CommandError};

/// E-mail of the operator that is made at the first start.
pub const OPERATOR_EMAIL: &str = "operator@tenantry.localhost";

/// The directory that holds both stores; its owner alone can enter it.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    /// Removes an ephemeral directory when it goes out of scope.
    ephemeral: Option<TempDir>,
}

/// The first operator's password.
#[derive(Debug, PartialEq, Eq)]
pub enum OperatorPassword {
    /// The operator is made at this start; to be shown this once.
    New(String),
    /// The operator was made at an earlier start; the password is in its file, if nobody removed that.
    Known,
    /// Not made here: the environment names the operator, or a store that may have one.
    Elsewhere,
}

impl DataDirectory {
    /// Opens a directory that stays.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be made.
    pub fn at(path: PathBuf) -> Result<Self, CommandError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| CommandError::File {
            path: path.clone(),
            error,
        })?;
        Ok(Self {
            path,
            ephemeral: None,
        })
    }

    /// Makes a directory that is removed at the end.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be made.
    pub fn ephemeral() -> Result<Self, CommandError> {
        let private = fs::Permissions::from_mode(0o700);
        let made = tempfile::Builder::new()
            .prefix("tenantry-dev-")
            .permissions(private)
            .tempdir();
        let directory = made.map_err(|error| CommandError::File {
            path: std::env::temp_dir(),
            error,
        })?;
        Ok(Self {
            path: directory.path().to_owned(),
            ephemeral: Some(directory),
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed at the end.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral.is_some()
    }

    /// The URL of a server's store in it.
    pub fn store(&self, server: &str) -> String {
        format!("embedded:{}", self.store_path(server).display())
    }

    fn store_path(&self, server: &str) -> PathBuf {
        self.path.join(format!("{server}.redb"))
    }

    /// The file that holds the first operator's password.
    pub fn operator_password_file(&self) -> PathBuf {
        self.path.join("operator-password")
    }

    /// The first operator's password: made and written down before the first start.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be written down or read again.
    pub fn operator_password(&self, ids: &dyn Ids) -> Result<OperatorPassword, CommandError> {
        let path = self.operator_password_file();
        let failed = |error: io::Error| CommandError::File {
            path: path.clone(),
            error,
        };
        if self.store_path("auth").try_exists().map_err(failed)? {
            return Ok(OperatorPassword::Known);
        }
        // A start that failed, at a port in use for example, has left a password that nobody was shown.
        if path.try_exists().map_err(failed)? {
            let written = fs::read_to_string(&path).map_err(failed)?;
            return Ok(OperatorPassword::New(written.trim_end().to_owned()));
        }
        let password = random_hex::<12>(ids);
        write_private(&path, format!("{password}\n").as_bytes()).map_err(failed)?;
        Ok(OperatorPassword::New(password))
    }
}

/// `N` random bytes in hexadecimal digits.
pub fn random_hex<const N: usize>(ids: &dyn Ids) -> String {
    let mut bytes = [0; N];
    ids.fill_random(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use tenantry_common::id::SystemIds;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_password_is_shown_once_and_kept_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDirectory::at(parent.path().join("data")).unwrap();
        let OperatorPassword::New(password) = data.operator_password(&SystemIds).unwrap() else {
            panic!("the first start makes a password");
        };
        assert_eq!(
            fs::read_to_string(data.operator_password_file())
                .unwrap()
                .trim_end(),
            password
        );
        assert_eq!(
            (mode(data.path()), mode(&data.operator_password_file())),
            (0o700, 0o600)
        );
        // Until there is a store with an operator in it, nobody has been shown the password.
        assert_eq!(
            data.operator_password(&SystemIds).unwrap(),
            OperatorPassword::New(password)
        );
        fs::write(data.path().join("auth.redb"), b"").unwrap();
        assert_eq!(
            data.operator_password(&SystemIds).unwrap(),
            OperatorPassword::Known
        );
    }

    #[test]
    fn a_password_is_not_made_up_for_an_operator_who_has_one() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDirectory::at(parent.path().to_owned()).unwrap();
        fs::write(data.path().join("auth.redb"), b"").unwrap();
        assert_eq!(
            data.operator_password(&SystemIds).unwrap(),
            OperatorPassword::Known
        );
        assert!(!data.operator_password_file().exists());
    }

    #[test]
    fn an_ephemeral_directory_goes_with_its_process() {
        let data = DataDirectory::ephemeral().unwrap();
        let path = data.path().to_owned();
        assert_eq!(mode(&path), 0o700);
        data.operator_password(&SystemIds).unwrap();
        drop(data);
        assert!(!path.exists());
    }

    #[test]
    fn random_digits_are_never_the_same() {
        let digits = random_hex::<32>(&SystemIds);
        assert_eq!(digits.len(), 64);
        assert_ne!(digits, random_hex::<32>(&SystemIds));
    }
}
