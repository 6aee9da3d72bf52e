//! What the compose file starts, without containers: the two binaries, each a process with settings from its
//! environment, over one MongoDB.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use tempfile::TempDir;
use tenantry_common::testing::{MongoTest, mongo};
use tenantry_proto::{
    auth::v1::{LoginRequest, auth_service_client::AuthServiceClient},
    organization::v1::{
        AdminCredentials, CreateOrganizationRequest, DeleteOrganizationRequest, GetOrganizationRequest,
        Organization, UpdateOrganizationRequest, delete_organization_request, get_organization_request,
        organization_service_client::OrganizationServiceClient,
    },
};
use tonic::{Request, transport::Channel};

const CREDENTIAL: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
const PASSWORD: &str = "correct horse battery staple";

/// A server's process. Dropped, it is killed.
struct Running {
    process: Child,
    binary: PathBuf,
    url: String,
}

impl Running {
    fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let binary = binary(name);
        let mut process = Command::new(&binary)
            .env_clear()
            .envs(environment.iter().copied())
            .env("LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = process.stderr.take().unwrap();
        let mut running = Self {
            process,
            binary,
            url: String::new(),
        };
        running.url = format!("http://{}", await_address(log));
        running
    }

    /// What the health command says of the server.
    fn health(&self) -> bool {
        let health = Command::new(&self.binary)
            .args(["health", "--address", &self.url])
            .output();
        health.unwrap().status.success()
    }

    /// Stops it as a container engine does.
    fn stop(&mut self) -> bool {
        let process = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &process])
                .status()
                .unwrap()
                .success()
        );
        self.process.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary beside the tests' own, where `cargo test --workspace` puts it.
fn binary(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let binary = tests.ancestors().nth(2).unwrap().join(name);
    assert!(
        binary.is_file(),
        "{} is not there: `cargo build --bin {name}`",
        binary.display()
    );
    binary
}

/// Where the server listens, as soon as it does and can do its work. What it logs later is read and dropped.
fn await_address(log: ChildStderr) -> String {
    let mut lines = BufReader::new(log).lines().map(|line| line.unwrap());
    let (mut address, mut seen) = (None, Vec::new());
    for line in lines.by_ref() {
        let event = serde_json::from_str::<serde_json::Value>(&line).unwrap_or_default();
        match event["msg"].as_str() {
            Some("listening") => address = event["address"].as_str().map(str::to_owned),
            Some("ready") => break,
            _ => {}
        }
        seen.push(line);
    }
    thread::spawn(move || lines.for_each(drop));
    address.unwrap_or_else(|| panic!("the server did not start:\n{}", seen.join("\n")))
}

/// Both servers and what they stand on.
struct Topology {
    auth: Running,
    org: Running,
    _databases: [MongoTest; 2],
    _secrets: TempDir,
}

impl Topology {
    async fn start() -> Option<Self> {
        let databases = [mongo().await?, mongo().await?];
        let secrets = tempfile::tempdir().unwrap();
        let credential = secrets.path().join("service-credential.txt");
        fs::write(&credential, format!("{CREDENTIAL}\n")).unwrap();
        let [auth_store, org_store] = databases
            .each_ref()
            .map(|database| database.url().expose().to_owned());
        let credential = ("SERVICE_CREDENTIAL_FILE", credential.to_str().unwrap());
        let auth = Running::start(
            "auth-service",
            &[
                credential,
                ("AUTH_LISTEN", "127.0.0.1:0"),
                ("AUTH_STORE", &auth_store),
                ("AUTH_BCRYPT_COST", "10"),
            ],
        );
        let org = Running::start(
            "org-service",
            &[
                credential,
                ("ORG_LISTEN", "127.0.0.1:0"),
                ("ORG_STORE", &org_store),
                ("ORG_AUTH_URL", &auth.url),
            ],
        );
        Some(Self {
            auth,
            org,
            _databases: databases,
            _secrets: secrets,
        })
    }
}

async fn create(client: &mut OrganizationServiceClient<Channel>) -> Organization {
    let request = CreateOrganizationRequest {
        name: "Acme, Inc.".into(),
        admin: Some(AdminCredentials {
            email: "ada@acme.example".into(),
            password: PASSWORD.into(),
        }),
        ..Default::default()
    };
    client
        .create_organization(request)
        .await
        .unwrap()
        .into_inner()
        .organization
        .unwrap()
}

/// Puts the token of the organization's admin into requests.
async fn login(auth_url: &str) -> String {
    let mut client = AuthServiceClient::connect(auth_url.to_owned()).await.unwrap();
    let request = LoginRequest {
        email: "ada@acme.example".into(),
        password: PASSWORD.into(),
    };
    let token = client.login(request).await.unwrap().into_inner().access_token;
    format!("Bearer {token}")
}

fn bearing<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", token.parse().unwrap());
    request
}

#[tokio::test]
async fn two_processes_and_a_mongodb_take_an_organization_from_create_to_delete() {
    let Some(mut topology) = Topology::start().await else {
        return;
    };
    assert!(topology.auth.health() && topology.org.health());

    let mut client = OrganizationServiceClient::connect(topology.org.url.clone())
        .await
        .unwrap();
    let created = create(&mut client).await;
    assert_eq!(created.handle, "acme_inc");
    let token = login(&topology.auth.url).await;

    let id = || created.id.clone();
    let get = GetOrganizationRequest {
        organization: Some(get_organization_request::Organization::Id(id())),
    };
    let got = client
        .get_organization(bearing(&token, get))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(got.organization, Some(created.clone()));

    let renamed = Organization {
        name: "Bolt".into(),
        ..created.clone()
    };
    let mask = prost_types::FieldMask {
        paths: vec!["name".into()],
    };
    let update = UpdateOrganizationRequest {
        organization: Some(renamed),
        update_mask: Some(mask),
        etag: created.etag.clone(),
    };
    let renamed = client
        .update_organization(bearing(&token, update))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(renamed.organization.unwrap().handle, "bolt");

    let delete = DeleteOrganizationRequest {
        organization: Some(delete_organization_request::Organization::Id(id())),
        ..Default::default()
    };
    let deleted = client
        .delete_organization(bearing(&token, delete))
        .await
        .unwrap()
        .into_inner();
    assert!(deleted.organization.unwrap().delete_time.is_some());

    assert!(topology.org.stop() && topology.auth.stop());
}
