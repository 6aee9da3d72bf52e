//! `NAME health`: asks a running server how it is, for containers that have no other tool.

use std::{
    error::Error,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{EXIT_FAILURE, EXIT_USAGE, Failed};
use crate::rpc::client;

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The URL of a server that listens here, as this host reaches it.
pub(super) fn url_of(mut listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{listen}")
}

/// Prints the status; 0 when it is SERVING.
pub(super) async fn ask(url: &str) -> Result<u8, Failed> {
    let server =
        client::endpoint("--address", url).map_err(|error| Failed::new(EXIT_USAGE, error.to_string()))?;
    let mut health = HealthClient::new(client::channel(server));
    let answer = match tokio::time::timeout(TIMEOUT, health.check(HealthCheckRequest::default())).await {
        Ok(Ok(answer)) => answer.into_inner().status(),
        Ok(Err(status)) => {
            let cause = status
                .source()
                .map_or_else(|| status.message().to_owned(), innermost);
            return Err(Failed::new(
                EXIT_FAILURE,
                format!("{url} does not answer: {cause}"),
            ));
        }
        Err(_elapsed) => {
            return Err(Failed::new(
                EXIT_FAILURE,
                format!("{url} does not answer within {TIMEOUT:?}"),
            ));
        }
    };
    writeln!(io::stdout(), "{}", answer.as_str_name()).map_err(|error| Failed::new(EXIT_FAILURE, error))?;
    Ok(if answer == ServingStatus::Serving {
        0
    } else {
        EXIT_FAILURE
    })
}

/// The end of a chain of causes: where tonic says "transport error", it says "connection refused".
fn innermost(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
