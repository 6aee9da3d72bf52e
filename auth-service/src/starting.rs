//! Stands for a service until the store answers and the service can be made.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::{Request, Response};
use tenantry_common::rpc::status::Failure;
use tonic::{Status, body::Body, server::NamedService};
use tower::{Service, ServiceExt};

/// A service that answers UNAVAILABLE `STORE_UNAVAILABLE` until it is made.
pub(crate) struct Starting<S> {
    made: Arc<OnceLock<S>>,
}

impl<S> Starting<S> {
    /// Hands calls to `service` from now on; the first one counts.
    pub(crate) fn begin(&self, service: S) {
        self.made.get_or_init(|| service);
    }
}

impl<S> Default for Starting<S> {
    fn default() -> Self {
        Self { made: Arc::default() }
    }
}

impl<S> Clone for Starting<S> {
    fn clone(&self) -> Self {
        Self {
            made: Arc::clone(&self.made),
        }
    }
}

impl<S: NamedService> NamedService for Starting<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Starting<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.made.get() {
            Some(service) => Box::pin(service.clone().oneshot(request)),
            None => Box::pin(async {
                let failure = Failure::store_unavailable(&"the server is starting");
                Ok(Status::from(failure).into_http())
            }),
        }
    }
}
