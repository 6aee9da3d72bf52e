//! The binary, and the secrets that it was given.

use std::{collections::BTreeMap, fs};

use tempfile::TempDir;
use tenantry_common::testing::{Canaries, ServerProcess};
use tenantry_proto::auth::v1::{
    ActivateAdminRequest, GateState, LoginRequest, LoginResponse, PrepareAdminRequest,
    SetOrganizationGateRequest, admin_provisioning_service_client::AdminProvisioningServiceClient,
    auth_service_client::AuthServiceClient,
};
use tonic::{Request, body::Body, transport::Channel};
use tower::ServiceExt;

use crate::harness::{Person, with_metadata};

pub const OPERATOR: &str = "operator@example.com";

/// The server with all of its secrets in files, and those secrets.
pub struct Scene {
    pub canaries: Canaries,
    pub process: ServerProcess,
    pub channel: Channel,
    credential: String,
    pub operator_password: String,
    _directory: TempDir,
}

impl Scene {
    pub fn start(store: &str) -> Self {
        let mut canaries = Canaries::default();
        let directory = tempfile::tempdir().unwrap();
        let mut files = BTreeMap::new();
        for (name, setting) in [
            ("pepper", "AUTH_PEPPER_FILE"),
            ("previous-pepper", "AUTH_PREVIOUS_PEPPERS_FILE"),
            ("credential", "SERVICE_CREDENTIAL_FILE"),
            ("operator-password", "AUTH_OPERATOR_PASSWORD_FILE"),
        ] {
            let secret = canaries.plant(name, format!("canary-{name}-0123456789abcdef0123456789"));
            let file = directory.path().join(name);
            fs::write(&file, &secret).unwrap();
            files.insert(setting, (file.display().to_string(), secret));
        }
        let mut environment = vec![
            ("AUTH_LISTEN", "127.0.0.1:0"),
            ("AUTH_STORE", store),
            ("AUTH_BCRYPT_COST", "10"),
            ("AUTH_OPERATOR_EMAIL", OPERATOR),
            ("AUTH_LOGIN_EMAIL_LIMIT", "8/10m"),
            ("REQUEST_TIMEOUT", "10m"),
            ("LOG_LEVEL", "trace"),
        ];
        environment.extend(files.iter().map(|(setting, (file, _))| (*setting, file.as_str())));
        let output = directory.path().join("output");
        let process = ServerProcess::start(env!("CARGO_BIN_EXE_auth-service"), &environment, &output);
        let channel = process.channel();
        Self {
            canaries,
            process,
            channel,
            credential: files["SERVICE_CREDENTIAL_FILE"].1.clone(),
            operator_password: files["AUTH_OPERATOR_PASSWORD_FILE"].1.clone(),
            _directory: directory,
        }
    }

    pub fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    fn internal<T>(&self, message: T) -> Request<T> {
        with_metadata(message, &[("tenantry-service-credential", &self.credential)])
    }

    pub async fn login(&mut self, email: &str, password: &str) -> LoginResponse {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
        };
        let login = self.auth().login(request).await.unwrap().into_inner();
        self.canaries.plant_token("an access token", &login.access_token);
        self.canaries.plant_token("a refresh token", &login.refresh_token);
        login
    }

    /// An admin with this password.
    pub async fn admit(&self, person: &Person, password: &str) {
        let mut client = AdminProvisioningServiceClient::new(self.channel.clone());
        let prepare = PrepareAdminRequest {
            password: password.to_owned(),
            ..person.prepare()
        };
        client.prepare_admin(self.internal(prepare)).await.unwrap();
        let admin_id = person.admin_id.clone();
        client
            .activate_admin(self.internal(ActivateAdminRequest { admin_id }))
            .await
            .unwrap();
        let open = SetOrganizationGateRequest {
            organization_id: person.organization_id.clone(),
            epoch: 1,
            state: GateState::Open.into(),
        };
        client.set_organization_gate(self.internal(open)).await.unwrap();
    }

    /// Sends what need not be a message, with this `authorization`.
    pub async fn send(&self, path: &str, authorization: &str, message: &str) {
        let length = char::from(u8::try_from(message.len()).unwrap());
        assert!(length.is_ascii(), "one byte in UTF-8");
        let request = http::Request::post(format!("/auth.v1.{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", authorization)
            .body(Body::new(format!("\0\0\0\0{length}{message}")))
            .unwrap();
        self.channel.clone().oneshot(request).await.unwrap();
    }
}
