//! The two servers in this process.

use std::{net::SocketAddr, sync::Arc};

use clap::{Args, FromArgMatches};
use org_service::{Environment, store::Store};
use tenantry_common::{
    id::SystemIds,
    testing::{ManualClock, bind, until_serving},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::transport::Channel;

use super::{CREDENTIAL, CountingStore, OPERATOR};

/// How a test wants its platform.
#[derive(Clone)]
pub struct Wishes {
    pub retention: &'static str,
    pub sign_up: &'static str,
    /// How often the reconciler looks for work; 0s: never.
    pub reconcile: &'static str,
    /// How long a driver that says nothing keeps its operation.
    pub lease: &'static str,
    /// How long a server that stops may take.
    pub drain: &'static str,
    /// How many calls an organization may make; 0: any number.
    pub quota: &'static str,
    /// How many organizations may be created, from everywhere and from one network.
    pub sign_up_limits: [&'static str; 2],
    /// How many proxies stand before org-service.
    pub trusted_proxies: &'static str,
    /// Instead of the real auth-service.
    pub auth_url: Option<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            retention: "7d",
            sign_up: "open",
            reconcile: "0s",
            lease: "5s",
            drain: "15s",
            quota: "0",
            sign_up_limits: ["0"; 2],
            trusted_proxies: "0",
            auth_url: None,
        }
    }
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

    pub(super) fn address(&self) -> SocketAddr {
        let address = self.url.trim_start_matches("http://");
        address.parse().expect("an address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.task.abort();
    }
}

/// Settings as a command line would give them.
pub(super) fn config<C: Args + FromArgMatches>(args: &[String]) -> C {
    let command = C::augment_args(clap::Command::new("test").no_binary_name(true));
    C::from_arg_matches(&command.get_matches_from(args)).expect("settings of the test")
}

pub async fn connect(url: &str) -> Channel {
    Channel::from_shared(url.to_owned())
        .expect("a url")
        .connect()
        .await
        .expect("the server answers")
}

/// Starts auth-service, at this address again or at a free one.
pub(super) async fn start_auth(store: &str, clock: Arc<ManualClock>, at: Option<SocketAddr>) -> Server {
    let args = [
        "--store",
        store,
        "--bcrypt-cost",
        "10",
        // Hashes wait for whatever else the machine does, and a test waits for them.
        "--request-timeout",
        "10m",
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
    ];
    let config: auth_service::Config = config(&args.map(str::to_owned));
    let listener = match at {
        Some(address) => TcpListener::bind(address)
            .await
            .expect("the address is free again"),
        None => bind().await,
    };
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let environment = auth_service::Environment {
        clock,
        ids: Arc::new(SystemIds),
        store: None,
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

pub(super) async fn start_org(
    store_url: &str,
    auth_url: &str,
    wishes: &Wishes,
    store: &Arc<CountingStore>,
    clock: Arc<ManualClock>,
) -> Server {
    let auth_url = wishes.auth_url.as_deref().unwrap_or(auth_url);
    let args = [
        "--store",
        store_url,
        "--auth-url",
        auth_url,
        "--retention",
        wishes.retention,
        "--sign-up",
        wishes.sign_up,
        "--reconcile-interval",
        wishes.reconcile,
        "--lease",
        wishes.lease,
        "--drain-timeout",
        wishes.drain,
        "--quota",
        wishes.quota,
        "--sign-up-limit",
        wishes.sign_up_limits[0],
        "--sign-up-network-limit",
        wishes.sign_up_limits[1],
        "--trusted-proxies",
        wishes.trusted_proxies,
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
