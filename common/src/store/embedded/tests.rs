//! Tests of the embedded database.

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
async fn a_file_tells_which_tables_it_has() {
    let fixture = fixture();
    let database = EmbeddedDatabase::open(&fixture.path, CACHE).unwrap();
    assert!(!database.has_table("numbers").await.unwrap());
    database.write(|transaction| put(transaction, 7)).await.unwrap();
    assert!(database.has_table("numbers").await.unwrap());
    assert!(!database.has_table("number").await.unwrap());
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
