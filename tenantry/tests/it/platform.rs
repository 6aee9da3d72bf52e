//! Both servers in this process, where auth-service goes by a clock of the test's.

use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;
use tenantry_common::{
    clock::{Clock, SystemClock},
    id::SystemIds,
    testing::{ManualClock, bind, until_serving},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::transport::Channel;

use crate::person::Person;

/// The operator's e-mail.
pub const OPERATOR: &str = "operator@example.com";
/// The operator's password.
pub const OPERATOR_PASSWORD: &str = "a lamp in the lighthouse";
const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";

/// Both servers, running until they are dropped.
pub struct Platform {
    clock: Arc<ManualClock>,
    auth: SocketAddr,
    org: SocketAddr,
    home: TempDir,
    _runtime: Runtime,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct OrgFlags {
    #[command(flatten)]
    config: org_service::Config,
}

impl Platform {
    /// Starts both on fresh stores, at the present time.
    pub fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        clock.set(SystemClock.now());
        let store = |name: &str| format!("embedded:{}", home.path().join(name).display());
        let (auth, org) = runtime.block_on(async {
            let (auth, org) = (bind().await, bind().await);
            let auth_address = auth.local_addr().unwrap();
            let serving_auth = start_auth(auth, &store("auth.redb"), Arc::clone(&clock)).await;
            let serving_org = start_org(org, &store("org.redb"), auth_address).await;
            (serving_auth, serving_org)
        });
        Self {
            clock,
            auth,
            org,
            home,
            _runtime: runtime,
        }
    }

    /// Lets this time pass for auth-service, and for nobody else.
    pub fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets an access token's time pass.
    pub fn outlive_access_tokens(&self) {
        self.advance(Duration::from_secs(31 * 60));
    }

    /// Who uses it.
    pub fn person(&self) -> Person {
        Person::of(self.auth, self.org, self.home.path())
    }

    /// Who uses it, logged in as the operator.
    pub fn operator(&self) -> Person {
        let operator = self.person();
        log_in(&operator, OPERATOR, OPERATOR_PASSWORD);
        operator
    }
}

/// Logs a person in.
pub fn log_in(person: &Person, email: &str, password: &str) -> Value {
    person.json_with(&["login", "--email", email], &format!("{password}\n"))
}

async fn start_auth(listener: TcpListener, store: &str, clock: Arc<ManualClock>) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    let flags = [
        ["--store", store],
        ["--service-credential", CREDENTIAL],
        ["--bcrypt-cost", "10"],
        ["--request-timeout", "2m"],
        ["--operator-email", OPERATOR],
        ["--operator-password", OPERATOR_PASSWORD],
    ];
    let config = auth_service::Config::from_args(flags.concat()).unwrap();
    let environment = auth_service::Environment {
        clock,
        ids: Arc::new(SystemIds),
        store: None,
    };
    let server = tokio::spawn(auth_service::run_in(config, environment, listener, pending()));
    until_serving(&channel(address), || server.is_finished()).await;
    assert!(!server.is_finished(), "auth-service does not start");
    address
}

async fn start_org(listener: TcpListener, store: &str, auth: SocketAddr) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    let auth_url = format!("http://{auth}");
    let flags = [
        ["--store", store],
        ["--service-credential", CREDENTIAL],
        ["--request-timeout", "2m"],
        ["--auth-url", &auth_url],
    ];
    let config = OrgFlags::try_parse_from(flags.concat()).unwrap().config;
    let server = tokio::spawn(org_service::run(config, listener, pending()));
    until_serving(&channel(address), || server.is_finished()).await;
    assert!(!server.is_finished(), "org-service does not start");
    address
}

fn channel(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}
