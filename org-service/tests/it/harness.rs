//! A platform of its own for each test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use clap::{Args, FromArgMatches};
use org_service::{
    Environment,
    domain::{CollectionName, Handle, Organization, Seen, Stamp},
    store::{self, Fence, LeaseTerm, ListQuery, Store},
};
use tenantry_common::{
    clock::{Clock, Timestamp},
    id::{OrganizationId, SystemIds},
    store::error::StoreError,
    testing::{EmbeddedTest, ManualClock, MongoTest, bind, mongo, until_serving},
};
use tenantry_proto::{
    auth::v1::{LoginRequest, auth_service_client::AuthServiceClient},
    organization::v1::{
        self as pb, AdminCredentials, CreateOrganizationRequest,
        organization_service_client::OrganizationServiceClient,
    },
};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

pub const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";
pub const OPERATOR: (&str, &str) = ("operator@platform.example", "operator password");
pub const PASSWORD: &str = "correct horse battery";

/// The tests' clock starts far off: MongoDB clears expired sessions by the server's own clock.
pub const START: Timestamp = Timestamp::from_millis(4_000_000_000_123);

/// Settings as a command line would give them.
pub fn config<C: Args + FromArgMatches>(args: &[String]) -> C {
    let command = C::augment_args(clap::Command::new("test").no_binary_name(true));
    C::from_arg_matches(&command.get_matches_from(args)).expect("settings of the test")
}

/// A server in this process, until it is stopped.
pub struct Server {
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.expect("the server ended badly");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.task.abort();
    }
}

/// Where the data of a platform is.
pub enum Place {
    Embedded { auth: EmbeddedTest, org: EmbeddedTest },
    Mongo { auth: MongoTest, org: MongoTest },
}

impl Place {
    fn urls(&self) -> (String, String) {
        match self {
            Self::Embedded { auth, org } => (auth.url().to_string(), org.url().to_string()),
            Self::Mongo { auth, org } => (auth.url().expose().to_owned(), org.url().expose().to_owned()),
        }
    }
}

/// How a test wants its platform.
#[derive(Clone)]
pub struct Wishes {
    pub retention: &'static str,
    pub sign_up: &'static str,
    /// Instead of the real auth-service.
    pub auth_url: Option<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            retention: "7d",
            sign_up: "open",
            auth_url: None,
        }
    }
}

/// Both servers, their clients, and a look into org-service's store.
pub struct Platform {
    pub auth: AuthServiceClient<Channel>,
    pub org: OrganizationServiceClient<Channel>,
    pub store: Arc<CountingStore>,
    pub clock: Arc<ManualClock>,
    pub auth_server: Option<Server>,
    pub org_server: Server,
    _place: Place,
}

pub async fn embedded() -> Option<Place> {
    Some(Place::Embedded {
        auth: EmbeddedTest::new(),
        org: EmbeddedTest::new(),
    })
}

pub async fn on_mongo() -> Option<Place> {
    Some(Place::Mongo {
        auth: mongo().await?,
        org: mongo().await?,
    })
}

impl Platform {
    pub async fn start(place: Place) -> Self {
        Self::start_with(place, Wishes::default()).await
    }

    pub async fn start_with(place: Place, wishes: Wishes) -> Self {
        let clock = Arc::new(ManualClock::new());
        clock.set(START);
        let (auth_store, org_store) = place.urls();
        let auth_server = start_auth(&auth_store, Arc::clone(&clock)).await;
        let auth_url = wishes.auth_url.clone().unwrap_or_else(|| auth_server.url.clone());
        let url = org_store.parse().expect("a store url");
        let opened = store::open(&url, 4, Arc::clone(&clock) as Arc<dyn Clock>, &SystemIds)
            .await
            .expect("the store opens");
        let store = Arc::new(CountingStore {
            inner: opened,
            calls: AtomicUsize::new(0),
        });
        let org_server = start_org(&org_store, &auth_url, &wishes, &store, Arc::clone(&clock)).await;
        Self {
            auth: AuthServiceClient::new(connect(&auth_server.url).await),
            org: OrganizationServiceClient::new(connect(&org_server.url).await),
            store,
            clock,
            auth_server: Some(auth_server),
            org_server,
            _place: place,
        }
    }

    /// Creates an organization whose admin is `admin@<handle>.example`.
    pub async fn create(&self, name: &str) -> pb::Organization {
        let reply = self.org.clone().create_organization(create_request(name)).await;
        reply
            .expect("the organization is created")
            .into_inner()
            .organization
            .expect("an organization")
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<String, Status> {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
        };
        Ok(self.auth.clone().login(request).await?.into_inner().access_token)
    }

    /// The token of the admin that [`create`](Self::create) made.
    pub async fn token_of(&self, organization: &pb::Organization) -> String {
        self.login(&email_of(&organization.name), PASSWORD)
            .await
            .expect("the admin logs in")
    }

    pub async fn operator(&self) -> String {
        self.login(OPERATOR.0, OPERATOR.1)
            .await
            .expect("the operator logs in")
    }

    pub async fn get(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let key = pb::get_organization_request::Organization::Id(id.to_owned());
        self.get_by(token, key).await
    }

    pub async fn get_by(
        &self,
        token: &str,
        key: pb::get_organization_request::Organization,
    ) -> Result<pb::Organization, Status> {
        let request = bearer(
            token,
            pb::GetOrganizationRequest {
                organization: Some(key),
            },
        );
        Ok(self
            .org
            .clone()
            .get_organization(request)
            .await?
            .into_inner()
            .organization
            .expect("an organization"))
    }

    pub async fn update(
        &self,
        token: &str,
        organization: pb::Organization,
        paths: &[&str],
    ) -> Result<pb::Organization, Status> {
        let request = pb::UpdateOrganizationRequest {
            organization: Some(organization),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|p| (*p).to_owned()).collect(),
            }),
            etag: String::new(),
        };
        let reply = self
            .org
            .clone()
            .update_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    pub async fn rename(&self, token: &str, id: &str, name: &str) -> Result<pb::Organization, Status> {
        let organization = pb::Organization {
            id: id.to_owned(),
            name: name.to_owned(),
            ..pb::Organization::default()
        };
        self.update(token, organization, &["name"]).await
    }

    pub async fn delete(&self, token: &str, id: &str) -> Result<pb::Organization, Status> {
        let request = pb::DeleteOrganizationRequest {
            organization: Some(pb::delete_organization_request::Organization::Id(id.to_owned())),
            ..pb::DeleteOrganizationRequest::default()
        };
        let reply = self
            .org
            .clone()
            .delete_organization(bearer(token, request))
            .await?;
        Ok(reply.into_inner().organization.expect("an organization"))
    }

    /// The organization's collections under any name.
    pub async fn collections_of(&self, id: &str) -> Vec<String> {
        let id = id.parse().expect("an id");
        let seen = self
            .store
            .inner
            .look(id, &[CollectionName::trash(id)])
            .await
            .expect("a look");
        seen.into_iter().map(|seen| seen.name.to_string()).collect()
    }

    /// What the store holds of the organization.
    pub async fn record(&self, id: &str) -> Organization {
        self.store
            .inner
            .get(id.parse().expect("an id"))
            .await
            .expect("the store answers")
            .expect("a record")
    }
}

/// The e-mail of the admin that [`create_request`] names.
pub fn email_of(name: &str) -> String {
    format!(
        "admin@{}.example",
        Handle::fold(name).expect("a handle").as_str().replace('_', "-")
    )
}

pub fn create_request(name: &str) -> CreateOrganizationRequest {
    CreateOrganizationRequest {
        name: name.to_owned(),
        admin: Some(AdminCredentials {
            email: email_of(name),
            password: PASSWORD.to_owned(),
        }),
        ..CreateOrganizationRequest::default()
    }
}

pub fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(
        "authorization",
        format!("Bearer {token}").parse().expect("a token"),
    );
    request
}

pub async fn connect(url: &str) -> Channel {
    Channel::from_shared(url.to_owned())
        .expect("a url")
        .connect()
        .await
        .expect("the server answers")
}

pub async fn start_auth(store: &str, clock: Arc<ManualClock>) -> Server {
    let args = [
        "--store",
        store,
        "--bcrypt-cost",
        "10",
        // Hashes wait for whatever else the machine does, and a test waits for them.
        "--request-timeout",
        "10m",
        "--operator-email",
        OPERATOR.0,
        "--operator-password",
        OPERATOR.1,
        "--service-credential",
        CREDENTIAL,
    ];
    let config: auth_service::Config = config(&args.map(str::to_owned));
    let listener = bind().await;
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let environment = auth_service::Environment {
        clock,
        ids: Arc::new(SystemIds),
    };
    let task = tokio::spawn(async move {
        let shutdown = async { drop(stopped.await) };
        auth_service::run_in(config, environment, listener, shutdown)
            .await
            .expect("auth-service runs");
    });
    until_serving(&connect(&url).await, || task.is_finished()).await;
    Server {
        url,
        stop: Some(stop),
        task,
    }
}

async fn start_org(
    store_url: &str,
    auth_url: &str,
    wishes: &Wishes,
    store: &Arc<CountingStore>,
    clock: Arc<ManualClock>,
) -> Server {
    let args = [
        "--store",
        store_url,
        "--auth-url",
        auth_url,
        "--retention",
        wishes.retention,
        "--sign-up",
        wishes.sign_up,
        "--service-credential",
        CREDENTIAL,
        "--request-timeout",
        "60s",
    ];
    let config: org_service::Config = config(&args.map(str::to_owned));
    let listener = bind().await;
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let environment = Environment {
        clock,
        ids: Arc::new(SystemIds),
        store: Some(Arc::clone(store) as Arc<dyn Store>),
    };
    let task = tokio::spawn(async move {
        let shutdown = async { drop(stopped.await) };
        org_service::run_in(config, environment, listener, shutdown)
            .await
            .expect("org-service runs");
    });
    Server {
        url,
        stop: Some(stop),
        task,
    }
}

/// The reason that every error must carry, with its code.
pub fn failure<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.expect_err("the call must fail");
    let info = status
        .get_details_error_info()
        .unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "tenantry");
    (status.code(), info.reason)
}

/// The paths of the fields that an INVALID_ARGUMENT names.
pub fn bad_fields<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Vec<String> {
    let status = outcome.expect_err("the call must fail");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("a BadRequest");
    details
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// Waits until `done`, for as long as a slow machine may need.
pub async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came true: {what}");
}

/// A store that counts what a request does to it; the readiness probe's pings do not count.
pub struct CountingStore {
    pub inner: Arc<dyn Store>,
    calls: AtomicUsize,
}

impl CountingStore {
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn count(&self) -> &dyn Store {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &*self.inner
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    async fn insert(
        &self,
        organization: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        self.count().insert(organization, lease).await
    }

    async fn get(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.count().get(id).await
    }

    async fn find_by_handle(&self, handle: &Handle) -> Result<Option<Organization>, StoreError> {
        self.count().find_by_handle(handle).await
    }

    async fn find_by_create_request(&self, key: Uuid) -> Result<Option<Organization>, StoreError> {
        self.count().find_by_create_request(key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Organization>, StoreError> {
        self.count().list(query).await
    }

    async fn accept(
        &self,
        next: &Organization,
        lease: Option<LeaseTerm>,
    ) -> Result<Organization, StoreError> {
        self.count().accept(next, lease).await
    }

    async fn take_lease(
        &self,
        id: OrganizationId,
        lease: LeaseTerm,
    ) -> Result<Option<Organization>, StoreError> {
        self.count().take_lease(id, lease).await
    }

    async fn renew_lease(&self, fence: Fence, length: Duration) -> Result<(), StoreError> {
        self.count().renew_lease(fence, length).await
    }

    async fn record(&self, fence: Fence, next: &Organization) -> Result<Organization, StoreError> {
        self.count().record(fence, next).await
    }

    async fn release_handle(
        &self,
        id: OrganizationId,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.count().release_handle(id, handle, now).await
    }

    async fn look(&self, id: OrganizationId, names: &[CollectionName]) -> Result<Vec<Seen>, StoreError> {
        self.count().look(id, names).await
    }

    async fn create_collection(
        &self,
        fence: Fence,
        name: &CollectionName,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.count().create_collection(fence, name, stamp).await
    }

    async fn rename_collection(
        &self,
        fence: Fence,
        from: &CollectionName,
        to: &CollectionName,
    ) -> Result<(), StoreError> {
        self.count().rename_collection(fence, from, to).await
    }

    async fn drop_collection(&self, fence: Fence, name: &CollectionName) -> Result<(), StoreError> {
        self.count().drop_collection(fence, name).await
    }
}
