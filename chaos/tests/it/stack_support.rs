//! Stacks for tests, and a client of theirs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use tenantry_chaos::stack::{Binaries, Setup, Stack, Store};
use tenantry_common::id::{Ids, SystemIds};
use tenantry_proto::organization::v1::{
    AdminCredentials, CreateOrganizationRequest, organization_service_client::OrganizationServiceClient,
};
use tonic::{Request, Status, transport::Channel};

/// Long enough for every answer and every recovery here.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The servers with failpoints, in the directory that TENANTRY_CHAOS_BINARIES names; where it names none they are built
/// once, and copied to where those without do not replace them.
pub fn binaries() -> Binaries {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    Binaries::within(
        DIRECTORY.get_or_init(|| match std::env::var_os("TENANTRY_CHAOS_BINARIES") {
            Some(named) => named.into(),
            None => build(),
        }),
    )
}

fn build() -> PathBuf {
    let features = "auth-service/failpoints,org-service/failpoints";
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "auth-service", "-p", "org-service"])
        .args(["--features", features])
        .status();
    assert!(built.unwrap().success());
    let beside = Path::new(env!("CARGO_BIN_EXE_chaos")).parent().unwrap();
    let aside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failpoints");
    std::fs::create_dir_all(&aside).unwrap();
    for server in ["auth-service", "org-service"] {
        let _ = std::fs::remove_file(aside.join(server));
        std::fs::copy(beside.join(server), aside.join(server)).unwrap();
    }
    aside
}

/// A stack that runs.
pub async fn start(store: Store, replicas: usize) -> Stack {
    let setup = Setup {
        binaries: binaries(),
        store,
        replicas,
        seeded_bug: None,
    };
    Stack::start(setup).await.unwrap()
}

/// A create by way of the first org-service; its request id makes it safe to repeat.
pub struct Create {
    channel: Channel,
    request: CreateOrganizationRequest,
}

impl Create {
    pub fn of(stack: &Stack, handle: &str) -> Self {
        let url = stack.org_urls().remove(0);
        let request = CreateOrganizationRequest {
            name: handle.to_owned(),
            handle: handle.to_owned(),
            admin: Some(AdminCredentials {
                email: format!("{handle}@example.com"),
                password: "correct horse battery staple".to_owned(),
            }),
            request_id: SystemIds.uuid_v4().to_string(),
            ..CreateOrganizationRequest::default()
        };
        Self {
            channel: Channel::from_shared(url).unwrap().connect_lazy(),
            request,
        }
    }

    /// The organization's id.
    pub async fn call(&self) -> Result<String, Status> {
        let mut request = Request::new(self.request.clone());
        request.set_timeout(Duration::from_secs(5));
        let answer = OrganizationServiceClient::new(self.channel.clone())
            .create_organization(request)
            .await?;
        Ok(answer.into_inner().organization.unwrap().id)
    }
}

/// Waits until all is done, and finds nothing wrong.
pub async fn is_sound(stack: &mut Stack) -> Duration {
    let took = stack.until_sound(PATIENCE).await.unwrap();
    assert_eq!(stack.findings().await.unwrap().damage, []);
    took
}
