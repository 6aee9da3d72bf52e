//! Calls to a peer: what a call passes on, and what is tried again.

use std::{error::Error, future::Future, time::Duration};

use http::Extensions;
use tonic::{
    Code, Request, Status,
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

use super::{
    deadline::Deadline,
    request_id::{REQUEST_ID_KEY, RequestId, TRACEPARENT_KEY, Traceparent},
};
use crate::config::SettingError;

/// How long a peer may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often an idle connection is probed, and how long the probe's answer may take.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// How much of the remaining time is kept for the own answer when a peer is called.
const MARGIN: Duration = Duration::from_millis(20);
/// How often a lost connection is tried again, and after which pause: an immediate repeat meets the same dying one.
const REPEATS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(5);
/// Time for a call that came without a deadline.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a peer listens, as a setting names it.
///
/// # Errors
/// [`SettingError`] under `setting` when the text is no `http://` URL.
pub fn endpoint(setting: &str, url: &str) -> Result<Endpoint, SettingError> {
    let wrong = || SettingError::new(setting, format!("{url:?} must be like http://127.0.0.1:50051"));
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| wrong())?;
    if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none() {
        return Err(wrong());
    }
    Ok(endpoint)
}

/// A channel that connects when it is first used, and again whenever the connection is lost. Needs a Tokio runtime.
pub fn channel(endpoint: Endpoint) -> Channel {
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1)
        .keep_alive_while_idle(true)
        .connect_lazy()
}

/// What a call hands on to the calls that it makes.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// Names the call in all logs.
    pub request_id: RequestId,
    /// When the call must be answered.
    pub deadline: Deadline,
    /// The caller's trace.
    pub traceparent: Option<Traceparent>,
}

impl CallContext {
    /// The context for work that goes on without the call that began it.
    pub fn new(request_id: RequestId, deadline: Deadline) -> Self {
        Self {
            request_id,
            deadline,
            traceparent: None,
        }
    }

    /// The context that the server frame put into a request's extensions.
    pub fn of(extensions: &Extensions) -> Self {
        Self {
            request_id: RequestId::of(extensions),
            deadline: extensions
                .get()
                .copied()
                .unwrap_or_else(|| Deadline::after(DEFAULT_TIMEOUT)),
            traceparent: extensions.get().cloned(),
        }
    }

    /// The context of a call whose handler runs.
    pub fn of_request<T>(request: &Request<T>) -> Self {
        Self::of(request.extensions())
    }

    /// A request to a peer, with what is left of the time, less a margin, and with the request id.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline.remaining().saturating_sub(MARGIN));
        let mut headers = std::mem::take(request.metadata_mut()).into_headers();
        headers.insert(REQUEST_ID_KEY, self.request_id.header());
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT_KEY, traceparent.header());
        }
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        request
    }
}

/// Makes a call that is safe to repeat, and again, at most twice, when the connection was lost.
///
/// # Errors
/// The peer's status, or the last one of the transport's; DEADLINE_EXCEEDED where tonic says that its own time was up.
pub async fn retry_on_connection_loss<T, F, Fut>(context: &CallContext, mut call: F) -> Result<T, Status>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    let mut repeats = 0;
    loop {
        // The peer's word is waited for as long as the caller waits, and no longer.
        let remaining = context.deadline.remaining().saturating_sub(MARGIN);
        let outcome = match tokio::time::timeout(remaining, call()).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => return Err(Status::deadline_exceeded("the peer did not answer in time")),
        };
        match outcome {
            Err(status) if is_connection_loss(&status) && repeats < REPEATS => {
                repeats += 1;
                let pause = PAUSE * repeats;
                if context.deadline.remaining() <= pause + MARGIN {
                    return Err(status);
                }
                tokio::time::sleep(pause).await;
            }
            Err(status) => return Err(with_true_code(status)),
            done => return done,
        }
    }
}

/// Whether the status was made here because the connection failed: one that the peer sent has no source.
fn is_connection_loss(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown)
        && status.source().is_some()
        && !is_local_timeout(status)
}

fn is_local_timeout(status: &Status) -> bool {
    status.code() == Code::Cancelled && status.message() == "Timeout expired"
}

/// What a status of tonic's client means: CANCELLED "Timeout expired", said when its own timer ran out, is
/// DEADLINE_EXCEEDED. All others are what they say.
pub fn with_true_code(status: Status) -> Status {
    if is_local_timeout(&status) {
        return Status::deadline_exceeded("the peer did not answer in time");
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemIds;

    fn context(timeout: Duration) -> CallContext {
        CallContext::new(RequestId::new(&SystemIds), Deadline::after(timeout))
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_carries_the_remaining_time_and_the_id() {
        let context = context(Duration::from_secs(2));
        let request = context.request(());
        assert_eq!(request.metadata().get("grpc-timeout").unwrap(), "1980000u");
        assert_eq!(
            request.metadata().get(REQUEST_ID_KEY).unwrap().to_str().unwrap(),
            context.request_id.to_string()
        );
    }

    #[test]
    fn only_plain_http_urls_name_a_peer() {
        for url in ["", "127.0.0.1:1", "https://a:1", "http://", "ftp://a"] {
            assert!(endpoint("URL", url).is_err(), "{url}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_hangs_is_given_up_in_time() {
        let context = context(Duration::from_secs(1));
        let answer = retry_on_connection_loss(&context, std::future::pending::<Result<(), _>>);
        assert_eq!(answer.await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_refused_connection_is_tried_three_times_and_a_refusal_of_the_peers_once() {
        let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", unused.local_addr().unwrap());
        drop(unused);
        let client =
            tonic_health::pb::health_client::HealthClient::new(channel(endpoint("URL", &url).unwrap()));
        let context = context(Duration::from_secs(5));
        let mut tries = 0;
        let lost = retry_on_connection_loss(&context, || {
            tries += 1;
            let mut client = client.clone();
            async move {
                client
                    .check(tonic_health::pb::HealthCheckRequest::default())
                    .await
            }
        });
        assert_eq!(lost.await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(tries, 3);

        let mut tries = 0;
        let refused = retry_on_connection_loss(&context, || {
            tries += 1;
            async { Err::<(), _>(Status::unavailable("says the peer")) }
        });
        assert_eq!(refused.await.unwrap_err().message(), "says the peer");
        assert_eq!(tries, 1);
    }
}
