//! The one place that sets a server's limits and puts its layers together.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use clap::{ArgAction, Args, builder::BoolishValueParser, value_parser};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};
use tonic_health::{pb::health_server::HealthServer, server::HealthService};

pub use super::health::Readiness;
use super::{
    connection::accept,
    deadline::DeadlineLayer,
    health::Health,
    limits::{
        MAX_CONCURRENT_STREAMS, MAX_HEADER_LIST, MAX_LOCAL_RESETS, MAX_MESSAGE_BYTES, MAX_PENDING_RESETS,
    },
    log::CallLogLayer,
    panic::PanicLayer,
    peer::PeerLayer,
    reflection,
    seal::SealLayer,
    shutdown::{EndStreamsLayer, bounded},
};
use crate::{config::SettingError, id::Ids, quota::Quota, telemetry::LogSettings, throttle::Allowance};

/// How often a connection is probed, and how long the answer may take.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Most proxies that may stand before a server.
const MAX_PROXIES: i64 = 16;
/// Longest request and drain timeouts that make sense.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3_600);

/// The settings of the frame, the same for every server.
#[derive(Args, Clone, Debug)]
pub struct ServerSettings {
    /// Longest that a call may take, e.g. 10s; a caller's shorter deadline goes before.
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub request_timeout: Duration,

    /// How long calls under way may go on after SIGTERM before they are cut.
    #[arg(long, env = "DRAIN_TIMEOUT", default_value = "15s", value_parser = humantime::parse_duration)]
    pub drain_timeout: Duration,

    /// Whether clients may ask for the API's description (gRPC server reflection): true or false.
    #[arg(
        long, env = "REFLECTION", default_value = "true", default_missing_value = "true",
        num_args = 0..=1, require_equals = true, action = ArgAction::Set, value_parser = BoolishValueParser::new()
    )]
    pub reflection: bool,

    /// Listen without TLS on an address that other hosts reach: true or false. Tokens and passwords cross the network
    /// in clear; for trusted networks alone.
    #[arg(
        long, env = "ALLOW_PLAINTEXT", default_value = "false", default_missing_value = "true",
        num_args = 0..=1, require_equals = true, action = ArgAction::Set, value_parser = BoolishValueParser::new()
    )]
    pub allow_plaintext: bool,

    /// How many proxies stand before this server, each of which appends to `x-forwarded-for` the address that it was called
    /// from; 16 at most. With 0 the address that connects is the caller's.
    #[arg(long, env = "TRUSTED_PROXIES", default_value_t = 0, value_parser = value_parser!(u8).range(..=MAX_PROXIES))]
    pub trusted_proxies: u8,

    /// How many authenticated calls each organization may make: COUNT/TIME, COUNT at once and then evenly, or 0 for no
    /// limit. Each replica of each server counts for itself; operators are not counted.
    #[arg(long, env = "ORGANIZATION_QUOTA", default_value_t = Quota::DEFAULT)]
    pub quota: Allowance,

    /// What is logged.
    #[command(flatten)]
    pub log: LogSettings,
}

impl Default for ServerSettings {
    /// What holds where nothing is set.
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(15),
            reflection: true,
            allow_plaintext: false,
            trusted_proxies: 0,
            quota: Quota::DEFAULT,
            log: LogSettings::default(),
        }
    }
}

impl ServerSettings {
    /// Whether a server may run with these settings on this address.
    ///
    /// # Errors
    /// [`SettingError`] names the setting that forbids it.
    pub fn check(&self, listen: SocketAddr) -> Result<(), SettingError> {
        let (shortest, longest) = (Duration::from_millis(10), LONGEST_TIMEOUT);
        if !(shortest..=longest).contains(&self.request_timeout) {
            return Err(SettingError::new("REQUEST_TIMEOUT", "must be from 10ms to 1h"));
        }
        if self.drain_timeout > longest {
            return Err(SettingError::new("DRAIN_TIMEOUT", "must be at most 1h"));
        }
        if !listen.ip().to_canonical().is_loopback() && !self.allow_plaintext {
            let why = format!(
                "{listen} can be reached from other hosts, without TLS; set it to true on a trusted network"
            );
            return Err(SettingError::new("ALLOW_PLAINTEXT", why));
        }
        Ok(())
    }
}

/// What a server is made of, beside its own services.
pub struct Frame {
    /// The frame's settings.
    pub settings: ServerSettings,
    /// Full names of the server's services, for health and reflection.
    pub services: Vec<&'static str>,
    /// Whether the server can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// Where new request ids come from.
    pub ids: Arc<dyn Ids>,
}

/// Why a server did not run, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The connections failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors that reflection serves cannot be read.
    #[error("reflection cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves `routes`, health and reflection until `shutdown`, then drains, for as long as the settings allow.
///
/// From outside inwards a call passes: request id and log, the seal on errors, the end of streams, panics, the
/// deadline, the caller's address.
///
/// # Errors
/// [`ServeError`] when the server cannot begin.
pub async fn serve(
    frame: Frame,
    routes: Routes,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Frame {
        settings,
        services,
        readiness,
        ids,
    } = frame;
    let ServerSettings {
        request_timeout,
        drain_timeout,
        reflection,
        allow_plaintext: _,
        trusted_proxies,
        // The services' own, behind what tells whose call it is: health and reflection have none.
        quota: _,
        log: _,
    } = settings;
    let health = Health::new(&services).await;
    let health_server = HealthServer::new(HealthService::from_health_reporter(health.reporter()))
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let mut routes = routes.add_service(health_server);
    if reflection {
        routes = reflection::add(routes, &services)?;
    }

    let [draining, ending, cut] = std::array::from_fn(|_| CancellationToken::new());
    let following = tokio::spawn(health.follow(readiness, draining.clone()));
    let signal = {
        let (draining, ending) = (draining.clone(), ending.clone());
        async move {
            shutdown.await;
            tracing::info!("draining");
            draining.cancel();
            // NOT_SERVING is told before the watches end.
            let _followed = following.await;
            ending.cancel();
        }
    };
    let serving = limits()
        .layer(CallLogLayer::new(ids))
        .layer(SealLayer)
        .layer(EndStreamsLayer::new(ending, is_stream))
        .layer(PanicLayer)
        .layer(DeadlineLayer::new(request_timeout, is_stream))
        .layer(PeerLayer::new(trusted_proxies))
        .serve_with_incoming_shutdown(routes.prepare(), accept(listener, cut.clone()), signal);
    Ok(bounded(serving, draining, cut, drain_timeout).await?)
}

/// Every limit of HTTP/2; the size of messages is the services' own.
fn limits() -> Server {
    Server::builder()
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .http2_max_local_error_reset_streams(Some(MAX_LOCAL_RESETS))
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}

/// The methods that answer with a stream and so have no deadline of ours.
fn is_stream(path: &str) -> bool {
    path == "/grpc.health.v1.Health/Watch" || path.starts_with("/grpc.reflection.")
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches, builder::Resettable};

    use super::*;

    fn settings(flags: &[&str]) -> Result<ServerSettings, clap::Error> {
        let command = ServerSettings::augment_args(Command::new("server").no_binary_name(true));
        // Whoever runs the tests may have settings of their own.
        let command = command.mut_args(|argument| argument.env(Resettable::Reset));
        ServerSettings::from_arg_matches(&command.try_get_matches_from(flags)?)
    }

    #[test]
    fn no_proxy_is_trusted_and_calls_are_counted_unless_it_is_said() {
        for settings in [settings(&[]).unwrap(), ServerSettings::default()] {
            assert_eq!(settings.trusted_proxies, 0);
            assert_eq!(settings.quota.to_string(), "100/1m");
        }
    }

    #[test]
    fn proxies_and_quotas_have_bounds() {
        assert_eq!(
            settings(&["--trusted-proxies", "16"]).unwrap().trusted_proxies,
            16
        );
        assert_eq!(settings(&["--quota", "0"]).unwrap().quota, Allowance::OFF);
        for flags in [
            ["--trusted-proxies", "17"],
            ["--trusted-proxies", "-1"],
            ["--quota", "100"],
            ["--quota", "1/1ms"],
        ] {
            assert!(settings(&flags).is_err(), "{flags:?}");
        }
    }
}
