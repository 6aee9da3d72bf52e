//! What the services are made of, and how it is put together.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tenantry_common::{
    clock::Clock, config::ServiceCredential, id::Ids, password_rules::PasswordRules, quota::Quota,
    rpc::limits::MAX_MESSAGE_BYTES,
};
use tenantry_proto::auth::v1::{
    admin_provisioning_service_server::AdminProvisioningServiceServer, auth_service_server::AuthServiceServer,
};
use tonic::service::{LayerExt, Layered};
use tower::Layer;

use crate::{
    activate_admin::ActivateAdmin,
    attempts::Attempts,
    cancel_admin::CancelAdmin,
    config::{Settings, TokenTerms},
    current_admin::CurrentAdmin,
    domain::{AccessTokens, RefreshTokens, SessionLifetimes},
    environment::{Environment, RunError},
    grpc::{Auth, AuthenticationLayer, Provisioning, ServiceCredentialLayer},
    hashing::HashingPool,
    key,
    list_admin_states::ListAdminStates,
    login::Login,
    operator,
    own_password::OwnPassword,
    passwords::Passwords,
    prepare_admin::PrepareAdmin,
    prepared_admin::PreparedAdmin,
    refresh::RefreshSession,
    replace_password::ReplacePassword,
    sessions::Sessions,
    set_gate::SetGate,
    store::{Store, open},
    token_pair::TokenIssuer,
    validate_token::ValidateToken,
};

/// Time for the few hashes that are made before the server serves.
const START_TIMEOUT: Duration = Duration::from_secs(60);

type Authenticated =
    Layered<<AuthenticationLayer as Layer<AuthServiceServer<Auth>>>::Service, AuthServiceServer<Auth>>;
type Credentialed = Layered<
    <ServiceCredentialLayer as Layer<AdminProvisioningServiceServer<Provisioning>>>::Service,
    AdminProvisioningServiceServer<Provisioning>,
>;

/// What the use cases share.
pub(crate) struct Parts {
    store: Arc<dyn Store>,
    passwords: Arc<Passwords>,
    password_rules: PasswordRules,
    attempts: Arc<Attempts>,
    quota: Arc<Quota>,
    access_tokens: Arc<AccessTokens>,
    refresh_tokens: Arc<RefreshTokens>,
    token_lifetime: Duration,
    session_lifetimes: SessionLifetimes,
    credential: ServiceCredential,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Parts {
    /// Does everything that comes before the first call.
    pub(crate) async fn prepare(settings: Settings, environment: Environment) -> Result<Self, RunError> {
        let Settings {
            store: store_url,
            store_cache_mib,
            scheme,
            password_rules,
            hash_threads,
            hash_queue,
            tokens:
                TokenTerms {
                    issuer,
                    audience,
                    lifetime: token_lifetime,
                },
            session_lifetimes,
            attempt_limits,
            operator,
            credential,
            server,
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
        let passwords = Passwords::new(scheme, pool, Arc::clone(&ids), deadline).await?;
        let now = clock.now();
        let access_tokens = key::access_tokens(&*store, now, issuer, audience).await?;
        let refresh_tokens = key::refresh_tokens(&*store, now, &*ids).await?;
        if let Some(operator) = operator {
            let deadline = Instant::now() + START_TIMEOUT;
            operator::ensure(&*store, &passwords, &*ids, now, operator, deadline).await?;
        }
        Ok(Self {
            store,
            passwords: Arc::new(passwords),
            password_rules,
            attempts: Arc::new(Attempts::new(attempt_limits, &clock, &*ids)),
            quota: Arc::new(Quota::new(server.quota, Arc::clone(&clock), &*ids)),
            access_tokens: Arc::new(access_tokens),
            refresh_tokens: Arc::new(refresh_tokens),
            token_lifetime,
            session_lifetimes,
            credential,
            clock,
            ids,
        })
    }

    /// The store, to ask whether it answers.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// AuthService behind the layer that asks who calls.
    pub(crate) fn auth_service(&self) -> Authenticated {
        let validate_token = Arc::new(ValidateToken {
            store: self.store(),
            tokens: Arc::clone(&self.access_tokens),
            clock: Arc::clone(&self.clock),
        });
        let auth = AuthServiceServer::new(self.auth(Arc::clone(&validate_token)))
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        AuthenticationLayer::new(validate_token, Arc::clone(&self.quota)).named_layer(auth)
    }

    /// AdminProvisioningService behind the layer that asks for the service credential.
    pub(crate) fn provisioning_service(&self) -> Credentialed {
        let provisioning = AdminProvisioningServiceServer::new(self.provisioning())
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        ServiceCredentialLayer::new(self.credential.clone()).named_layer(provisioning)
    }

    fn auth(&self, validate_token: Arc<ValidateToken>) -> Auth {
        Auth {
            login: self.login(),
            refresh: RefreshSession {
                store: self.store(),
                tokens: Arc::clone(&self.refresh_tokens),
                issuer: self.issuer(),
                clock: Arc::clone(&self.clock),
                lifetimes: self.session_lifetimes,
            },
            validate_token,
            current_admin: CurrentAdmin { store: self.store() },
            sessions: Sessions {
                store: self.store(),
                tokens: Arc::clone(&self.access_tokens),
                clock: Arc::clone(&self.clock),
            },
            own_password: OwnPassword {
                store: self.store(),
                passwords: Arc::clone(&self.passwords),
                attempts: Arc::clone(&self.attempts),
                clock: Arc::clone(&self.clock),
            },
            replace_password: ReplacePassword {
                store: self.store(),
                passwords: Arc::clone(&self.passwords),
                clock: Arc::clone(&self.clock),
            },
            password_rules: self.password_rules,
            tokens: Arc::clone(&self.access_tokens),
        }
    }

    fn login(&self) -> Login {
        Login {
            store: self.store(),
            passwords: Arc::clone(&self.passwords),
            attempts: Arc::clone(&self.attempts),
            issuer: self.issuer(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            lifetimes: self.session_lifetimes,
        }
    }

    fn issuer(&self) -> TokenIssuer {
        TokenIssuer {
            access_tokens: Arc::clone(&self.access_tokens),
            refresh_tokens: Arc::clone(&self.refresh_tokens),
            ids: Arc::clone(&self.ids),
            lifetime: self.token_lifetime,
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
            password_rules: self.password_rules,
        }
    }
}
