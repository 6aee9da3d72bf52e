//! How a server stops: it says so, takes no more connections, ends streams, waits for calls, and cuts what is left.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::status::{Failure, reason};

/// How long connections that were cut may take to notice.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// Waits for `serving` to end, but when `draining` has begun no longer than `limit`; then cuts what is left.
pub(super) async fn bounded<E>(
    serving: impl Future<Output = Result<(), E>>,
    draining: CancellationToken,
    cut: CancellationToken,
    limit: Duration,
) -> Result<(), E> {
    // Whoever drops this future ends the connections too.
    let _cut = cut.clone().drop_guard();
    let mut serving = pin!(serving);
    let limit_reached = async {
        draining.cancelled().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = &mut serving => return served,
        () = limit_reached => tracing::warn!("the drain timeout is over: what is still open is cut"),
    }
    cut.cancel();
    tokio::time::timeout(CUT_GRACE, serving).await.unwrap_or(Ok(()))
}

/// Ends streams (health watches, reflection) when the server drains: they have no end of their own.
#[derive(Clone, Debug)]
pub struct EndStreamsLayer {
    ending: CancellationToken,
    streams: fn(&str) -> bool,
}

impl EndStreamsLayer {
    /// A layer that ends answers on the paths that are `streams` once `ending` is cancelled.
    pub fn new(ending: CancellationToken, streams: fn(&str) -> bool) -> Self {
        Self { ending, streams }
    }
}

impl<S> Layer<S> for EndStreamsLayer {
    type Service = EndStreams<S>;

    fn layer(&self, inner: S) -> EndStreams<S> {
        EndStreams {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`EndStreamsLayer`] makes.
#[derive(Clone, Debug)]
pub struct EndStreams<S> {
    inner: S,
    layer: EndStreamsLayer,
}

impl<S> Service<Request<Body>> for EndStreams<S>
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

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !(self.layer.streams)(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let ending = self.layer.ending.clone();
        let answered = CancellationToken::new();
        // What the client still wants to say holds its stream open as well: it ends with the answer.
        let request = request.map(|body| Body::new(EndingBody::new(body, answered.clone(), None)));
        let answered = answered.drop_guard();
        let call = self.inner.call(request);
        Box::pin(async move {
            Ok(call
                .await?
                .map(|body| Body::new(EndingBody::new(body, ending, Some(answered)))))
        })
    }
}

/// A stream that says all that is ready to be said, and ends when it is told to: an answer with a status, a request
/// just so.
struct EndingBody {
    body: Body,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Held by an answer until it is over.
    answered: Option<DropGuard>,
    ended: bool,
}

impl EndingBody {
    fn new(body: Body, ending: CancellationToken, answered: Option<DropGuard>) -> Self {
        Self {
            body,
            ending: Box::pin(ending.cancelled_owned()),
            answered,
            ended: false,
        }
    }
}

impl http_body::Body for EndingBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // First what the stream has to say: a watch hears NOT_SERVING before it ends.
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.ending.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.ended = true;
        if self.answered.is_none() {
            return Poll::Ready(None);
        }
        let mut trailers = HeaderMap::new();
        let written = Status::from(shutting_down()).add_header(&mut trailers);
        Poll::Ready(Some(written.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn shutting_down() -> Failure {
    Failure::new(
        Code::Unavailable,
        reason::SHUTTING_DOWN,
        "the server is stopping; another replica goes on",
    )
}
