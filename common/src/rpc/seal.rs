//! The last hand on every answer: no error leaves without `google.rpc.ErrorInfo`, and none with tonic's own words.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;
use tower::{Layer, Service};

use super::{
    limits::MAX_MESSAGE_BYTES,
    status::{Failure, reason},
};

/// How tonic and prost begin what they say of a request that they cannot read.
const UNREADABLE: [&str; 5] = [
    "failed to decode Protobuf message",
    "protocol error: received message with",
    "Unexpected EOF decoding stream",
    "Missing request message",
    "Error decompressing",
];
/// How tonic begins what it says of a message above the limit.
const TOO_LARGE: &str = "Error, decoded message length too large";
/// How tonic begins what it says of a compression that it was not told to accept.
const COMPRESSED: &str = "Content is compressed";
/// Longest method name that is repeated to the caller.
const METHOD_MAX: usize = 200;

/// Gives errors that were made by the libraries our code, reason and text; the others pass as they are.
#[derive(Clone, Copy, Debug)]
pub struct SealLayer;

impl<S> Layer<S> for SealLayer {
    type Service = Seal<S>;

    fn layer(&self, inner: S) -> Seal<S> {
        Seal { inner }
    }
}

/// The service that [`SealLayer`] makes.
#[derive(Clone, Debug)]
pub struct Seal<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Seal<S>
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
        let path = request.uri().path().to_owned();
        let call = self.inner.call(request);
        Box::pin(async move { Ok(sealed(call.await?, path)) })
    }
}

fn sealed(mut response: Response<Body>, path: String) -> Response<Body> {
    if response.headers().contains_key(Status::GRPC_STATUS) {
        seal(response.headers_mut(), &path);
        return response;
    }
    if response.status() != StatusCode::OK {
        return Status::from(Failure::internal(&format!("HTTP status {}", response.status()))).into_http();
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| match frame.into_trailers() {
            Ok(mut trailers) => {
                seal(&mut trailers, &path);
                Frame::trailers(trailers)
            }
            Err(data) => data,
        }))
    })
}

/// Replaces a status without ErrorInfo, in headers or trailers, by one of ours.
fn seal(headers: &mut HeaderMap, path: &str) {
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    if status.code() == Code::Ok || status.get_details_error_info().is_some() {
        return;
    }
    let ours = Status::from(translated(&status, path));
    headers.remove(Status::GRPC_MESSAGE);
    headers.remove(Status::GRPC_STATUS_DETAILS);
    if let Err(error) = ours.add_header(headers) {
        tracing::error!(%error, "a status cannot be written");
    }
}

fn translated(status: &Status, path: &str) -> Failure {
    let text = status.message();
    match status.code() {
        Code::Unimplemented if text.starts_with(COMPRESSED) => {
            let text = "compressed messages are not taken; send them as they are";
            Failure::new(Code::Unimplemented, reason::MALFORMED_REQUEST, text)
        }
        Code::Unimplemented => {
            let method: String = path.trim_start_matches('/').chars().take(METHOD_MAX).collect();
            let text = format!("there is no method {method} on this server");
            Failure::new(Code::Unimplemented, reason::METHOD_UNKNOWN, text)
        }
        Code::OutOfRange if text.starts_with(TOO_LARGE) => {
            let text = format!("the message is larger than {MAX_MESSAGE_BYTES} bytes");
            Failure::new(Code::ResourceExhausted, reason::REQUEST_TOO_LARGE, text)
        }
        Code::Internal if UNREADABLE.iter().any(|beginning| text.starts_with(beginning)) => {
            let text = "the message cannot be read: it is not protobuf, or a string in it is not UTF-8";
            Failure::new(Code::InvalidArgument, reason::MALFORMED_REQUEST, text)
        }
        code if is_librarys(path) => Failure::new(code, reason::INVALID_FIELDS, text),
        code => Failure::internal(&format!("{code:?} without a reason: {text}")),
    }
}

/// Whether a library's service answers on this path: health and reflection choose their own codes and texts.
fn is_librarys(path: &str) -> bool {
    path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.")
}
