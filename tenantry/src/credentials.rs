//! The saved login: tokens in a file that its owner alone can read.

mod saved_login;

use std::{
    env, fmt,
    fs::{self, File, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};

pub use self::saved_login::{SavedLogin, some_token};
use crate::errors::CommandError;

/// How often a lock that another process holds is tried again.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The file that holds the saved login.
#[derive(Clone, Debug)]
pub struct CredentialsFile(PathBuf);

impl CredentialsFile {
    /// The file that was chosen, or the one of the XDG base directory specification: `$XDG_STATE_HOME`, else
    /// `~/.local/state`.
    ///
    /// # Errors
    /// [`CommandError::Usage`] when none was chosen and there is no home directory.
    pub fn locate(chosen: Option<PathBuf>) -> Result<Self, CommandError> {
        let state = || {
            env::var_os("XDG_STATE_HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = || {
            env::home_dir()
                .filter(|path| path.is_absolute())
                .map(|home| home.join(".local/state"))
        };
        chosen
            .or_else(|| {
                state()
                    .or_else(home)
                    .map(|directory| directory.join("tenantry/credentials.json"))
            })
            .map(Self)
            .ok_or_else(|| {
                CommandError::Usage("there is no home directory: give --credentials-file".to_owned())
            })
    }

    /// The saved login; None when there is no file.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be read, is not one of ours, or others could have read it.
    pub fn load(&self) -> Result<Option<SavedLogin>, CommandError> {
        match self.read() {
            Ok(login) => Ok(Some(login)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn read(&self) -> io::Result<SavedLogin> {
        let mode = fs::metadata(&self.0)?.permissions().mode();
        if mode & 0o077 != 0 {
            let text = format!(
                "others may read it (mode {:04o}): chmod 600 it, and log in again",
                mode & 0o7777
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        let file = fs::read(&self.0)?;
        serde_json::from_slice(&file).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("is no saved login: {error}"))
        })
    }

    /// Saves a login in the place of the one before, whole or not at all.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be written.
    pub fn save(&self, login: &SavedLogin) -> Result<(), CommandError> {
        let bytes = serde_json::to_vec_pretty(login).map_err(io::Error::from);
        bytes
            .and_then(|bytes| write_private(&self.0, &bytes))
            .map_err(|error| self.failed(error))
    }

    /// Removes the saved login; none is as good.
    ///
    /// # Errors
    /// [`CommandError::File`] when it cannot be removed.
    pub fn remove(&self) -> Result<(), CommandError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    /// Keeps other processes from changing the saved login until the answer is dropped; waits for one that is at it.
    ///
    /// The lock is on a file of its own: that of the login is replaced at every change.
    ///
    /// # Errors
    /// [`CommandError::File`] when there can be no such file, or `patience` is over.
    pub async fn lock(&self, patience: Duration) -> Result<File, CommandError> {
        let end = Instant::now() + patience;
        let file = self.lock_file().map_err(|error| self.failed(error))?;
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(LOCK_POLL).await,
                Err(TryLockError::WouldBlock) => {
                    let text = "another `tenantry` is changing it and does not get done";
                    return Err(self.failed(io::Error::new(io::ErrorKind::TimedOut, text)));
                }
                // On a file system without locks the login is changed without one: whoever comes second within the
                // server's grace period gets the same tokens.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            }
        }
    }

    fn lock_file(&self) -> io::Result<File> {
        make_directory(directory(&self.0))?;
        let mut path = self.0.clone().into_os_string();
        path.push(".lock");
        let mut options = fs::OpenOptions::new();
        options
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
    }

    fn failed(&self, error: io::Error) -> CommandError {
        CommandError::File {
            path: self.0.clone(),
            error,
        }
    }
}

impl fmt::Display for CredentialsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Writes a file that its owner alone can read, in the place of the one before, whole or not at all.
///
/// # Errors
/// When its directory cannot be made, or the file not be written or renamed.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = directory(path);
    make_directory(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(".tenantry-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn directory(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn login(token: &str) -> SavedLogin {
        SavedLogin {
            auth_url: "http://127.0.0.1:1".parse().unwrap(),
            org_url: "http://127.0.0.1:2".parse().unwrap(),
            email: "ada@example.com".to_owned(),
            role: "ROLE_OWNER".to_owned(),
            organization_id: "i".to_owned(),
            expire_time: "2026-11-21T12:00:00Z".to_owned(),
            access_token: token.into(),
            refresh_expire_time: None,
            refresh_token: None,
        }
    }

    fn in_new_directory() -> (tempfile::TempDir, CredentialsFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/tenantry/credentials.json");
        (directory, CredentialsFile::locate(Some(path)).unwrap())
    }

    #[test]
    fn a_login_is_kept_for_its_owner_alone() {
        let (_directory, file) = in_new_directory();
        assert!(file.load().unwrap().is_none());
        file.save(&login("secret")).unwrap();
        assert_eq!(
            file.load().unwrap().unwrap().access_token.expose_secret(),
            "secret"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file.0), mode(file.0.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_newer_login_takes_the_place_of_the_older_and_leaves_nothing_beside_it() {
        let (_directory, file) = in_new_directory();
        file.save(&login("first")).unwrap();
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o644)).unwrap();
        let reader = File::open(&file.0).unwrap();
        file.save(&login("second")).unwrap();
        assert_eq!(
            file.load().unwrap().unwrap().access_token.expose_secret(),
            "second"
        );
        // Whoever had the old file open still reads it whole: it was replaced, not written over.
        assert!(io::read_to_string(reader).unwrap().contains("first"));
        assert_eq!(fs::read_dir(file.0.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_login_that_others_may_read_is_refused() {
        let (_directory, file) = in_new_directory();
        file.save(&login("secret")).unwrap();
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.load().unwrap_err().to_string().contains("mode 0640"));
    }

    #[test]
    fn a_file_of_something_else_is_named() {
        let (_directory, file) = in_new_directory();
        write_private(&file.0, b"{}").unwrap();
        let text = file.load().unwrap_err().to_string();
        assert!(
            text.contains("credentials.json") && text.contains("is no saved login"),
            "{text}"
        );
    }

    #[test]
    fn a_login_can_be_removed_and_more_than_once() {
        let (_directory, file) = in_new_directory();
        file.remove().unwrap();
        file.save(&login("secret")).unwrap();
        file.remove().unwrap();
        assert!(file.load().unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_changes_a_login_and_who_never_ends_is_told() {
        let (_directory, file) = in_new_directory();
        let held = file.lock(Duration::ZERO).await.unwrap();
        let told = file.lock(Duration::from_secs(3)).await.unwrap_err().to_string();
        assert!(told.contains("credentials.json: another `tenantry`"), "{told}");
        let (_, taken) = tokio::join!(
            async {
                sleep(Duration::from_secs(2)).await;
                drop(held);
            },
            file.lock(Duration::from_secs(3))
        );
        taken.unwrap();
    }
}
