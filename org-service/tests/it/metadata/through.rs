//! An address before auth-service that writes down what comes.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use http::HeaderMap;
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{
    Status,
    body::Body,
    server::NamedService,
    service::Routes,
    transport::{Channel, Server, server::TcpIncoming},
};

use crate::harness::connect;

/// What came to auth-service: paths and headers.
pub type Came = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// Writes down what comes, and passes it on.
#[derive(Clone)]
struct Through {
    auth: Channel,
    came: Came,
}

/// One of auth-service's services, as far as its name goes.
macro_rules! named {
    ($($service:ident = $name:literal,)+) => {$(
        #[derive(Clone)]
        struct $service(Through);

        impl NamedService for $service {
            const NAME: &'static str = $name;
        }

        impl tower::Service<http::Request<Body>> for $service {
            type Response = http::Response<Body>;
            type Error = Infallible;
            type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<Body>) -> Self::Future {
                let Through { auth, came } = self.0.clone();
                came.lock().unwrap().push((request.uri().path().to_owned(), request.headers().clone()));
                Box::pin(async move {
                    let answer = tower::ServiceExt::oneshot(auth, request).await;
                    Ok(answer.unwrap_or_else(|error| Status::unavailable(error.to_string()).into_http()))
                })
            }
        }
    )+};
}

named! {
    Validation = "auth.v1.AuthService",
    Provisioning = "auth.v1.AdminProvisioningService",
}

/// An address that leads to whatever auth-service is put behind it.
pub async fn listening(auth: oneshot::Receiver<String>) -> (String, Came) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let came = Came::default();
    let written = Arc::clone(&came);
    tokio::spawn(async move {
        let auth = connect(&auth.await.unwrap()).await;
        let through = Through { auth, came: written };
        let routes = Routes::new(Validation(through.clone())).add_service(Provisioning(through));
        Server::builder()
            .add_routes(routes)
            .serve_with_incoming(TcpIncoming::from(listener))
            .await
    });
    (url, came)
}
