//! Puts the service together and runs it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::{FutureExt, future::Shared};
use tenantry_common::{
    clock::{Clock, SystemClock},
    config::{ServiceCredential, SettingError},
    id::{Ids, SystemIds},
    rpc::server::{Frame, MAX_MESSAGE_BYTES, Readiness, ServeError, serve},
};
use tenantry_proto::auth::v1::{
    admin_provisioning_service_server::{
        AdminProvisioningServiceServer, SERVICE_NAME as PROVISIONING_SERVICE,
    },
    auth_service_server::{AuthServiceServer, SERVICE_NAME as AUTH_SERVICE},
};
use tokio::net::TcpListener;
use tonic::service::{LayerExt, Routes};

use crate::{
    activate_admin::ActivateAdmin,
    cancel_admin::CancelAdmin,
    config::{Config, Settings, TokenTerms},
    current_admin::CurrentAdmin,
    domain::AccessTokens,
    grpc::{Auth, AuthenticationLayer, Provisioning, ServiceCredentialLayer},
    hashing::HashingPool,
    key::{self, KeyError},
    login::Login,
    operator::{self, OperatorError},
    passwords::{HashError, Passwords},
    prepare_admin::PrepareAdmin,
    set_gate::SetGate,
    store::{OpenStoreError, Store, open},
    validate_token::ValidateToken,
};

/// Time for the few hashes that are made before the server serves.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What the service takes from its surroundings.
#[derive(Clone)]
pub struct Environment {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids, salts and other random bytes come from.
    pub ids: Arc<dyn Ids>,
}

impl Default for Environment {
    /// The host's clock and random numbers.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        }
    }
}

/// Why the service does not run, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenStoreError),
    /// The hashing threads cannot be started.
    #[error("the hashing threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
    /// The dummy hash could not be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no usable signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operator cannot be set up.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The server failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

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
    let shutdown = shutdown.shared();
    let Some((frame, routes)) = until(&shutdown, prepare(config, environment)).await.transpose()? else {
        return Ok(());
    };
    Ok(serve(frame, routes, listener, shutdown).await?)
}

/// What `work` comes to, or None when `shutdown` is over first.
async fn until<T>(shutdown: &Shared<impl Future<Output = ()>>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = shutdown.clone() => None,
    }
}

/// Everything that comes before the first call.
async fn prepare(config: Config, environment: Environment) -> Result<(Frame, Routes), RunError> {
    let Settings {
        store,
        store_cache_mib,
        scheme,
        hash_threads,
        hash_queue,
        tokens: TokenTerms {
            issuer,
            audience,
            lifetime,
        },
        operator,
        credential,
        server,
    } = config.checked()?;
    let Environment { clock, ids } = environment;
    let deadline = Instant::now() + START_TIMEOUT;
    let pool = HashingPool::start(hash_threads, hash_queue)?;
    let passwords = Arc::new(Passwords::new(scheme, pool, Arc::clone(&ids), deadline).await?);
    let store = open(store, store_cache_mib).await?;
    let tokens = Arc::new(key::access_tokens(&*store, clock.now(), issuer, audience).await?);
    if let Some(operator) = operator {
        let deadline = Instant::now() + START_TIMEOUT;
        operator::ensure(&*store, &passwords, &*ids, clock.now(), operator, deadline).await?;
    }
    let parts = Parts {
        store,
        passwords,
        tokens,
        clock,
        ids,
        lifetime,
    };
    let routes = parts.routes(credential);
    let services = vec![AUTH_SERVICE, PROVISIONING_SERVICE];
    let readiness = Arc::new(StoreAnswers(parts.store));
    Ok((
        Frame {
            settings: server,
            services,
            readiness,
            ids: parts.ids,
        },
        routes,
    ))
}

/// What the use cases are made of.
struct Parts {
    store: Arc<dyn Store>,
    passwords: Arc<Passwords>,
    tokens: Arc<AccessTokens>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    lifetime: Duration,
}

impl Parts {
    fn routes(&self, credential: ServiceCredential) -> Routes {
        let validate_token = Arc::new(ValidateToken {
            store: Arc::clone(&self.store),
            tokens: Arc::clone(&self.tokens),
            clock: Arc::clone(&self.clock),
        });
        let auth = AuthServiceServer::new(self.auth(Arc::clone(&validate_token)))
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        let provisioning = AdminProvisioningServiceServer::new(self.provisioning())
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        Routes::new(AuthenticationLayer::new(validate_token).named_layer(auth))
            .add_service(ServiceCredentialLayer::new(credential).named_layer(provisioning))
    }

    fn auth(&self, validate_token: Arc<ValidateToken>) -> Auth {
        let login = Login {
            store: Arc::clone(&self.store),
            passwords: Arc::clone(&self.passwords),
            tokens: Arc::clone(&self.tokens),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            lifetime: self.lifetime,
        };
        let current_admin = CurrentAdmin {
            store: Arc::clone(&self.store),
        };
        Auth {
            login,
            validate_token,
            current_admin,
            tokens: Arc::clone(&self.tokens),
        }
    }

    fn provisioning(&self) -> Provisioning {
        let (store, clock) = (&self.store, &self.clock);
        Provisioning {
            prepare_admin: PrepareAdmin {
                store: Arc::clone(store),
                passwords: Arc::clone(&self.passwords),
                clock: Arc::clone(clock),
            },
            activate_admin: ActivateAdmin {
                store: Arc::clone(store),
                clock: Arc::clone(clock),
            },
            cancel_admin: CancelAdmin {
                store: Arc::clone(store),
                clock: Arc::clone(clock),
            },
            set_gate: SetGate {
                store: Arc::clone(store),
                clock: Arc::clone(clock),
            },
            store: Arc::clone(store),
        }
    }
}

struct StoreAnswers(Arc<dyn Store>);

#[async_trait]
impl Readiness for StoreAnswers {
    async fn ready(&self) -> bool {
        self.0.ping().await.is_ok()
    }
}
