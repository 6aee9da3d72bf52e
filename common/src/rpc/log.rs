//! One span and one line in the log per call: what was called, by whom, how it ended and how long it took. Never a
//! metadata value, never a message.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body, transport::server::TcpConnectInfo};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field};

use super::{
    request_id::{REQUEST_ID_KEY, RequestId, Traceparent},
    status::reason_of,
};
use crate::id::Ids;

/// Longest method name that is logged; whoever calls can send any path.
const METHOD_MAX: usize = 200;

/// Gives every call its request id and its span, and logs its end.
#[derive(Clone)]
pub struct CallLogLayer {
    ids: Arc<dyn Ids>,
}

impl CallLogLayer {
    /// A layer that takes new request ids from `ids`.
    pub fn new(ids: Arc<dyn Ids>) -> Self {
        Self { ids }
    }
}

impl<S> Layer<S> for CallLogLayer {
    type Service = CallLog<S>;

    fn layer(&self, inner: S) -> CallLog<S> {
        CallLog {
            inner,
            ids: Arc::clone(&self.ids),
        }
    }
}

/// The service that [`CallLogLayer`] makes.
#[derive(Clone)]
pub struct CallLog<S> {
    inner: S,
    ids: Arc<dyn Ids>,
}

impl<S> Service<Request<Body>> for CallLog<S>
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
        let id = RequestId::of_headers(request.headers(), &*self.ids);
        if let Some(traceparent) = Traceparent::of_headers(request.headers()) {
            request.extensions_mut().insert(traceparent);
        }
        let record = Record::open(&request, &id);
        request.extensions_mut().insert(id.clone());
        // Called here and not in the future, so that the deadline inside starts before tonic's own around it.
        let call = record
            .span
            .in_scope(|| self.inner.call(request))
            .instrument(record.span.clone());
        Box::pin(async move {
            let mut response = call.await?;
            response.headers_mut().insert(REQUEST_ID_KEY, id.header());
            Ok(match Status::from_header_map(response.headers()) {
                Some(status) => {
                    record.close(&status);
                    response
                }
                None => response.map(|body| {
                    Body::new(LoggedBody {
                        body,
                        record: Some(record),
                        id,
                    })
                }),
            })
        })
    }
}

/// A call that is under way. Dropped before it is closed, it is logged as cancelled: nobody waits for its answer.
struct Record {
    span: Span,
    method: String,
    started: Instant,
    open: bool,
}

impl Record {
    fn open(request: &Request<Body>, id: &RequestId) -> Self {
        let path = request.uri().path().trim_start_matches('/');
        let method: String = path.chars().take(METHOD_MAX).collect();
        let peer = request
            .extensions()
            .get::<TcpConnectInfo>()
            .and_then(TcpConnectInfo::remote_addr);
        // The level of the errors inside, so that a filter that lets these through lets their request id through too.
        let span =
            tracing::error_span!("call", request_id = %id, peer = field::Empty, principal = field::Empty);
        if let Some(peer) = peer {
            span.record("peer", field::display(peer));
        }
        Self {
            span,
            method,
            started: Instant::now(),
            open: true,
        }
    }

    fn close(mut self, status: &Status) {
        self.write(status.code(), reason_of(status).as_deref());
    }

    fn write(&mut self, code: Code, reason: Option<&str>) {
        self.open = false;
        let _entered = self.span.enter();
        let method = self.method.as_str();
        let duration_ms = self.started.elapsed().as_micros() as f64 / 1_000.0;
        let code_name = name(code);
        match code {
            Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable | Code::DeadlineExceeded => {
                tracing::warn!(method, code = code_name, reason, duration_ms, "call");
            }
            // Probes come every few seconds and tell nothing while they are answered.
            Code::Ok if method.starts_with("grpc.health.v1.") => {
                tracing::debug!(method, code = code_name, duration_ms, "call");
            }
            _ => tracing::info!(method, code = code_name, reason, duration_ms, "call"),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.open {
            self.write(Code::Cancelled, None);
        }
    }
}

/// An answer on its way out: the call ends with its trailers.
struct LoggedBody {
    body: Body,
    record: Option<Record>,
    id: RequestId,
}

impl LoggedBody {
    fn end(&mut self, mut trailers: HeaderMap) -> HeaderMap {
        trailers.insert(REQUEST_ID_KEY, self.id.header());
        if let (Some(record), Some(status)) = (self.record.take(), Status::from_header_map(&trailers)) {
            record.close(&status);
        }
        trailers
    }
}

impl http_body::Body for LoggedBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let span = this
            .record
            .as_ref()
            .map_or_else(Span::none, |record| record.span.clone());
        let frame = ready!(span.in_scope(|| Pin::new(&mut this.body).poll_frame(cx)));
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match frame.into_trailers() {
                Ok(trailers) => Frame::trailers(this.end(trailers)),
                Err(data) => data,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A code as gRPC's documentation writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
