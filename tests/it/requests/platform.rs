//! Both servers in this process, over fresh embedded stores, and those who call them.

use clap::{Args, FromArgMatches};
use prost_reflect::MethodDescriptor;
use tempfile::TempDir;
use tenantry_common::{
    id::{Ids, SystemIds},
    testing::{bind, send_bytes, until_serving},
};
use tenantry_proto::{
    auth::v1::{LoginRequest, LoginResponse, ValidateTokenRequest, auth_service_client::AuthServiceClient},
    organization::v1::{
        AdminCredentials, CreateOrganizationRequest, GetOrganizationRequest, ListOrganizationsRequest,
        Organization, get_organization_request, organization_service_client::OrganizationServiceClient,
    },
};
use tonic::{Request, Status, transport::Channel};

use super::bodies::Words;

const CREDENTIAL: &str = "0123456789abcdef0123456789abcdef-test";
const OPERATOR: (&str, &str) = ("operator@platform.example", "an operator's password");
pub const PASSWORD: &str = "correct horse battery";

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Nobody,
    Owner,
    Operator,
    Service,
}

impl Caller {
    pub const ALL: [Self; 4] = [Self::Nobody, Self::Owner, Self::Operator, Self::Service];
}

/// The servers, and what is known of an organization on them.
pub struct Platform {
    auth: Channel,
    org: Channel,
    pub owner: LoginResponse,
    pub operator: LoginResponse,
    /// What a request's fields may hold so that they mean something.
    pub words: Words,
    _stores: TempDir,
}

impl Platform {
    pub async fn start() -> Self {
        let stores = tempfile::tempdir().unwrap();
        let store = |name: &str| format!("embedded:{}", stores.path().join(name).display());
        let (auth_listener, org_listener) = (bind().await, bind().await);
        let auth_url = format!("http://{}", auth_listener.local_addr().unwrap());
        let org_url = format!("http://{}", org_listener.local_addr().unwrap());
        let [auth_store, org_store] = ["auth.redb", "org.redb"].map(store);
        let auth: auth_service::Config = settings(&[
            &["--store", &auth_store, "--bcrypt-cost", "10"],
            &["--operator-email", OPERATOR.0, "--operator-password", OPERATOR.1],
            &["--login-email-limit", "0", "--login-network-limit", "0"],
        ]);
        let org: org_service::Config = settings(&[
            &["--store", &org_store, "--auth-url", &auth_url],
            &["--sign-up-limit", "0", "--sign-up-network-limit", "0"],
        ]);
        tokio::spawn(auth_service::run(auth, auth_listener, std::future::pending()));
        tokio::spawn(org_service::run(org, org_listener, std::future::pending()));
        let channel = |url: String| Channel::from_shared(url).unwrap().connect_lazy();
        let (auth, org) = (channel(auth_url), channel(org_url));
        until_serving(&auth, || false).await;
        until_serving(&org, || false).await;
        let operator = login(&auth, OPERATOR.0, OPERATOR.1).await.unwrap();
        let mut platform = Self {
            auth,
            org,
            owner: LoginResponse::default(),
            operator,
            words: Words::new(),
            _stores: stores,
        };
        // Two organizations: the first page of one has a successor.
        platform.create().await;
        platform.create().await;
        platform
    }

    /// Calls a method with bytes in the place of its message.
    pub async fn call(
        &self,
        caller: Caller,
        method: &MethodDescriptor,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Status> {
        let (key, value) = match caller {
            Caller::Nobody => return self.call_with(method, body, None).await,
            Caller::Owner => ("authorization", format!("Bearer {}", self.owner.access_token)),
            Caller::Operator => ("authorization", format!("Bearer {}", self.operator.access_token)),
            Caller::Service => ("tenantry-service-credential", CREDENTIAL.to_owned()),
        };
        self.call_with(method, body, Some((key, value))).await
    }

    /// The same with this metadata.
    pub async fn call_with(
        &self,
        method: &MethodDescriptor,
        body: Vec<u8>,
        metadata: Option<(&'static str, String)>,
    ) -> Result<Vec<u8>, Status> {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        self.call_at(method, path, body, metadata).await
    }

    /// The same at another path of the method's server.
    pub async fn call_at(
        &self,
        method: &MethodDescriptor,
        path: String,
        body: Vec<u8>,
        metadata: Option<(&'static str, String)>,
    ) -> Result<Vec<u8>, Status> {
        let mut request = Request::new(body);
        if let Some((key, value)) = metadata {
            request.metadata_mut().insert(key, value.parse().unwrap());
        }
        let channel = match method.parent_service().package_name() {
            "auth.v1" => &self.auth,
            "organization.v1" => &self.org,
            other => panic!("no server for {other}"),
        };
        send_bytes(channel, &path, request).await
    }

    /// Sees to it that owner and operator may call: a new organization, a new login where it must be.
    pub async fn freshen(&mut self) {
        if !self.may_call(&self.operator).await {
            self.operator = login(&self.auth, OPERATOR.0, OPERATOR.1).await.unwrap();
        }
        if !self.may_call(&self.owner).await || !self.is_active().await {
            self.create().await;
        }
    }

    async fn may_call(&self, login: &LoginResponse) -> bool {
        let request = ValidateTokenRequest {
            access_token: login.access_token.clone(),
        };
        let answer = AuthServiceClient::new(self.auth.clone())
            .validate_token(request)
            .await;
        answer.is_ok()
    }

    async fn is_active(&self) -> bool {
        let id = self.words["id"][0].clone();
        let request = GetOrganizationRequest {
            organization: Some(get_organization_request::Organization::Id(id)),
        };
        let request = bearer(request, &self.owner);
        let answer = OrganizationServiceClient::new(self.org.clone())
            .get_organization(request)
            .await;
        answer.is_ok()
    }

    /// Creates an organization: its owner is the owner from now on, and the words are its own.
    pub async fn create(&mut self) {
        // Names and e-mails of earlier ones may be taken for good.
        let unique = SystemIds.uuid_v4().simple();
        let email = format!("ada-{unique}@acme.example");
        let request = CreateOrganizationRequest {
            name: format!("Acme {unique}"),
            admin: Some(AdminCredentials {
                email: email.clone(),
                password: PASSWORD.to_owned(),
            }),
            request_id: SystemIds.uuid_v4().to_string(),
            ..Default::default()
        };
        let mut client = OrganizationServiceClient::new(self.org.clone());
        let created = client
            .create_organization(bearer(request.clone(), &self.operator))
            .await;
        let organization = created.unwrap().into_inner().organization.unwrap();
        self.owner = login(&self.auth, &email, PASSWORD).await.unwrap();
        let page = bearer(
            ListOrganizationsRequest {
                page_size: 1,
                ..Default::default()
            },
            &self.operator,
        );
        let page = client.list_organizations(page).await.unwrap().into_inner();
        self.words = words(&organization, &self.owner, &request, page.next_page_token);
    }

    /// That both still do their work.
    pub async fn assert_serving(&mut self) {
        for channel in [&self.auth, &self.org] {
            until_serving(channel, || false).await;
        }
        self.create().await;
        assert!(self.is_active().await);
    }
}

/// What says who it is, where, and what it may do, in fields of these names.
fn words(
    organization: &Organization,
    owner: &LoginResponse,
    create: &CreateOrganizationRequest,
    page: String,
) -> Words {
    let admin = owner.admin.clone().unwrap();
    let session = owner
        .refresh_token
        .trim_start_matches("rt_")
        .split('.')
        .next()
        .unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let organization_id = texts(&[&organization.id]);
    // An admin, too, has an `id`.
    let id = texts(&[&organization.id, &organization.id, &admin.id]);
    let passwords = texts(&[PASSWORD, "another good passphrase", "short", ""]);
    let hash = "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2";
    Words::from([
        ("id", id),
        ("organization_id", organization_id.clone()),
        ("after_organization_id", organization_id.clone()),
        ("until_organization_id", organization_id),
        ("admin_id", texts(&[&admin.id])),
        ("session_id", texts(&[session])),
        ("email", texts(&[&admin.email, "grace@acme.example"])),
        ("password", passwords.clone()),
        ("new_password", passwords.clone()),
        ("current_password", passwords),
        ("password_hash", texts(&[hash])),
        ("handle", texts(&[&organization.handle, "acme_labs"])),
        ("name", texts(&[&organization.name, "Acme Labs"])),
        (
            "collection_name",
            texts(&[&organization.collection_name, "stray_x"]),
        ),
        ("etag", texts(&[&organization.etag, ""])),
        ("request_id", texts(&[&create.request_id, ""])),
        // Of labels.
        ("key", texts(&["team", "cost_centre"])),
        ("value", texts(&["blue", ""])),
        ("page_token", vec![page, String::new()]),
        ("access_token", texts(&[&owner.access_token])),
        ("refresh_token", texts(&[&owner.refresh_token])),
        (
            "paths",
            texts(&["name", "handle", "labels", "email", "labels.team", "*"]),
        ),
    ])
}

async fn login(auth: &Channel, email: &str, password: &str) -> Result<LoginResponse, Status> {
    let request = LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let mut client = AuthServiceClient::new(auth.clone());
    client.login(request).await.map(tonic::Response::into_inner)
}

fn bearer<T>(message: T, login: &LoginResponse) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {}", login.access_token).parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

/// Settings as a command line would give them, without limits: who sends many requests is not what is looked at.
fn settings<C: Args + FromArgMatches>(flags: &[&[&str]]) -> C {
    let both = [
        "--service-credential",
        CREDENTIAL,
        "--quota",
        "0",
        "--request-timeout",
        "10m",
    ];
    let flags = flags.iter().copied().flatten().copied().chain(both);
    let command = C::augment_args(clap::Command::new("test").no_binary_name(true));
    C::from_arg_matches(&command.get_matches_from(flags)).unwrap()
}
