//! auth-service and org-service as processes of their own, on each store, killed with SIGKILL and started again.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tempfile::TempDir;
use tenantry_common::{
    clock::SystemClock,
    id::{Ids, SystemIds},
    testing::mongo,
};

use crate::dev::{Outcome, program, run};

const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";
const PASSWORD: &str = "correct horse battery staple\n";

tenantry_common::conformance! {
    embedded: on_files;
    mongo: on_mongodb;
    what_was_created_survives_a_kill_of_both_servers,
    whatever_ran_when_both_servers_were_killed_ends_by_itself,
}

/// Where both servers keep their data.
struct Place {
    auth: String,
    org: String,
    _databases: Vec<tenantry_common::testing::MongoTest>,
}

async fn on_files() -> Option<Place> {
    // Paths are relative to the servers' home.
    let (auth, org) = ("embedded:auth.redb".to_owned(), "embedded:org.redb".to_owned());
    Some(Place {
        auth,
        org,
        _databases: Vec::new(),
    })
}

async fn on_mongodb() -> Option<Place> {
    let (auth, org) = (mongo().await?, mongo().await?);
    let url = |database: &tenantry_common::testing::MongoTest| database.url().expose().to_owned();
    Some(Place {
        auth: url(&auth),
        org: url(&org),
        _databases: vec![auth, org],
    })
}

/// The servers' binaries: built once, for a run of this package's tests alone has not built them.
fn binaries() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "auth-service",
                "--package",
                "org-service",
            ])
            .status();
        assert!(built.unwrap().success());
        Path::new(env!("CARGO_BIN_EXE_tenantry"))
            .parent()
            .unwrap()
            .to_owned()
    })
}

/// One of the servers; killed, as by `kill -9`, when it is dropped.
struct Server(Child);

impl Server {
    /// Starts it and waits until its own `health` finds it serving.
    fn start(home: &Path, name: &str, address: &str, settings: &[(&str, &str)]) -> Self {
        let log = home.join(format!("{name}-{}.log", SystemIds.uuid_v4()));
        let server = |arguments: &[&str]| {
            let mut program = Command::new(binaries().join(name));
            program.args(arguments).env_clear().envs(settings.iter().copied());
            program
                .env("SERVICE_CREDENTIAL", CREDENTIAL)
                .current_dir(home)
                .stdin(Stdio::null());
            program
        };
        let child = server(&[]).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut running = Self(child);
        for _ in 0..600 {
            let health = server(&["health", "--address", &format!("http://{address}")])
                .output()
                .unwrap();
            if health.status.success() {
                return running;
            }
            if let Some(ended) = running.0.try_wait().unwrap() {
                panic!(
                    "{name} ended with {ended}: {}",
                    std::fs::read_to_string(&log).unwrap()
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "{name} does not serve: {}",
            std::fs::read_to_string(&log).unwrap()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// An address that was free a moment ago; below the range that outgoing connections take theirs from.
fn free_address() -> String {
    let mut ports = (0..1_000).map(|_| {
        let mut random = [0; 2];
        SystemIds.fill_random(&mut random);
        15_000 + u16::from_le_bytes(random) % 15_000
    });
    let port = ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    format!("127.0.0.1:{}", port.unwrap())
}

/// Both servers, and a person's command line.
struct Topology {
    home: TempDir,
    auth: String,
    org: String,
    place: Place,
    servers: Vec<Server>,
}

impl Topology {
    fn new(place: Place) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            home,
            auth: free_address(),
            org: free_address(),
            place,
            servers: Vec::new(),
        }
    }

    fn start(&mut self) {
        let (home, auth_url) = (self.home.path(), format!("http://{}", self.auth));
        let auth = [
            ("AUTH_LISTEN", self.auth.as_str()),
            ("AUTH_STORE", &self.place.auth),
            ("AUTH_BCRYPT_COST", "10"),
            ("AUTH_LOGIN_EMAIL_LIMIT", "0"),
            ("AUTH_LOGIN_NETWORK_LIMIT", "0"),
            ("ORGANIZATION_QUOTA", "0"),
        ];
        let org = [
            ("ORG_LISTEN", self.org.as_str()),
            ("ORG_STORE", &self.place.org),
            ("ORG_AUTH_URL", &auth_url),
            ("ORG_LEASE", "1s"),
            ("ORG_RECONCILE_INTERVAL", "500ms"),
            ("ORG_SIGN_UP_LIMIT", "0"),
            ("ORG_SIGN_UP_NETWORK_LIMIT", "0"),
            ("ORGANIZATION_QUOTA", "0"),
        ];
        self.servers
            .push(Server::start(home, "auth-service", &self.auth, &auth));
        self.servers
            .push(Server::start(home, "org-service", &self.org, &org));
    }

    fn kill(&mut self) {
        self.servers.clear();
    }

    fn person(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = program(self.home.path());
        command.env("TENANTRY_AUTH_URL", format!("http://{}", self.auth));
        command.env("TENANTRY_ORG_URL", format!("http://{}", self.org));
        run(command.args(arguments), input)
    }

    /// A command that must go well, with its answer.
    fn answer(&self, arguments: &[&str], input: &str) -> serde_json::Value {
        let outcome = self.person(&[arguments, &["-o", "json"]].concat(), input);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

async fn what_was_created_survives_a_kill_of_both_servers(place: Place) {
    let mut topology = Topology::new(place);
    topology.start();
    let created = topology.answer(
        &["org", "create", "Acme, Inc.", "--admin-email", "ada@example.com"],
        PASSWORD,
    );
    topology.answer(&["login", "--email", "ada@example.com"], PASSWORD);

    topology.kill();
    let away = topology.person(&["org", "get"], "");
    assert_eq!(away.code, 2, "{away:?}");
    topology.start();

    // The session, the signing key and the organization are all there.
    assert_eq!(topology.answer(&["org", "get"], ""), created);
    let renamed = topology.answer(&["org", "rename", "acme_inc", "Acme Labs"], "");
    assert_eq!(renamed["collectionName"], "org_acme_labs");

    topology.kill();
    topology.start();
    assert_eq!(topology.answer(&["org", "get", "acme_labs"], ""), renamed);
    let deleted = topology.answer(&["org", "delete", "acme_labs", "--yes"], "");
    assert_eq!(deleted["state"], "ORGANIZATION_STATE_DELETED");
    let refused = topology.person(&["login", "--email", "ada@example.com"], PASSWORD);
    assert!(refused.stderr.contains("CREDENTIALS_INVALID"), "{refused:?}");
}

/// Kills in a row, each in the middle of several people's creates and renames.
const KILLS: u64 = 4;
const PEOPLE: usize = 2;

async fn whatever_ran_when_both_servers_were_killed_ends_by_itself(place: Place) {
    let mut topology = Topology::new(place);
    topology.start();
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        let told = AtomicU64::new(0);
        let servers = std::mem::take(&mut topology.servers);
        let asked = &topology;
        let created = thread::scope(|scope| {
            let people: Vec<_> = (0..PEOPLE)
                .map(|person| {
                    scope.spawn({
                        let told = &told;
                        move || works(asked, round, person, told)
                    })
                })
                .collect();
            // The first kill comes early, the others in the middle of what follows the first answers.
            thread::sleep(Duration::from_millis(200));
            for _ in 0..6_000 {
                if told.load(Ordering::SeqCst) >= round {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            drop(servers);
            people
                .into_iter()
                .flat_map(|person| person.join().unwrap())
                .collect::<Vec<_>>()
        });
        acknowledged.extend(created);
        recovers(&mut topology).await;
        topology.start();
    }
    assert!(
        !acknowledged.is_empty(),
        "the servers were always killed too early"
    );
    for email in acknowledged {
        let login = topology.person(&["login", "--email", &email], PASSWORD);
        assert_eq!(login.code, 0, "{email} was told of an organization: {login:?}");
    }
}

/// Creates organizations and renames them until the servers are gone; the e-mails of those that were acknowledged.
fn works(topology: &Topology, round: u64, person: usize, told: &AtomicU64) -> Vec<String> {
    let login = topology.home.path().join(format!("login-{round}-{person}"));
    let login = login.to_str().unwrap();
    let mut acknowledged = Vec::new();
    for nth in 0.. {
        let (name, email) = (
            format!("Number {round} {person} {nth}"),
            format!("number-{round}-{person}-{nth}@example.com"),
        );
        let own = |arguments: &[&str], input| {
            let settings = ["--timeout", "1m", "--credentials-file", login];
            topology.person(&[arguments, &settings].concat(), input).code == 0
        };
        if !own(&["org", "create", &name, "--admin-email", &email], PASSWORD) {
            break;
        }
        acknowledged.push(email.clone());
        told.fetch_add(1, Ordering::SeqCst);
        let handle = name.to_lowercase().replace(' ', "_");
        let renamed = own(&["login", "--email", &email], PASSWORD)
            && own(
                &[
                    "org",
                    "rename",
                    &handle,
                    &format!("Renamed {round} {person} {nth}"),
                ],
                "",
            );
        if !renamed {
            break;
        }
    }
    acknowledged
}

/// Starts the servers again, time after time, until nothing is under way; `verify` finds nothing wrong meanwhile.
async fn recovers(topology: &mut Topology) {
    for _ in 0..40 {
        topology.start();
        let mut verify = program(topology.home.path());
        verify.env("TENANTRY_ORG_URL", format!("http://{}", topology.org));
        verify.env("SERVICE_CREDENTIAL", CREDENTIAL);
        let verified = run(verify.args(["verify", "-o", "json"]), "");
        assert_eq!(verified.code, 0, "{verified:?}");
        thread::sleep(Duration::from_millis(500));
        topology.kill();
        if under_way(topology).await == 0 {
            return;
        }
    }
    panic!("something stays under way");
}

/// How many operations the stopped org-service has left.
async fn under_way(topology: &Topology) -> usize {
    let url = match topology.place.org.strip_prefix("embedded:") {
        Some(file) => format!("embedded:{}", topology.home.path().join(file).display()),
        None => topology.place.org.clone(),
    };
    let url = url.parse().unwrap();
    let store = org_service::store::open(&url, 1, Arc::new(SystemClock), &SystemIds);
    let records = store.await.unwrap().records(None, 10_000).await.unwrap();
    records.iter().filter(|record| record.operation.is_some()).count()
}
