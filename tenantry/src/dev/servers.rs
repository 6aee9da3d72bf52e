//! Runs both servers side by side in this process, from the first health check to the drained end.

use std::{error::Error, future::pending, io, net::SocketAddr, time::Duration};

use tenantry_common::process::Shutdown;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::banner::{Banner, reachable};
use crate::{errors::CommandError, output};

/// How often a server that is starting is asked how it is.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

type Ended = Result<(), CommandError>;

/// Both servers, running.
pub struct Servers {
    running: JoinSet<Ended>,
    stop: CancellationToken,
    auth: SocketAddr,
    org: SocketAddr,
}

impl Servers {
    /// Starts both, each with its settings on its listener.
    ///
    /// # Errors
    /// [`CommandError::Output`] when a listener has no address.
    pub fn start(
        auth: (auth_service::Config, TcpListener),
        org: (org_service::Config, TcpListener),
    ) -> Result<Self, CommandError> {
        let mut servers = Self {
            running: JoinSet::new(),
            stop: CancellationToken::new(),
            auth: auth.1.local_addr()?,
            org: org.1.local_addr()?,
        };
        let stopping = servers.stop.clone().cancelled_owned();
        servers.running.spawn(async move {
            let ended = auth_service::run(auth.0, auth.1, stopping).await;
            ended.map_err(|error| failed("auth-service", &error))
        });
        let stopping = servers.stop.clone().cancelled_owned();
        servers.running.spawn(async move {
            let ended = org_service::run(org.0, org.1, stopping).await;
            ended.map_err(|error| failed("org-service", &error))
        });
        Ok(servers)
    }

    /// Where org-service listens.
    pub fn org(&self) -> SocketAddr {
        self.org
    }

    /// Waits until both serve.
    ///
    /// # Errors
    /// [`CommandError::Dev`] when one of them ends before, and why.
    pub async fn until_serving(&mut self) -> Ended {
        let addresses = [self.auth, self.org];
        tokio::select! {
            ended = self.ended() => ended,
            () = until_serving(addresses) => Ok(()),
        }
    }

    /// Waits until one of them ends by itself.
    ///
    /// # Errors
    /// [`CommandError::Dev`] when it failed.
    pub async fn ended(&mut self) -> Ended {
        self.running.join_next().await.map_or(Ok(()), flat)
    }

    /// Drains both.
    ///
    /// # Errors
    /// [`CommandError::Dev`] when one of them failed.
    pub async fn stop(mut self) -> Ended {
        self.stop.cancel();
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next().await {
            outcome = outcome.and(flat(ended));
        }
        outcome
    }
}

/// Runs both, each with its settings on its listener, until a signal comes or one of them ends, and drains both.
/// The banner is printed when both answer.
///
/// # Errors
/// [`CommandError::Dev`] when a server failed.
pub async fn serve(
    auth: (auth_service::Config, TcpListener),
    org: (org_service::Config, TcpListener),
    banner: &Banner<'_>,
) -> Ended {
    let signal = Shutdown::on_signal()?;
    let mut servers = Servers::start(auth, org)?;
    let addresses = [servers.auth, servers.org];
    let outcome = tokio::select! {
        () = signal => Ok(()),
        ended = servers.ended() => ended,
        unheard = announce(banner, addresses) => unheard.map_err(CommandError::Output),
    };
    let stopped = servers.stop().await;
    outcome.and(stopped)
}

/// Prints the banner once both servers are healthy; ends only if that fails.
async fn announce(banner: &Banner<'_>, addresses: [SocketAddr; 2]) -> io::Result<()> {
    until_serving(addresses).await;
    output::line(banner.to_string().trim_end())?;
    pending().await
}

async fn until_serving(addresses: [SocketAddr; 2]) {
    for address in addresses {
        while !is_serving(address).await {
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// Whether a server says that it serves (gRPC health checking protocol).
async fn is_serving(address: SocketAddr) -> bool {
    let Ok(endpoint) = Endpoint::from_shared(format!("http://{}", reachable(address))) else {
        return false;
    };
    let Ok(channel) = endpoint.connect().await else {
        return false;
    };
    let answer = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}

fn flat(ended: Result<Ended, JoinError>) -> Ended {
    ended.unwrap_or_else(|error| Err(CommandError::Dev(format!("a server failed: {error}"))))
}

fn failed(server: &str, error: &dyn Error) -> CommandError {
    CommandError::Dev(format!("{server}: {error}"))
}
