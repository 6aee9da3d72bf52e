//! For tests: a clock that stands still, stores that are thrown away, ports that are free.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up must fail, and loudly"
)]

mod canaries;
mod process;
mod wire;

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    time::Duration,
};

use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    clock::{Clock, Timestamp},
    config::{MongoUrl, StoreUrl},
    id::{Ids, SystemIds},
    store::{embedded::EmbeddedDatabase, mongo},
};

pub use self::{canaries::Canaries, process::ServerProcess, wire::send_bytes};

/// Names the MongoDB that tests may make databases in, e.g. `mongodb://127.0.0.1:27017/?directConnection=true`.
pub const MONGODB_URI: &str = "TENANTRY_TEST_MONGODB_URI";
const CACHE_BYTES: usize = 4 << 20;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct ManualClock(Mutex<Time>);

/// What a manual clock shows.
#[derive(Debug)]
struct Time {
    now: Timestamp,
    /// All the ways forward so far.
    elapsed: Duration,
}

impl Time {
    fn put(&mut self, now: Timestamp) {
        self.elapsed += now.since(self.now);
        self.now = now;
    }
}

impl ManualClock {
    /// Where every manual clock starts: 2026-01-02T03:04:05.678Z.
    pub const START: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    /// A clock at [`START`](Self::START).
    pub fn new() -> Self {
        Self(Mutex::new(Time {
            now: Self::START,
            elapsed: Duration::ZERO,
        }))
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let mut time = self.time();
        let now = time.now + duration;
        time.put(now);
    }

    /// Puts the clock, forward or back; its monotonic time stands still on a way back.
    pub fn set(&self, now: Timestamp) {
        self.time().put(now);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.time().now
    }

    fn monotonic(&self) -> Duration {
        self.time().elapsed
    }
}

/// A listener on a free port of the loopback address.
pub async fn bind() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("no free port on 127.0.0.1")
}

/// What the server behind this channel says of its health; none while it does not answer.
pub async fn health(channel: &Channel) -> Option<ServingStatus> {
    let answer = HealthClient::new(channel.clone())
        .check(HealthCheckRequest::default())
        .await;
    answer.ok().map(|answer| answer.into_inner().status())
}

/// Waits until the server behind this channel serves, or `given_up` says that it never will.
pub async fn until_serving(channel: &Channel, given_up: impl Fn() -> bool) {
    while health(channel).await != Some(ServingStatus::Serving) && !given_up() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A place for an embedded store that goes with this value.
#[derive(Debug)]
pub struct EmbeddedTest {
    directory: TempDir,
}

impl EmbeddedTest {
    /// A fresh directory; nothing is in it yet.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("no temporary directory");
        Self { directory }
    }

    /// Where the file is, or will be.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("store.redb")
    }

    /// The directory, for whatever else the test needs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The store's URL, `embedded:PATH`.
    pub fn url(&self) -> StoreUrl {
        StoreUrl::Embedded(self.path())
    }

    /// Opens the file; once at a time.
    pub fn open(&self) -> EmbeddedDatabase {
        EmbeddedDatabase::open(&self.path(), CACHE_BYTES).expect("the embedded store does not open")
    }
}

impl Default for EmbeddedTest {
    fn default() -> Self {
        Self::new()
    }
}

/// A database of its own on the test MongoDB, dropped with this value.
#[derive(Debug)]
pub struct MongoTest {
    url: MongoUrl,
}

impl MongoTest {
    /// The database's URL.
    pub fn url(&self) -> &MongoUrl {
        &self.url
    }

    /// A client of the database.
    pub async fn database(&self) -> mongodb::Database {
        mongo::connect(&self.url, "tenantry-test")
            .await
            .expect("the test MongoDB's URL is not usable")
    }
}

impl Drop for MongoTest {
    fn drop(&mut self) {
        let url = self.url.clone();
        // The test's runtime may be gone by the time a task of it would run.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                if let Ok(database) = mongo::connect(&url, "tenantry-test").await {
                    let _ = database.drop().await;
                }
            });
            Ok::<_, std::io::Error>(())
        })
        .join();
    }
}

/// A fresh database on the MongoDB that [`MONGODB_URI`] names. None when it names none: the test is left out then, which
/// is said once per process on the real standard error, where the capture of test output does not swallow it.
///
/// # Panics
/// When it names none and `CI` is set: there nothing is left out.
pub async fn mongo() -> Option<MongoTest> {
    let Some(uri) = std::env::var(MONGODB_URI).ok().filter(|uri| !uri.is_empty()) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "{MONGODB_URI} must be set where CI is"
        );
        say_what_is_left_out();
        return None;
    };
    let name = format!("tenantry_test_{}", SystemIds.uuid_v4().simple());
    let url = with_database(&uri, &name);
    let url = url.parse().expect("the test MongoDB's URI is none");
    Some(MongoTest { url })
}

fn say_what_is_left_out() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let _ = writeln!(
            std::io::stderr(),
            "\n*** LEFT OUT: every test on MongoDB. Set {MONGODB_URI}, or run `cargo xtask test`. ***\n"
        );
    });
}

/// The URI with `name` in the place of its database.
fn with_database(uri: &str, name: &str) -> String {
    let (address, query) = match uri.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (uri, String::new()),
    };
    let (scheme, hosts) = address.split_once("://").unwrap_or(("mongodb", address));
    let hosts = hosts.split_once('/').map_or(hosts, |(hosts, _)| hosts);
    format!("{scheme}://{hosts}/{name}{query}")
}

/// Makes one named test per case and backend: `embedded::CASE` and `mongo::CASE`.
///
/// A fixture is an async function that answers `Option<F>`; none leaves the case out. A case is an async function of
/// `F`. Both are named as seen from the module that calls the macro.
///
/// ```ignore
/// tenantry_common::conformance! {
///     embedded: embedded_fixture;
///     mongo: mongo_fixture;
///     an_absent_record_is_not_found,
///     a_duplicate_is_refused,
/// }
/// ```
#[macro_export]
macro_rules! conformance {
    ($embedded:ident: $embedded_fixture:ident; $mongo:ident: $mongo_fixture:ident; $($case:ident),+ $(,)?) => {
        $crate::conformance!(@backend $embedded, $embedded_fixture, $($case),+);
        $crate::conformance!(@backend $mongo, $mongo_fixture, $($case),+);
    };
    (@backend $backend:ident, $fixture:ident, $($case:ident),+) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(fixture) = super::$fixture().await {
                        super::$case(fixture).await;
                    }
                }
            )+
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_when_told() {
        let clock = ManualClock::new();
        assert_eq!(format!("{:?}", clock.now()), "2026-01-02T03:04:05.678Z");
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now().since(ManualClock::START), Duration::from_millis(1));
        clock.set(Timestamp::from_millis(0));
        assert_eq!(clock.now(), Timestamp::from_millis(0));
    }

    #[test]
    fn the_clocks_monotonic_time_never_goes_back() {
        let clock = ManualClock::new();
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.advance(Duration::from_secs(5));
        clock.set(ManualClock::START);
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.monotonic(), Duration::from_millis(5_001));
    }

    #[test]
    fn a_test_database_takes_the_place_of_the_uris_own() {
        for uri in [
            "mongodb://u:p@h:1",
            "mongodb://u:p@h:1/",
            "mongodb://u:p@h:1/other",
        ] {
            assert_eq!(with_database(uri, "t"), "mongodb://u:p@h:1/t");
            assert_eq!(
                with_database(&format!("{uri}?x=/y"), "t"),
                "mongodb://u:p@h:1/t?x=/y"
            );
        }
    }

    #[tokio::test]
    async fn a_test_database_goes_with_its_value() {
        let Some(test) = mongo().await else { return };
        let database = test.database().await;
        database.create_collection("c").await.unwrap();
        assert_eq!(database.list_collection_names().await.unwrap(), ["c"]);
        drop(test);
        assert!(database.list_collection_names().await.unwrap().is_empty());
    }
}
