//! A panic ends its call, and nothing else.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use futures::FutureExt;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::status::Failure;

/// Answers INTERNAL for a handler that panics. What the panic says is logged by the panic hook, once, with the call's
/// request id, and never sent.
#[derive(Clone, Copy, Debug)]
pub struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner }
    }
}

/// The service that [`PanicLayer`] makes.
#[derive(Clone, Debug)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for CatchPanic<S>
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
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(call) => Box::pin(
                AssertUnwindSafe(call)
                    .catch_unwind()
                    .map(|outcome| match outcome {
                        Ok(Ok(response)) => {
                            Ok(response.map(|body| Body::new(CatchPanicBody { body: Some(body) })))
                        }
                        Ok(Err(never)) => match never {},
                        Err(_panic) => Ok(internal().into_http()),
                    }),
            ),
            Err(_panic) => Box::pin(async { Ok(internal().into_http()) }),
        }
    }
}

fn internal() -> Status {
    Status::from(Failure::unexplained())
}

/// An answer whose stream may panic; it is dropped when it has.
struct CatchPanicBody {
    body: Option<Body>,
}

impl http_body::Body for CatchPanicBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))).unwrap_or_else(|_panic| {
            self.body = None;
            let mut trailers = HeaderMap::new();
            let written = internal().add_header(&mut trailers);
            Poll::Ready(Some(written.map(|()| Frame::trailers(trailers))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tonic::Code;
    use tower::ServiceExt;

    use super::*;
    use crate::rpc::status::reason_of;

    async fn answer<F>(handler: fn(Request<Body>) -> F) -> Response<Body>
    where
        F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    {
        PanicLayer
            .layer(tower::service_fn(handler))
            .oneshot(Request::new(Body::empty()))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_panic_before_the_first_poll_is_caught_too() {
        let response = answer(|_| -> std::future::Ready<_> { panic!("before") }).await;
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(
            (status.code(), reason_of(&status).as_deref()),
            (Code::Internal, Some("INTERNAL"))
        );
    }

    #[tokio::test]
    async fn a_stream_that_panics_ends_with_internal() {
        let response = answer(|_| async {
            let stream =
                futures::stream::poll_fn(|_| -> Poll<Option<Result<Frame<_>, Status>>> { panic!("within") });
            Ok(Response::new(Body::new(StreamBody::new(stream))))
        });
        let collected = response.await.into_body().collect().await.unwrap();
        let status = Status::from_header_map(collected.trailers().unwrap()).unwrap();
        assert_eq!(
            (status.code(), reason_of(&status).as_deref()),
            (Code::Internal, Some("INTERNAL"))
        );
    }
}
