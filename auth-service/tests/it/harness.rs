//! A running auth-service, and what the tests do with it over and over.

use std::sync::Arc;

use auth_service::{Config, Environment, RunError, run_in};
use tenantry_common::{
    clock::Timestamp,
    id::{Ids, SystemIds},
    rpc::status::reason_of,
    testing::{self, EmbeddedTest, ManualClock, MongoTest},
};
use tenantry_proto::auth::v1::{
    ActivateAdminRequest, GateState, LoginRequest, LoginResponse, PrepareAdminRequest, RefreshTokenRequest,
    RefreshTokenResponse, SetOrganizationGateRequest, ValidateTokenRequest, ValidateTokenResponse,
    admin_provisioning_service_client::AdminProvisioningServiceClient,
    auth_service_client::AuthServiceClient,
};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{Code, Request, Status, metadata::MetadataMap, transport::Channel};
use tonic_health::pb::health_check_response::ServingStatus;

pub const CREDENTIAL: &str = "0123456789abcdef0123456789abcdef-test";
pub const PASSWORD: &str = "correct horse battery";

/// The tests' clock starts far off: MongoDB clears expired sessions by the server's own clock.
const START: Timestamp = Timestamp::from_millis(4_000_000_000_123);

/// Makes `embedded::case` and `mongo::case` of each case.
macro_rules! for_each_backend {
    ($($case:ident)+) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::harness::Place::embedded()).await;
            })+
        }

        mod mongo {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(place) = crate::harness::Place::mongo().await else { return };
                super::$case(place).await;
            })+
        }
    };
}
pub(crate) use for_each_backend;

/// Where a server's data is; it outlives the server, so that another one can be started on it.
pub enum Place {
    Embedded(EmbeddedTest),
    Mongo(MongoTest),
}

impl Place {
    pub fn embedded() -> Self {
        Self::Embedded(EmbeddedTest::new())
    }

    pub async fn mongo() -> Option<Self> {
        testing::mongo().await.map(Self::Mongo)
    }

    pub fn url(&self) -> String {
        match self {
            Self::Embedded(place) => place.url().to_string(),
            Self::Mongo(place) => place.url().expose().to_owned(),
        }
    }

    /// Another empty one of the same kind.
    pub async fn another(&self) -> Self {
        match self {
            Self::Embedded(_) => Self::embedded(),
            Self::Mongo(_) => Self::mongo().await.unwrap(),
        }
    }

    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// A server with these flags besides.
    pub async fn start_with(&self, flags: &[&str]) -> Server {
        let server = start_at(&self.url(), flags).await;
        testing::until_serving(&server.channel, || server.task.is_finished()).await;
        server
    }

    /// A server with these flags besides, and somebody who may log in.
    pub async fn admitted(&self, flags: &[&str]) -> (Server, Person) {
        let server = self.start_with(flags).await;
        let ada = Person::new("ada@example.com");
        server.admit(&ada).await;
        (server, ada)
    }
}

/// A server over the store with this URL, with the cheapest hashes, and with these flags besides; it may not serve yet.
pub async fn start_at(store: &str, flags: &[&str]) -> Server {
    let listener = testing::bind().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(ManualClock::new());
    clock.set(START);
    let environment = Environment {
        clock: clock.clone(),
        ids: Arc::new(SystemIds),
        store: None,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let task = tokio::spawn(run_in(config(store, flags), environment, listener, shutdown));
    let channel = Channel::from_shared(url).unwrap().connect_lazy();
    Server {
        channel,
        clock,
        stop,
        task,
    }
}

fn config(store: &str, flags: &[&str]) -> Config {
    let ours = ["--store", store, "--service-credential", CREDENTIAL];
    // Hashes wait for whatever else the machine does, and a test waits for them.
    let cheap = ["--bcrypt-cost", "10", "--request-timeout", "10m"];
    // Whoever tests a limit sets it.
    let limits = ["--login-email-limit", "--login-network-limit", "--quota"];
    let limits = limits.into_iter().filter(|limit| !flags.contains(limit));
    let unlimited = limits.flat_map(|limit| [limit, "0"]);
    let flags = ours
        .into_iter()
        .chain(cheap)
        .chain(unlimited)
        .chain(flags.iter().copied());
    Config::from_args(flags).unwrap()
}

/// A running server.
pub struct Server {
    pub channel: Channel,
    pub clock: Arc<ManualClock>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RunError>>,
}

impl Server {
    pub fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    pub fn provisioning(&self) -> AdminProvisioningServiceClient<Channel> {
        AdminProvisioningServiceClient::new(self.channel.clone())
    }

    /// Stops it, or finds that it never ran.
    pub async fn stop(self) -> Result<(), RunError> {
        let _ = self.stop.send(());
        drop(self.channel);
        self.task.await.unwrap()
    }

    /// Waits for a server that ends by itself.
    pub async fn ended(self) -> Result<(), RunError> {
        self.task.await.unwrap()
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<LoginResponse, Status> {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
        };
        self.auth().login(request).await.map(tonic::Response::into_inner)
    }

    pub async fn refresh(&self, token: &str) -> Result<RefreshTokenResponse, Status> {
        let request = RefreshTokenRequest {
            refresh_token: token.to_owned(),
        };
        let refreshed = self.auth().refresh_token(request).await;
        refreshed.map(tonic::Response::into_inner)
    }

    pub async fn validate(&self, token: &str) -> Result<ValidateTokenResponse, Status> {
        let request = ValidateTokenRequest {
            access_token: token.to_owned(),
        };
        self.auth()
            .validate_token(request)
            .await
            .map(tonic::Response::into_inner)
    }

    pub async fn gate(&self, organization_id: &str, state: GateState, epoch: i64) -> Result<(), Status> {
        let request = SetOrganizationGateRequest {
            organization_id: organization_id.to_owned(),
            epoch,
            state: state.into(),
        };
        self.provisioning()
            .set_organization_gate(internal(request))
            .await
            .map(drop)
    }

    pub async fn activate(&self, person: &Person) -> Result<i32, Status> {
        let request = internal(ActivateAdminRequest {
            admin_id: person.admin_id.clone(),
        });
        self.provisioning()
            .activate_admin(request)
            .await
            .map(|reply| reply.into_inner().state)
    }

    pub async fn prepare(&self, person: &Person) -> Result<i32, Status> {
        self.provisioning()
            .prepare_admin(internal(person.prepare()))
            .await
            .map(|reply| reply.into_inner().state)
    }

    /// Makes an admin who may log in.
    pub async fn admit(&self, person: &Person) {
        self.prepare(person).await.unwrap();
        self.activate(person).await.unwrap();
        self.gate(&person.organization_id, GateState::Open, 1)
            .await
            .unwrap();
    }

    /// A fresh login.
    pub async fn logged_in(&self, person: &Person) -> LoginResponse {
        self.login(&person.email, PASSWORD).await.unwrap()
    }

    /// The token of a fresh login.
    pub async fn token(&self, person: &Person) -> String {
        self.logged_in(person).await.access_token
    }
}

/// Somebody to make an admin of.
#[derive(Clone)]
pub struct Person {
    pub admin_id: String,
    pub organization_id: String,
    pub email: String,
}

impl Person {
    pub fn new(email: &str) -> Self {
        let id = || SystemIds.uuid_v7(START).to_string();
        Self {
            admin_id: id(),
            organization_id: id(),
            email: email.to_owned(),
        }
    }

    pub fn prepare(&self) -> PrepareAdminRequest {
        PrepareAdminRequest {
            admin_id: self.admin_id.clone(),
            organization_id: self.organization_id.clone(),
            email: self.email.clone(),
            password: PASSWORD.to_owned(),
        }
    }
}

/// A request with the service credential.
pub fn internal<T>(message: T) -> Request<T> {
    with_metadata(message, &[("tenantry-service-credential", CREDENTIAL)])
}

pub fn with_metadata<T>(message: T, entries: &[(&'static str, &str)]) -> Request<T> {
    let mut metadata = MetadataMap::new();
    for (key, value) in entries {
        metadata.append(*key, value.parse().unwrap());
    }
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    request
}

pub fn bearer<T>(message: T, token: &str) -> Request<T> {
    with_metadata(message, &[("authorization", &format!("Bearer {token}"))])
}

/// Code and reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    let reason = reason_of(&status).unwrap_or_else(|| panic!("no reason: {status:?}"));
    (status.code(), reason)
}

/// The refusal of who is not known, for this reason.
pub fn unauthenticated(reason: &str) -> (Code, String) {
    (Code::Unauthenticated, reason.to_owned())
}

/// The refusal of a wrong password, and of all that looks like one.
pub fn wrong_credentials() -> (Code, String) {
    unauthenticated("CREDENTIALS_INVALID")
}

/// The refusal of a token whose session has ended.
pub fn revoked() -> (Code, String) {
    unauthenticated("TOKEN_REVOKED")
}

/// Whether the server says that it serves.
pub async fn serves(server: &Server) -> bool {
    testing::health(&server.channel).await == Some(ServingStatus::Serving)
}
