//! Runs both servers side by side, from the first health check to the drained end.

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
    let stop = CancellationToken::new();
    let mut servers = JoinSet::new();
    let stopping = stop.clone().cancelled_owned();
    servers.spawn(async move {
        let ended = auth_service::run(auth.0, auth.1, stopping).await;
        ended.map_err(|error| failed("auth-service", &error))
    });
    let stopping = stop.clone().cancelled_owned();
    servers.spawn(async move {
        let ended = org_service::run(org.0, org.1, stopping).await;
        ended.map_err(|error| failed("org-service", &error))
    });
    let mut outcome = tokio::select! {
        () = signal => Ok(()),
        ended = servers.join_next() => ended.map_or(Ok(()), flat),
        unheard = announce(banner) => unheard.map_err(CommandError::Output),
    };
    stop.cancel();
    while let Some(ended) = servers.join_next().await {
        outcome = outcome.and(flat(ended));
    }
    outcome
}

/// Prints the banner once both servers are healthy; ends only if that fails.
async fn announce(banner: &Banner<'_>) -> io::Result<()> {
    for address in [banner.auth.address, banner.org.address] {
        while !is_serving(address).await {
            sleep(POLL_INTERVAL).await;
        }
    }
    output::line(banner.to_string().trim_end())?;
    pending().await
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
