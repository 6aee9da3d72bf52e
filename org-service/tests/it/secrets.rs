//! Whatever is logged, no secret is among it: the binary at trace level, with secrets that are looked for afterwards.

use std::fs;

use tempfile::TempDir;
use tenantry_common::testing::{self, Canaries, EmbeddedTest, ServerProcess, send_bytes};
use tenantry_proto::organization::v1::{
    self as pb, AdminCredentials, maintenance_service_client::MaintenanceServiceClient,
    organization_service_client::OrganizationServiceClient,
};
use tonic::{Code, Request, Status, transport::Channel};

use crate::harness::*;

/// The binary beside an auth-service, with its secrets in files.
struct Scene {
    canaries: Canaries,
    process: ServerProcess,
    channel: Channel,
    _directory: TempDir,
}

impl Scene {
    async fn start(store: &str, auth_url: &str) -> Self {
        let mut canaries = Canaries::default();
        canaries.plant("the service credential", CREDENTIAL);
        let directory = tempfile::tempdir().unwrap();
        let credential = directory.path().join("credential");
        fs::write(&credential, CREDENTIAL).unwrap();
        let environment = [
            ("ORG_LISTEN", "127.0.0.1:0"),
            ("ORG_STORE", store),
            ("ORG_AUTH_URL", auth_url),
            ("SERVICE_CREDENTIAL_FILE", credential.to_str().unwrap()),
            ("REQUEST_TIMEOUT", "10m"),
            ("LOG_LEVEL", "trace"),
        ];
        let output = directory.path().join("output");
        let process = ServerProcess::start(env!("CARGO_BIN_EXE_org-service"), &environment, &output);
        let channel = process.channel();
        Self {
            canaries,
            process,
            channel,
            _directory: directory,
        }
    }

    /// Creates an organization whose admin has this password.
    async fn create(&self, name: &str, password: &str) -> Result<pb::Organization, Status> {
        let request = pb::CreateOrganizationRequest {
            admin: Some(AdminCredentials {
                email: email_of(name),
                password: password.to_owned(),
            }),
            ..create_request(name)
        };
        let mut client = OrganizationServiceClient::new(self.channel.clone());
        let created = client.create_organization(request).await?;
        Ok(created.into_inner().organization.unwrap())
    }

    async fn get(&self, id: &str, authorization: &str) -> Result<(), Status> {
        let key = pb::get_organization_request::Organization::Id(id.to_owned());
        let mut request = Request::new(pb::GetOrganizationRequest {
            organization: Some(key),
        });
        request
            .metadata_mut()
            .insert("authorization", authorization.parse().unwrap());
        let mut client = OrganizationServiceClient::new(self.channel.clone());
        client.get_organization(request).await.map(drop)
    }
}

/// Creates, reads and deletes with secrets in every place that has one.
async fn use_secrets(scene: &mut Scene, platform: &Platform) {
    let mut plant = |name: &str| scene.canaries.plant(name, format!("canary {name} of Ada's"));
    let (password, other) = (plant("password"), plant("password of a create that failed"));
    let (refused, odd) = (plant("password with a NUL\0"), plant("what is no token"));
    let acme = scene.create("Acme", &password).await.unwrap();
    assert_eq!(
        scene.create("Acme", &other).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    assert_eq!(
        scene.create("Globex", &refused).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let truncated = format!("\u{1a}\u{7f}\u{12}\u{7f}{other}");
    let create = "/organization.v1.OrganizationService/CreateOrganization";
    let unreadable = send_bytes(&scene.channel, create, Request::new(truncated.into_bytes())).await;
    assert_eq!(unreadable.unwrap_err().code(), Code::InvalidArgument);

    let token = platform.login(&email_of("Acme"), &password).await.unwrap();
    scene.canaries.plant_token("an access token", &token);
    let forged = format!("{}.canary-signature-of-nobody", token.rsplit_once('.').unwrap().0);
    scene.canaries.plant_token("a forged token", &forged);
    scene.get(&acme.id, &format!("Bearer {token}")).await.unwrap();
    for authorization in [
        format!("Bearer {forged}"),
        format!("Basic {odd}"),
        odd,
        format!("Bearer  {token}"),
    ] {
        let refused = scene.get(&acme.id, &authorization).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{authorization}");
    }
    let wrong = scene
        .canaries
        .plant("a wrong credential", "canary-credential-of-somebody-else");
    let mut maintenance = MaintenanceServiceClient::new(scene.channel.clone());
    for (credential, outcome) in [(wrong, Code::Unauthenticated), (CREDENTIAL, Code::Ok)] {
        let mut request = Request::new(pb::ListFindingsRequest::default());
        request
            .metadata_mut()
            .insert("tenantry-service-credential", credential.parse().unwrap());
        let answer = maintenance.list_findings(request).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), outcome);
    }
    let key = pb::delete_organization_request::Organization::Id(acme.id);
    let delete = pb::DeleteOrganizationRequest {
        organization: Some(key),
        ..Default::default()
    };
    let mut client = OrganizationServiceClient::new(scene.channel.clone());
    client.delete_organization(bearer(&token, delete)).await.unwrap();
}

async fn nothing_that_is_logged_holds_a_secret(store: &str) {
    let mut platform = Platform::start(embedded().await.unwrap()).await;
    let auth_url = platform.auth_server.as_ref().unwrap().url.clone();
    let mut scene = Scene::start(store, &auth_url).await;
    testing::until_serving(&scene.channel, || false).await;
    use_secrets(&mut scene, &platform).await;
    // What a call says of an auth-service that is gone.
    let token = platform.operator().await;
    scene.canaries.plant_token("the operator's token", &token);
    platform.auth_server.take().unwrap().stop().await;
    let refused = scene
        .get("0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", &format!("Bearer {token}"))
        .await;
    assert_eq!(
        failure(refused),
        (Code::Unavailable, "AUTH_UNAVAILABLE".to_owned())
    );
    let command_line = scene.process.command_line();
    assert!(scene.process.stop().success());

    let said = scene.process.said();
    let expected = [
        "\"level\":\"TRACE\"",
        "organization.v1.MaintenanceService/ListFindings",
        "\"msg\":\"stopped\"",
    ];
    scene.canaries.assert_silent(&said, &expected);
    assert_eq!(scene.canaries.found_in(&command_line), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_logged_at_trace_level_holds_a_secret() {
    let test = EmbeddedTest::new();
    nothing_that_is_logged_holds_a_secret(&test.url().to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_logged_at_trace_level_on_mongodb_holds_a_secret() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    nothing_that_is_logged_holds_a_secret(test.url().expose()).await;
}

/// A MongoDB that is away: the driver and the start have much to say about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_in_a_databases_url_is_not_logged() {
    let mut canaries = Canaries::default();
    let password = canaries.plant("the database's password", "canary-of-the-database");
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let store = format!(
        "mongodb://ada:{password}@{address}/tenantry_test_nobody?directConnection=true&serverSelectionTimeoutMS=300"
    );
    let directory = tempfile::tempdir().unwrap();
    let environment = [
        ("ORG_LISTEN", "127.0.0.1:0"),
        ("ORG_STORE", store.as_str()),
        ("SERVICE_CREDENTIAL", CREDENTIAL),
        ("LOG_LEVEL", "trace"),
    ];
    let binary = env!("CARGO_BIN_EXE_org-service");
    let mut process = ServerProcess::start(binary, &environment, &directory.path().join("output"));
    process.wait_for("\"level\":\"WARN\"");
    process.stop();
    let said = process.said();
    canaries.assert_silent(&said, &["\"level\":\"TRACE\""]);
}
