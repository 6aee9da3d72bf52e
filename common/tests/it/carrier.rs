//! A service that does what its caller says, in the frame, on a port of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use tenantry_common::{
    id::SystemIds,
    rpc::{
        client::CallContext,
        limits::MAX_MESSAGE_BYTES,
        server::{Frame, Readiness, ServeError, ServerSettings, serve},
        status::{Failure, reason},
    },
};
use tenantry_proto::auth::v1::{
    auth_service_client::AuthServiceClient,
    auth_service_server::{AuthService, AuthServiceServer, SERVICE_NAME},
    *,
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Response, Status,
    service::Routes,
    transport::{Channel, Endpoint},
};

/// Longest that anything may take that should take no time.
pub const SOON: Duration = Duration::from_secs(10);

/// Told when a handler begins to wait, may go on, and is dropped.
#[derive(Default)]
pub struct Stage {
    pub waiting: Notify,
    pub go_on: Notify,
    pub dropped: Notify,
}

struct TellDrop(Arc<Stage>);

impl Drop for TellDrop {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

struct Carrier(Arc<Stage>);

impl Carrier {
    /// Does what the e-mail says.
    async fn carry(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let context = CallContext::of_request(&request);
        let answer = |text: String| {
            Ok(Response::new(LoginResponse {
                access_token: text,
                ..LoginResponse::default()
            }))
        };
        match request.get_ref().email.as_str() {
            "wait" => {
                let _tell = TellDrop(Arc::clone(&self.0));
                self.0.waiting.notify_one();
                self.0.go_on.notified().await;
                answer("done".to_owned())
            }
            "panic" => panic!("the cause is secret"),
            "panic later" => {
                tokio::task::yield_now().await;
                panic!("the cause is secret")
            }
            "bare error" => Err(Status::internal("the cause is secret")),
            "own error" => Err(Status::from(
                Failure::new(Code::AlreadyExists, "EMAIL_TAKEN", "taken")
                    .metadata("email", "a@b")
                    .retry_after(SOON),
            )),
            "request id" => answer(context.request_id.to_string()),
            "remaining" => answer(context.deadline.remaining().as_millis().to_string()),
            "traceparent" => {
                let passed_on = context.request(());
                answer(
                    passed_on
                        .metadata()
                        .get("traceparent")
                        .map_or("none", |v| v.to_str().unwrap())
                        .to_owned(),
                )
            }
            "principal" => {
                tracing::Span::current().record("principal", "ada-1");
                answer(String::new())
            }
            other => answer(other.to_owned()),
        }
    }
}

macro_rules! carries_logins {
    ($($rpc:ident($request:ident) -> $response:ident,)+) => {
        #[async_trait]
        impl AuthService for Carrier {
            async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
                self.carry(request).await
            }

            async fn get_current_admin(
                &self,
                _: Request<GetCurrentAdminRequest>,
            ) -> Result<Response<GetCurrentAdminResponse>, Status> {
                Err(Failure::new(Code::NotFound, reason::INVALID_FIELDS, "no").into())
            }

            $(async fn $rpc(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Ok(Response::new($response::default()))
            })+
        }
    };
}

carries_logins! {
    refresh_token(RefreshTokenRequest) -> RefreshTokenResponse,
    validate_token(ValidateTokenRequest) -> ValidateTokenResponse,
    logout(LogoutRequest) -> LogoutResponse,
    list_sessions(ListSessionsRequest) -> ListSessionsResponse,
    revoke_session(RevokeSessionRequest) -> RevokeSessionResponse,
    revoke_all_sessions(RevokeAllSessionsRequest) -> RevokeAllSessionsResponse,
    change_password(ChangePasswordRequest) -> ChangePasswordResponse,
    update_admin(UpdateAdminRequest) -> UpdateAdminResponse,
    set_admin_password(SetAdminPasswordRequest) -> SetAdminPasswordResponse,
    import_password_hash(ImportPasswordHashRequest) -> ImportPasswordHashResponse,
    get_json_web_key_set(GetJsonWebKeySetRequest) -> GetJsonWebKeySetResponse,
}

struct Ready;

#[async_trait]
impl Readiness for Ready {
    async fn ready(&self) -> bool {
        true
    }
}

/// A server that runs until it is stopped or dropped.
pub struct Running {
    pub address: SocketAddr,
    pub stage: Arc<Stage>,
    pub serving: JoinHandle<Result<(), ServeError>>,
    stop: CancellationToken,
}

impl Running {
    pub async fn start() -> Self {
        Self::start_with(ServerSettings::default()).await
    }

    pub async fn start_with(settings: ServerSettings) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings)
    }

    pub fn start_on(listener: TcpListener, settings: ServerSettings) -> Self {
        crate::logs::keep();
        let (stage, stop) = (Arc::new(Stage::default()), CancellationToken::new());
        let service =
            AuthServiceServer::new(Carrier(Arc::clone(&stage))).max_decoding_message_size(MAX_MESSAGE_BYTES);
        let frame = Frame {
            settings,
            services: vec![SERVICE_NAME],
            readiness: Arc::new(Ready),
            ids: Arc::new(SystemIds),
        };
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(
            frame,
            Routes::new(service),
            listener,
            stop.clone().cancelled_owned(),
        ));
        Self {
            address,
            stage,
            serving,
            stop,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url())
            .unwrap()
            .timeout(SOON)
            .connect()
            .await
            .unwrap()
    }

    pub async fn client(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel().await)
    }

    /// What SIGTERM does.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the end, which must come soon.
    pub async fn ended(&mut self) {
        tokio::time::timeout(SOON, &mut self.serving)
            .await
            .expect("it does not end")
            .unwrap()
            .unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn login(says: &str) -> LoginRequest {
    LoginRequest {
        email: says.to_owned(),
        password: "hunter2 hunter2".to_owned(),
    }
}
