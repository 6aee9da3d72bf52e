//! The embedded store's ground: one redb file, one writer thread that commits many writes with one fsync.

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageError, WriteTransaction,
    backends::FileBackend,
};
use serde::{Serialize, de::DeserializeOwned};

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
        let file = FileBackend::new(file)
            .and_then(|backend| {
                Database::builder()
                    .set_cache_size(cache_bytes)
                    .create_with_backend(backend)
            })
            .map(Arc::new)
            .map_err(|error| open_error(path, error))?;
        let writer = Writer::start(Arc::clone(&file)).map_err(io_error)?;
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
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file)
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
mod tests {
    use std::{
        os::unix::fs::PermissionsExt,
        process::Command,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use redb::{ReadableTable, TableDefinition};

    use super::*;

    const NUMBERS: TableDefinition<'_, u64, u64> = TableDefinition::new("numbers");
    const CACHE: usize = 1 << 20;
    const CHILD_OPENS: &str = "TENANTRY_TEST_CHILD_OPENS";

    struct Fixture {
        path: PathBuf,
        _directory: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        Fixture {
            path: directory.path().join("deep/er/store.redb"),
            _directory: directory,
        }
    }

    fn put(transaction: &WriteTransaction, key: u64) -> Result<(), StoreError> {
        let mut table = transaction.open_table(NUMBERS)?;
        if table.insert(key, key)?.is_some() {
            return Err(StoreError::Conflict);
        }
        Ok(())
    }

    async fn keys(database: &EmbeddedDatabase) -> Vec<u64> {
        let read = |transaction: &ReadTransaction| {
            let table = transaction.open_table(NUMBERS)?;
            table
                .iter()?
                .map(|entry| Ok(entry?.0.value()))
                .collect::<Result<_, StoreError>>()
        };
        let keys = database.scan(read).await.unwrap();
        assert_eq!(database.read(read).await.unwrap(), keys);
        keys
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_after_reopening() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        database
            .clone()
            .write(|transaction| put(transaction, 7))
            .await
            .unwrap();
        drop(database);
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        assert_eq!(keys(&database).await, [7]);
    }

    #[tokio::test]
    async fn a_new_file_is_its_owners_alone() {
        let fixture = fixture();
        let _database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&fixture.path), 0o600);
        assert_eq!(mode(fixture.path.parent().unwrap()), 0o700);
    }

    #[tokio::test]
    async fn a_failing_job_leaves_nothing_behind_and_harms_no_neighbour() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let write = |key: u64| {
            let database = database.clone();
            async move {
                database
                    .write(move |transaction| {
                        put(transaction, key)?;
                        match key % 3 {
                            0 => Ok(key),
                            1 => Err(StoreError::NotFound),
                            _ => panic!("this job always panics"),
                        }
                    })
                    .await
            }
        };
        let outcomes = futures::future::join_all((0..60).map(write)).await;
        for (key, outcome) in (0_u64..).zip(outcomes) {
            match key % 3 {
                0 => assert_eq!(outcome.unwrap(), key),
                1 => assert!(matches!(outcome, Err(StoreError::NotFound))),
                _ => assert!(matches!(outcome, Err(StoreError::Internal(_)))),
            }
        }
        let expected: Vec<_> = (0..60).step_by(3).collect();
        assert_eq!(keys(&database).await, expected);
    }

    #[tokio::test]
    async fn a_job_sees_what_its_neighbours_before_it_wrote() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let same = (0..20).map(|_| database.write(|transaction| put(transaction, 1)));
        let outcomes = futures::future::join_all(same).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(StoreError::Conflict)));
        assert_eq!(refused.count(), 19);
    }

    #[tokio::test]
    async fn a_hundred_writers_share_a_few_commits() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let writes = (0..100).map(|key| database.write(move |transaction| put(transaction, key)));
        for outcome in futures::future::join_all(writes).await {
            outcome.unwrap();
        }
        assert_eq!(keys(&database).await.len(), 100);
        assert!(database.commits() <= 20, "{} commits", database.commits());
    }

    #[tokio::test]
    async fn no_job_runs_more_than_twice() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let runs: Arc<[AtomicUsize]> = (0..64).map(|_| AtomicUsize::new(0)).collect();
        let writes = (0..64).map(|key: u64| {
            let runs = Arc::clone(&runs);
            database.write(move |transaction| {
                runs[usize::try_from(key).unwrap()].fetch_add(1, Ordering::Relaxed);
                put(transaction, key / 2)
            })
        });
        futures::future::join_all(writes).await;
        assert_eq!(keys(&database).await.len(), 32);
        assert!(
            runs.iter().all(|runs| runs.load(Ordering::Relaxed) <= 2),
            "{runs:?}"
        );
    }

    #[tokio::test]
    async fn a_write_outlives_the_caller_that_hung_up() {
        let fixture = fixture();
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let write = database.write(|transaction| put(transaction, 5));
        assert!(futures::poll!(Box::pin(write)).is_pending());
        drop(database);
        let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        assert_eq!(keys(&database).await, [5]);
    }

    #[tokio::test]
    async fn a_second_process_is_told_that_the_file_is_in_use() {
        let fixture = fixture();
        let _database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
        let again = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap_err();
        assert!(
            matches!(&again, OpenError::InUse(path) if *path == fixture.path),
            "{again}"
        );

        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::embedded::tests::a_child_process_opens_the_file",
                "--nocapture",
            ])
            .env(CHILD_OPENS, &fixture.path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("is in use by another process"), "{told}");
        assert!(told.contains(fixture.path.to_str().unwrap()), "{told}");
    }

    /// What the test above runs in a process of its own.
    #[test]
    #[expect(clippy::print_stdout, reason = "how the child answers its parent")]
    fn a_child_process_opens_the_file() {
        if let Some(path) = std::env::var_os(CHILD_OPENS) {
            println!("{}", EmbeddedDatabase::open(Path::new(&path), CACHE).unwrap_err());
        }
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_kept() {
        let fixture = fixture();
        std::fs::create_dir_all(fixture.path.parent().unwrap()).unwrap();
        for content in [b"x".repeat(10), b"precious text\n".repeat(10_000)] {
            std::fs::write(&fixture.path, &content).unwrap();
            let refused = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap_err();
            assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused:?}");
            assert!(refused.to_string().contains("store.redb"), "{refused}");
            assert_eq!(std::fs::read(&fixture.path).unwrap(), content);
        }
    }

    #[test]
    fn a_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let refused = EmbeddedDatabase::open(directory.path(), CACHE).unwrap_err();
        assert!(matches!(refused, OpenError::Io { .. }), "{refused:?}");
    }

    #[test]
    fn a_record_that_cannot_be_read_is_corrupt_and_not_repeated_in_the_text() {
        let bytes = encode(&"ada@example.com").unwrap();
        assert_eq!(decode::<String>("admins", &bytes).unwrap(), "ada@example.com");
        let Err(StoreError::Corrupt(text)) = decode::<u8>("admins", &bytes) else {
            panic!("a text is not a number")
        };
        assert!(text.contains("admins") && !text.contains("ada"), "{text}");
    }
}
