//! How long a call may take, and the layer that ends it in time.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::status::{Failure, reason};

/// gRPC's metadata key for the time that the client gives a call.
const GRPC_TIMEOUT: &str = "grpc-timeout";
/// How much earlier than its client the server gives up, so that its answer arrives in time.
const MARGIN: Duration = Duration::from_millis(1);

/// When a call must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        Self(Instant::now() + timeout)
    }

    /// How much time is left; zero when it is past.
    pub fn remaining(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The instant itself.
    pub fn instant(&self) -> Instant {
        self.0
    }
}

/// Reads a `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, section Requests).
fn parse_timeout(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// The time that the client gives the call, if it says so intelligibly.
fn client_timeout(headers: &HeaderMap) -> Option<Duration> {
    parse_timeout(headers.get(GRPC_TIMEOUT)?.to_str().ok()?)
}

impl Deadline {
    /// The deadline of a call that arrives now: the shorter of what its client gives it and `longest`.
    pub fn of_headers(headers: &HeaderMap, longest: Duration) -> Self {
        Self::after(
            client_timeout(headers).map_or(longest, |given| longest.min(given.saturating_sub(MARGIN))),
        )
    }

    /// The answer to a call that was not done in time; never tonic's CANCELLED.
    fn exceeded() -> Failure {
        let text = "not done within the call's deadline; a write may still come to its end: repeat the call";
        Failure::new(Code::DeadlineExceeded, reason::DEADLINE_EXCEEDED, text)
    }
}

/// Answers DEADLINE_EXCEEDED when a call takes longer than its client, or the server's setting, allows.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    longest: Duration,
    exempt: fn(&str) -> bool,
}

impl DeadlineLayer {
    /// A layer with the server's own limit; calls to paths that are `exempt` (streams) are not ended.
    pub fn new(longest: Duration, exempt: fn(&str) -> bool) -> Self {
        Self { longest, exempt }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = WithDeadline<S>;

    fn layer(&self, inner: S) -> WithDeadline<S> {
        WithDeadline { inner, layer: *self }
    }
}

/// The service that [`DeadlineLayer`] makes.
#[derive(Clone, Debug)]
pub struct WithDeadline<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S> Service<Request<Body>> for WithDeadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let deadline = Deadline::of_headers(request.headers(), self.layer.longest);
        request.extensions_mut().insert(deadline);
        let exempt = (self.layer.exempt)(request.uri().path());
        let call = self.inner.call(request);
        if exempt {
            return Box::pin(call);
        }
        Box::pin(async move {
            match tokio::time::timeout_at(deadline.instant(), call).await {
                Ok(response) => response,
                Err(_elapsed) => Ok(Status::from(Deadline::exceeded()).into_http()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tower::ServiceExt;

    use super::*;
    use crate::rpc::status::reason_of;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (text, timeout) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("30S", Some(Duration::from_secs(30))),
            ("250m", Some(Duration::from_millis(250))),
            ("7u", Some(Duration::from_micros(7))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("999999999S", None),
            ("S", None),
            ("", None),
            ("1", None),
            ("-1S", None),
            ("1s", None),
        ] {
            assert_eq!(parse_timeout(text), timeout, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_timeout_is_read_without_a_panic(text in "\\PC{0,12}") {
            let _ = parse_timeout(&text);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_shorter_of_both_limits_counts() {
        for (timeout, expected) in [
            ("", 10_000),
            ("3S", 2_999),
            ("1H", 10_000),
            ("0m", 0),
            ("nonsense", 10_000),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, timeout.parse().unwrap());
            let deadline = Deadline::of_headers(&headers, Duration::from_secs(10));
            assert_eq!(deadline.remaining(), Duration::from_millis(expected), "{timeout}");
        }
    }

    async fn answer(timeout: &str, exempt: fn(&str) -> bool) -> (Option<Status>, Duration) {
        let slow = tower::service_fn(|_: Request<Body>| async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let mut request = Request::new(Body::empty());
        request
            .headers_mut()
            .insert(GRPC_TIMEOUT, timeout.parse().unwrap());
        let started = Instant::now();
        let layer = DeadlineLayer::new(Duration::from_secs(10), exempt);
        let response = layer.layer(slow).oneshot(request).await.unwrap();
        (Status::from_header_map(response.headers()), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_its_deadline() {
        for (timeout, expected) in [("3S", 2_999), ("1H", 10_000)] {
            let (status, elapsed) = answer(timeout, |_| false).await;
            let status = status.unwrap();
            assert_eq!(status.code(), Code::DeadlineExceeded);
            assert_eq!(reason_of(&status).as_deref(), Some(reason::DEADLINE_EXCEEDED));
            assert!(
                elapsed.as_millis().abs_diff(expected) <= 2,
                "{timeout}: {elapsed:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_exempt_call_takes_its_time() {
        let (status, elapsed) = answer("1S", |_| true).await;
        assert!(status.is_none());
        assert!(elapsed >= Duration::from_secs(60));
    }
}
