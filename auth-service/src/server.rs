//! Puts the service together and runs it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
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
use tonic::service::{LayerExt, Layered, Routes};
use tower::Layer;

use crate::{
    activate_admin::ActivateAdmin,
    cancel_admin::CancelAdmin,
    config::{Config, Settings, TokenTerms},
    current_admin::CurrentAdmin,
    domain::AccessTokens,
    grpc::{Auth, AuthenticationLayer, Provisioning, ServiceCredentialLayer},
    hashing::HashingPool,
    key::{self, KeyError},
    list_admin_states::ListAdminStates,
    login::Login,
    operator::{self, OperatorError},
    passwords::{HashError, Passwords},
    prepare_admin::PrepareAdmin,
    prepared_admin::PreparedAdmin,
    set_gate::SetGate,
    starting::Starting,
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
    /// A store that is open already; otherwise the one that the settings name is opened.
    pub store: Option<Arc<dyn Store>>,
}

impl Default for Environment {
    /// The host's clock and random numbers, and the store of the settings.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            store: None,
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
        let (parts, credential) = prepare(settings, environment).await?;
        let validate_token = Arc::new(parts.validate_token());
        auth.begin(parts.auth_service(validate_token));
        provisioning.begin(parts.provisioning_service(credential));
        readiness.0.get_or_init(|| parts.store);
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

/// Everything that comes before the first call.
async fn prepare(
    settings: Settings,
    environment: Environment,
) -> Result<(Parts, ServiceCredential), RunError> {
    let Settings {
        store: store_url,
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
        server: _,
    } = settings;
    let Environment { clock, ids, store } = environment;
    let store = match store {
        Some(store) => store,
        None => open(store_url, store_cache_mib).await?,
    };
    #[cfg(feature = "failpoints")]
    let store = crate::failpoints::store(store);
    let deadline = Instant::now() + START_TIMEOUT;
    let pool = HashingPool::start(hash_threads, hash_queue)?;
    let passwords = Arc::new(Passwords::new(scheme, pool, Arc::clone(&ids), deadline).await?);
    let tokens = Arc::new(key::access_tokens(&*store, clock.now(), issuer, audience).await?);
    if let Some(operator) = operator {
        let deadline = Instant::now() + START_TIMEOUT;
        operator::ensure(&*store, &passwords, &*ids, clock.now(), operator, deadline).await?;
    }
    Ok((
        Parts {
            store,
            passwords,
            tokens,
            clock,
            ids,
            lifetime,
        },
        credential,
    ))
}

type Authenticated =
    Layered<<AuthenticationLayer as Layer<AuthServiceServer<Auth>>>::Service, AuthServiceServer<Auth>>;
type Credentialed = Layered<
    <ServiceCredentialLayer as Layer<AdminProvisioningServiceServer<Provisioning>>>::Service,
    AdminProvisioningServiceServer<Provisioning>,
>;

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
    fn validate_token(&self) -> ValidateToken {
        ValidateToken {
            store: Arc::clone(&self.store),
            tokens: Arc::clone(&self.tokens),
            clock: Arc::clone(&self.clock),
        }
    }

    fn auth_service(&self, validate_token: Arc<ValidateToken>) -> Authenticated {
        let auth = AuthServiceServer::new(self.auth(Arc::clone(&validate_token)))
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        AuthenticationLayer::new(validate_token).named_layer(auth)
    }

    fn provisioning_service(&self, credential: ServiceCredential) -> Credentialed {
        let provisioning = AdminProvisioningServiceServer::new(self.provisioning())
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        ServiceCredentialLayer::new(credential).named_layer(provisioning)
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
            prepared_admin: PreparedAdmin {
                store: Arc::clone(store),
            },
            list_admin_states: ListAdminStates {
                store: Arc::clone(store),
            },
        }
    }
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
