//! The embedded store's ground: one redb file, one writer thread that commits many writes with one fsync.

mod newborn;

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend, StorageError, TableHandle,
    WriteTransaction, backends::FileBackend,
};
use serde::{Serialize, de::DeserializeOwned};

use self::newborn::Newborn;
use super::{
    error::StoreError,
    writer::{Writer, WriterStopped},
};

/// An open database file. Clones share it; dropping the last one waits for the writes under way and closes the file.
#[derive(Clone)]
pub struct EmbeddedDatabase {
    // Dropped first: the writer thread ends before the last reference to the file goes.
    writer: Arc<Writer>,
    file: Arc<Database>,
}

/// A database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has the file open.
    #[error("{} is in use by another process; one file serves one process at a time", .0.display())]
    InUse(PathBuf),
    /// The file is not a database of ours, or is damaged.
    #[error("{} is damaged or not a database: {reason}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refuses.
    #[error("cannot open {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl EmbeddedDatabase {
    /// Opens the file, readable by its owner alone, and makes it and its directories when they are missing.
    /// At most about `cache_bytes` of it are kept in memory.
    ///
    /// # Errors
    /// See [`OpenError`]; each names the file.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let io_error = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let file = create_or_open(path).map_err(io_error)?;
        let backend = FileBackend::new(file).map_err(|error| open_error(path, error))?;
        Self::open_on(backend, path, cache_bytes)
    }

    /// Opens what is kept in `backend`, which errors call `path`: as [`open`](Self::open) does with a file.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_on(backend: impl StorageBackend, path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let file = Database::builder()
            .set_cache_size(cache_bytes)
            .create_with_backend(Newborn::new(backend))
            .map(Arc::new)
            .map_err(|error| open_error(path, error))?;
        let writer = Writer::start(Arc::clone(&file)).map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            writer: Arc::new(writer),
            file,
        })
    }

    /// Runs a short read on the thread of the caller: the point reads of a request take microseconds.
    ///
    /// # Errors
    /// What `job` answers, and `Unavailable` when the file cannot be read.
    pub async fn read<T>(
        &self,
        job: impl FnOnce(&ReadTransaction) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        read(&self.file, job)
    }

    /// Runs a long read on a thread of its own.
    ///
    /// # Errors
    /// Like [`read`](Self::read).
    #[expect(
        clippy::disallowed_methods,
        reason = "reads of many records: as many at once as there are requests"
    )]
    pub async fn scan<T: Send + 'static>(
        &self,
        job: impl FnOnce(&ReadTransaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = Arc::clone(&self.file);
        tokio::task::spawn_blocking(move || read(&file, job))
            .await
            .unwrap_or_else(|_| Err(StoreError::Internal("a read panicked".to_owned())))
    }

    /// Runs `job` in a write transaction and answers once that is on the disk.
    ///
    /// Writes that wait at the same time share a transaction, so `job` may run more than once, each time from the
    /// state before it: it must do nothing but read and write the transaction. When it fails, none of its writes
    /// stay and its neighbours are unharmed. A caller that stops waiting does not stop a write that was handed over.
    ///
    /// # Errors
    /// What `job` answers; `Internal` when it panics; `Unavailable` when the commit fails: the write may or may not
    /// have happened then.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnMut(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(job).await.unwrap_or_else(|WriterStopped| {
            Err(StoreError::Unavailable(
                "the database's writer has stopped".to_owned(),
            ))
        })
    }

    /// Whether there is a table with this name: a file of something else has others.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub async fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        self.read(|transaction| Ok(transaction.list_tables()?.any(|table| table.name() == name)))
            .await
    }

    /// How many transactions were committed since the file was opened.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }
}

impl fmt::Debug for EmbeddedDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedDatabase").finish_non_exhaustive()
    }
}

fn read<T>(
    file: &Database,
    job: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    job(&file.begin_read()?)
}

/// Opens the file; a new one is made with its directories, for its owner alone, and so that it outlasts a power cut.
fn create_or_open(path: &Path) -> io::Result<File> {
    let directory = above(path);
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    File::open(directory)?.sync_all()?;
    // A directory lasts once the one above it is synced, whether it was made now or by a start that was cut short. One
    // that may not be opened was there before.
    for made in directory
        .ancestors()
        .take_while(|made| !made.as_os_str().is_empty())
    {
        let _ = File::open(above(made)).and_then(|directory| directory.sync_all());
    }
    Ok(file)
}

/// The directory that a file or a directory is in.
fn above(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn open_error(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(path),
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() != io::ErrorKind::InvalidData => {
            OpenError::Io { path, source }
        }
        other => OpenError::Corrupt {
            path,
            reason: other.to_string(),
        },
    }
}

/// A record as a table keeps it: JSON, so that fields can be added and files can be read by eye.
///
/// # Errors
/// `Internal` for a record that JSON cannot express.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record)
        .map_err(|error| StoreError::Internal(format!("a record cannot be written: {error}")))
}

/// Reads a record of `table`.
///
/// # Errors
/// `Corrupt`, naming the table. The text holds nothing of the record, which may be personal data.
pub fn decode<T: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| {
        StoreError::Corrupt(format!(
            "a record of {table} is no record ({:?} error at byte {})",
            error.classify(),
            error.column()
        ))
    })
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        let text = error.to_string();
        match error {
            redb::Error::Io(_)
            | redb::Error::PreviousIo
            | redb::Error::DatabaseClosed
            | redb::Error::LockPoisoned(_) => Self::Unavailable(text),
            redb::Error::Corrupted(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableIsNotMultimap(_) => Self::Corrupt(text),
            _ => Self::Internal(text),
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        let text = error.to_string();
        match error {
            OpenError::Corrupt { .. } => Self::Corrupt(text),
            OpenError::InUse(_) | OpenError::Io { .. } => Self::Unavailable(text),
        }
    }
}

macro_rules! through_redb_error {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )+};
}

through_redb_error![
    StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError,
];

#[cfg(test)]
mod tests;
