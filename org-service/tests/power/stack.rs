//! Both servers in this process, over the two files of one disk.

use std::{path::Path, sync::Arc, time::Duration};

use clap::{Args, FromArgMatches};
use org_service::store::{Store, embedded::EmbeddedStore};
use tenantry_common::{
    clock::Clock,
    id::SystemIds,
    store::embedded::EmbeddedDatabase,
    testing::{ManualClock, bind, until_serving},
};
use tenantry_proto::{
    auth::v1::auth_service_client::AuthServiceClient,
    organization::v1::{
        maintenance_service_client::MaintenanceServiceClient,
        organization_service_client::OrganizationServiceClient,
    },
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::transport::Channel;

use crate::{
    CREDENTIAL, OPERATOR,
    disk::{AUTH, Disk, FILES, ORG},
    history::Note,
};

const CACHE_BYTES: usize = 4 << 20;
/// How long what is deleted is kept.
pub const RETENTION: Duration = Duration::from_secs(60);

/// Both servers, their clients, and a look into org-service's store.
pub struct Stack {
    pub auth: AuthServiceClient<Channel>,
    pub org: OrganizationServiceClient<Channel>,
    pub maintenance: MaintenanceServiceClient<Channel>,
    pub store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    disk: Disk,
    servers: Vec<Server>,
}

struct Server {
    channel: Channel,
    url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl Stack {
    /// Opens both files and starts both servers, as after a start of the machine.
    pub async fn start(disk: &Disk, clock: Arc<ManualClock>) -> Result<Self, String> {
        let auth = start_auth(open(disk, AUTH)?, Arc::clone(&clock)).await?;
        let database = open(disk, ORG)?;
        let store = EmbeddedStore::new(database, Arc::clone(&clock) as Arc<dyn Clock>).await;
        let store: Arc<dyn Store> = Arc::new(store.map_err(|error| format!("{}: {error}", FILES[ORG]))?);
        let org = start_org(Arc::clone(&store), &auth.url, Arc::clone(&clock)).await?;
        Ok(Self {
            auth: AuthServiceClient::new(auth.channel.clone()),
            org: OrganizationServiceClient::new(org.channel.clone()),
            maintenance: MaintenanceServiceClient::new(org.channel.clone()),
            store,
            clock,
            disk: disk.clone(),
            servers: vec![org, auth],
        })
    }

    /// Turns the clock on. It is noted first: nothing may have happened at a time that is not noted.
    pub fn turn_clock(&self, by: Duration) {
        self.disk.note(Note::Clock(self.clock.now() + by));
        self.clock.advance(by);
    }

    pub async fn stop(self) -> Result<(), String> {
        for server in self.servers {
            let _ = server.stop.send(());
            server.task.await.map_err(|error| error.to_string())??;
        }
        Ok(())
    }
}

fn open(disk: &Disk, file: usize) -> Result<EmbeddedDatabase, String> {
    let path = Path::new(FILES[file]);
    EmbeddedDatabase::open_on(disk.file(file), path, CACHE_BYTES).map_err(|error| error.to_string())
}

async fn start_auth(database: EmbeddedDatabase, clock: Arc<ManualClock>) -> Result<Server, String> {
    let store = auth_service::store::EmbeddedStore::new(database).await;
    let store = store.map_err(|error| format!("{}: {error}", FILES[AUTH]))?;
    let config = config::<auth_service::Config>(&[
        "--bcrypt-cost",
        "10",
        "--request-timeout",
        "10m",
        "--token-lifetime",
        "24h",
        "--login-email-limit",
        "0",
        "--login-network-limit",
        "0",
        "--quota",
        "0",
        "--operator-email",
        OPERATOR.0,
        "--operator-password",
        OPERATOR.1,
        "--service-credential",
        CREDENTIAL,
    ]);
    let environment = auth_service::Environment {
        clock,
        ids: Arc::new(SystemIds),
        store: Some(Arc::new(store)),
    };
    serve(|listener, stopped| {
        let stopped = async { drop(stopped.await) };
        tokio::spawn(async move {
            let ended = auth_service::run_in(config, environment, listener, stopped).await;
            ended.map_err(|error| format!("auth-service: {error}"))
        })
    })
    .await
}

async fn start_org(store: Arc<dyn Store>, auth_url: &str, clock: Arc<ManualClock>) -> Result<Server, String> {
    let retention = humantime::format_duration(RETENTION).to_string();
    let config = config::<org_service::Config>(&[
        "--auth-url",
        auth_url,
        "--retention",
        &retention,
        "--handle-rest",
        "32s",
        "--lease",
        "1s",
        "--reconcile-interval",
        "100ms",
        "--sign-up-limit",
        "0",
        "--sign-up-network-limit",
        "0",
        "--quota",
        "0",
        "--request-timeout",
        "60s",
        "--service-credential",
        CREDENTIAL,
    ]);
    let environment = org_service::Environment {
        clock,
        ids: Arc::new(SystemIds),
        store: Some(store),
    };
    serve(|listener, stopped| {
        let stopped = async { drop(stopped.await) };
        tokio::spawn(async move {
            let ended = org_service::run_in(config, environment, listener, stopped).await;
            ended.map_err(|error| format!("org-service: {error}"))
        })
    })
    .await
}

/// Starts a server and waits until it serves.
async fn serve(
    start: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> JoinHandle<Result<(), String>>,
) -> Result<Server, String> {
    let listener = bind().await;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let url = format!("http://{address}");
    let (stop, stopped) = oneshot::channel();
    let task = start(listener, stopped);
    let channel = Channel::from_shared(url.clone()).expect("a url").connect_lazy();
    until_serving(&channel, || task.is_finished()).await;
    if task.is_finished() {
        task.await.map_err(|error| error.to_string())??;
        return Err("a server has ended".to_owned());
    }
    Ok(Server {
        channel,
        url,
        stop,
        task,
    })
}

/// Settings as a command line would give them.
fn config<C: Args + FromArgMatches>(flags: &[&str]) -> C {
    let command = C::augment_args(clap::Command::new("test").no_binary_name(true));
    C::from_arg_matches(&command.get_matches_from(flags)).expect("settings of the test")
}
