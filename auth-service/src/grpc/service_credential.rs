//! Who calls AdminProvisioningService: whoever has the service credential, and nobody else.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tenantry_common::{
    config::ServiceCredential,
    rpc::service_credential::{Presented, presented},
};
use tenantry_proto::auth::v1::ErrorReason;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::errors::failure;

/// Lets only calls with the service credential through.
#[derive(Clone)]
pub struct ServiceCredentialLayer {
    credential: Arc<ServiceCredential>,
}

impl ServiceCredentialLayer {
    /// A layer that asks for this credential.
    pub fn new(credential: ServiceCredential) -> Self {
        Self {
            credential: Arc::new(credential),
        }
    }
}

impl<S> Layer<S> for ServiceCredentialLayer {
    type Service = ServiceOnly<S>;

    fn layer(&self, inner: S) -> ServiceOnly<S> {
        ServiceOnly {
            inner,
            credential: Arc::clone(&self.credential),
        }
    }
}

/// The service that [`ServiceCredentialLayer`] makes.
#[derive(Clone)]
pub struct ServiceOnly<S> {
    inner: S,
    credential: Arc<ServiceCredential>,
}

impl<S> Service<Request<Body>> for ServiceOnly<S>
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
        match check(&self.credential, request.headers()) {
            Ok(()) => Box::pin(self.inner.call(request)),
            Err(status) => Box::pin(std::future::ready(Ok(status.into_http()))),
        }
    }
}

/// An admin's token opens nothing here, and its bearer is told so: that is a known caller who may not.
fn check(credential: &ServiceCredential, headers: &HeaderMap) -> Result<(), Status> {
    match presented(headers, credential) {
        Presented::Valid => return Ok(()),
        Presented::Absent | Presented::Invalid => {}
    }
    Err(if headers.contains_key(AUTHORIZATION) {
        let text = "this service is internal; an admin's token does not open it";
        failure(Code::PermissionDenied, ErrorReason::PermissionDenied, text)
    } else {
        let text = "this service is internal; the service credential is missing or wrong";
        failure(Code::Unauthenticated, ErrorReason::ServiceCredentialInvalid, text)
    }
    .into())
}
