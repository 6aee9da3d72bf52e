//! Puts the service together and runs it.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tenantry_common::rpc::server::{Frame, Readiness, ServeError, serve};
use tenantry_proto::auth::v1::{
    admin_provisioning_service_server::SERVICE_NAME as PROVISIONING_SERVICE,
    auth_service_server::SERVICE_NAME as AUTH_SERVICE,
};
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    config::Config,
    environment::{Environment, RunError},
    parts::Parts,
    starting::Starting,
    store::Store,
};

/// Runs auth-service until `shutdown` is over and the calls under way are answered.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    run_in(config, Environment::default(), listener, shutdown).await
}

/// Runs auth-service in surroundings of the caller's choice.
///
/// # Errors
/// [`RunError`].
pub async fn run_in(
    config: Config,
    environment: Environment,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let settings = config.checked()?;
    let (auth, provisioning) = (Starting::default(), Starting::default());
    let routes = Routes::new(auth.clone()).add_service(provisioning.clone());
    let readiness = Arc::new(StoreAnswers::default());
    let frame = Frame {
        settings: settings.server.clone(),
        services: vec![AUTH_SERVICE, PROVISIONING_SERVICE],
        readiness: Arc::clone(&readiness) as Arc<dyn Readiness>,
        ids: Arc::clone(&environment.ids),
    };
    let start = async {
        let parts = Parts::prepare(settings, environment).await?;
        auth.begin(parts.auth_service());
        provisioning.begin(parts.provisioning_service());
        readiness.0.get_or_init(|| parts.store());
        Ok::<_, RunError>(())
    };
    let serving = serve(frame, routes, listener, shutdown);
    serve_while(serving, start).await
}

/// Serves from the beginning, so that health can tell that the store does not answer yet; a start that fails ends it.
async fn serve_while(
    serving: impl Future<Output = Result<(), ServeError>>,
    start: impl Future<Output = Result<(), RunError>>,
) -> Result<(), RunError> {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        started = start => started?,
    }
    Ok(serving.await?)
}

/// Ready is who has a store, and one that answers.
#[derive(Default)]
struct StoreAnswers(OnceLock<Arc<dyn Store>>);

#[async_trait]
impl Readiness for StoreAnswers {
    async fn ready(&self) -> bool {
        match self.0.get() {
            Some(store) => store.ping().await.is_ok(),
            None => false,
        }
    }
}
