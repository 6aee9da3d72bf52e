//! Puts the parts together and serves.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tenantry_common::{
    clock::Clock,
    config::{ServiceCredential, SettingError, service_credential},
    environment,
    id::Ids,
    password_rules::PasswordRules,
    quota::Quota,
    rpc::{
        client,
        limits::MAX_MESSAGE_BYTES,
        server::{Frame, Readiness, ServeError, ServerSettings, serve},
    },
    store::error::StoreError,
    throttle::Allowance,
};
use tenantry_proto::organization::v1::{
    maintenance_service_server::{self, MaintenanceServiceServer},
    organization_service_server::{self, OrganizationServiceServer},
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{
    service::{LayerExt, Routes},
    transport::Channel,
};

use crate::{
    admins::GrpcAdmins,
    authentication::AuthenticationLayer,
    config::{AUTH_URL, Config},
    driver::Driver,
    grpc::{MaintenanceGrpc, OrganizationGrpc, SignUp, open_methods},
    lifecycle::Policy,
    maintenance::Maintenance,
    organizations::Organizations,
    page_token::PageTokens,
    reconciler::Reconciler,
    sign_up::{SignUpLimits, SignUps},
    store::{self, LeaseTerm, Store},
};

/// How long after an uncertain command a late effect is reckoned with.
const RECHECK: Duration = Duration::from_secs(600);

/// The services that health speaks of.
const SERVICES: [&str; 2] = [
    organization_service_server::SERVICE_NAME,
    maintenance_service_server::SERVICE_NAME,
];

/// What a server takes from its surroundings.
pub type Environment = environment::Environment<dyn Store>;

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// The listener failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves until `shutdown`, then drains.
///
/// # Errors
/// [`RunError`] when the server cannot start or its listener fails.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    run_in(config, Environment::default(), listener, shutdown).await
}

/// As [`run`], with surroundings of the caller's choice.
///
/// # Errors
/// As [`run`].
pub async fn run_in(
    config: Config,
    environment: Environment,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let Config {
        listen: _,
        store: store_url,
        auth_url,
        sign_up,
        sign_up_limit: all,
        sign_up_network_limit: per_network,
        retention,
        handle_rest,
        lease,
        reconcile_interval,
        store_cache_mib,
        service_credential: credential,
        service_credential_file: credential_file,
        password_rules,
        server: settings,
    } = config;
    let Environment { clock, ids, store } = environment;

    let credential = service_credential(credential, credential_file)?;
    let (auth, admins) = auth_service(&auth_url, &credential)?;
    let store = match store {
        Some(store) => store,
        None => store::open(&store_url, store_cache_mib, Arc::clone(&clock), &*ids).await?,
    };
    #[cfg(feature = "failpoints")]
    let (store, admins) = (crate::failpoints::store(store), crate::failpoints::admins(admins));
    let sign_ups = SignUpLimits { all, per_network };
    let limits = Limits::new(sign_ups, settings.quota, &clock, &*ids);
    let tasks = TaskTracker::new();
    let driver = Arc::new(Driver {
        store: Arc::clone(&store),
        admins: Arc::new(admins),
        clock,
        policy: Policy {
            retention,
            handle_rest,
            recheck: RECHECK,
        },
        lease: LeaseTerm {
            owner: ids.uuid_v4(),
            length: lease,
        },
        ids: Arc::clone(&ids),
        tasks: tasks.clone(),
    });
    let organizations = Organizations::new(driver);
    let routes = routes(&organizations, &auth, credential, sign_up, password_rules, limits);

    let drain = Drain::new(tasks, settings.drain_timeout);
    // However this ends, nothing goes on looking for work.
    let _stopped = drain.stop.clone().drop_guard();
    drain.reconcile(organizations, reconcile_interval);
    let frame = frame(settings, store, ids);
    serve(frame, routes, listener, drain.on(shutdown)).await?;
    drain.finish().await;
    Ok(())
}

fn frame(settings: ServerSettings, store: Arc<dyn Store>, ids: Arc<dyn Ids>) -> Frame {
    Frame {
        settings,
        services: SERVICES.to_vec(),
        readiness: Arc::new(StoreAnswers(store)),
        ids,
    }
}

/// The way to auth-service, and what of it takes the service credential.
fn auth_service(url: &str, credential: &ServiceCredential) -> Result<(Channel, GrpcAdmins), SettingError> {
    let channel = client::channel(client::endpoint(AUTH_URL, url)?);
    let admins = GrpcAdmins::new(channel.clone(), credential)
        .map_err(|_| SettingError::new("SERVICE_CREDENTIAL", "must be visible ASCII characters"))?;
    Ok((channel, admins))
}

/// What counts the calls.
struct Limits {
    sign_ups: SignUps,
    quota: Arc<Quota>,
}

impl Limits {
    fn new(sign_ups: SignUpLimits, quota: Allowance, clock: &Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self {
            sign_ups: SignUps::new(sign_ups, clock, ids),
            quota: Arc::new(Quota::new(quota, Arc::clone(clock), ids)),
        }
    }
}

/// Both services, each behind the layer that asks who calls.
fn routes(
    organizations: &Organizations,
    auth: &Channel,
    credential: ServiceCredential,
    sign_up: SignUp,
    password_rules: PasswordRules,
    limits: Limits,
) -> Routes {
    let Limits { sign_ups, quota } = limits;
    let page_tokens = PageTokens::new(credential.expose().as_bytes());
    let maintenance = MaintenanceGrpc::new(Maintenance::new(organizations.clone()), page_tokens.clone());
    let maintenance = MaintenanceServiceServer::new(maintenance).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let maintenance = AuthenticationLayer::new(auth.clone(), &[], Arc::clone(&quota))
        .or_credential(credential)
        .named_layer(maintenance);
    let service = OrganizationGrpc::new(
        organizations.clone(),
        page_tokens,
        sign_up,
        sign_ups,
        password_rules,
    );
    let service = OrganizationServiceServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let service = AuthenticationLayer::new(auth.clone(), open_methods(sign_up), quota).named_layer(service);
    Routes::new(service).add_service(maintenance)
}

/// Operations whose callers are gone go on to their end, if that is near: within what the calls left of the time to
/// drain.
struct Drain {
    tasks: TaskTracker,
    limit: Duration,
    began: Arc<OnceLock<Instant>>,
    /// Ends the reconciler's passes.
    stop: CancellationToken,
}

impl Drain {
    fn new(tasks: TaskTracker, limit: Duration) -> Self {
        Self {
            tasks,
            limit,
            began: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    /// Looks for what waits until the shutdown; never, at an interval of nought.
    fn reconcile(&self, organizations: Organizations, interval: Duration) {
        if !interval.is_zero() {
            let reconciler = Reconciler::new(organizations, interval);
            self.tasks.spawn(reconciler.run(self.stop.clone()));
        }
    }

    /// `shutdown`, with its time noted.
    fn on(
        &self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (began, stop) = (Arc::clone(&self.began), self.stop.clone());
        async move {
            shutdown.await;
            began.get_or_init(Instant::now);
            stop.cancel();
        }
    }

    async fn finish(self) {
        self.tasks.close();
        let left = self
            .limit
            .saturating_sub(self.began.get_or_init(Instant::now).elapsed());
        if tokio::time::timeout(left, self.tasks.wait()).await.is_err() {
            tracing::warn!(operations = self.tasks.len(), "operations are left under way");
        }
    }
}

/// Ready is who has a store that answers.
struct StoreAnswers(Arc<dyn Store>);

#[async_trait]
impl Readiness for StoreAnswers {
    async fn ready(&self) -> bool {
        self.0.ping().await.is_ok()
    }
}
