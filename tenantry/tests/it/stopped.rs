//! The stores of stopped servers, and a hand in them.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use auth_service::domain::GateState;
use org_service::{
    domain::{CollectionName, Handle, Operation, OperationKind, Organization, Stamp},
    store::{Fence, LeaseTerm, Store},
};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tenantry_common::{
    clock::{Clock, SystemClock},
    config::StoreUrl,
    id::{Ids, OrganizationId, SystemIds},
};

use crate::dev::{Dev, Outcome, program, run};

/// The password of acme's owner, ada@example.com.
pub const PASSWORD: &str = "correct horse battery staple\n";

/// The stores of a `tenantry dev` that was stopped, with the organization `acme`.
pub struct Stopped {
    /// Its directory, and `data` in it.
    pub home: TempDir,
}

impl Stopped {
    /// Starts it, signs acme up, stops it.
    pub fn with_acme() -> Self {
        let home = tempfile::tempdir().unwrap();
        let dev = Dev::start(&["--data-dir", home.path().join("data").to_str().unwrap()]);
        dev.person().sign_up("Acme", "ada@example.com", PASSWORD);
        assert!(dev.stop(Signal::TERM).success());
        Self { home }
    }

    /// The URL of a server's store.
    pub fn url(&self, server: &str) -> StoreUrl {
        StoreUrl::Embedded(self.home.path().join(format!("data/{server}.redb")))
    }

    /// Runs a command over the stores.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let store = self.url("org").to_string();
        let mut command = program(self.home.path());
        // Another server's settings are not those of an offline look.
        command
            .env("SERVICE_CREDENTIAL_FILE", "/nonexistent")
            .env("AUTH_OPERATOR_EMAIL", "operator@example.com");
        command
            .args(arguments)
            .args(["--store", &store, "--timeout", "2m"]);
        run(&mut command, "")
    }

    /// Runs a command that must end with this exit code, and gives its document.
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let outcome = self.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Begins to do damage in org-service's store.
    pub async fn plant(&self) -> Plant {
        let url = self.url("org");
        let store = org_service::store::open(&url, 4, Arc::new(SystemClock), &SystemIds).await;
        Plant::begin(store.unwrap()).await
    }

    /// Shuts an organization's gate behind org-service's back.
    pub async fn shut_gate(&self, organization: OrganizationId) {
        let cache = NonZeroU16::new(4).unwrap();
        let store = auth_service::store::open(self.url("auth"), cache).await.unwrap();
        let gate = store.get_gate(organization).await.unwrap().unwrap();
        let shut = store.set_gate(organization, GateState::Suspended, gate.epoch);
        shut.await.unwrap();
    }
}

/// A hand in a store: it moves and drops what no server would.
pub struct Plant {
    store: Arc<dyn Store>,
    organization: Organization,
    fence: Fence,
}

impl Plant {
    async fn begin(store: Arc<dyn Store>) -> Self {
        let acme = Handle::parse("acme").unwrap();
        let mut next = store.find_by_handle(&acme).await.unwrap().unwrap();
        next.epoch += 1;
        next.fence += 1;
        let operation = SystemIds.uuid_v4();
        next.operation = Some(Operation {
            id: operation,
            kind: OperationKind::Repair,
            // Long enough ago to be told of, if it does not end.
            started: SystemClock.now() - Duration::from_secs(60),
            first_fence: next.fence,
            halted: None,
        });
        let lease = LeaseTerm {
            owner: SystemIds.uuid_v4(),
            length: Duration::from_secs(3_600),
        };
        let organization = store.accept(&next, Some(lease)).await.unwrap();
        let fence = Fence {
            organization: organization.id,
            operation,
            fence: organization.fence,
        };
        Self {
            store,
            organization,
            fence,
        }
    }

    /// Moves acme's collection.
    pub async fn move_collection_to(&self, name: &str) {
        let home = self.organization.home.as_ref().unwrap();
        let name = named(name);
        let moved = self.store.rename_collection(self.fence, home, &name);
        moved.await.unwrap();
    }

    /// Drops acme's collection.
    pub async fn drop_collection(&self) {
        let home = self.organization.home.as_ref().unwrap();
        self.store.drop_collection(self.fence, home).await.unwrap();
    }

    /// Creates a collection that bears the stamp of an organization that is not there.
    pub async fn create_for_nobody(&self, name: &str) {
        let stamp = Stamp {
            organization: OrganizationId::from_uuid(SystemIds.uuid_v7(SystemClock.now())),
            attempt: SystemIds.uuid_v4(),
        };
        let name = named(name);
        let created = self.store.create_collection(self.fence, &name, stamp);
        created.await.unwrap();
    }

    /// Leaves the record as idle as it was, and closes the store.
    pub async fn end(self) -> OrganizationId {
        let idle = Organization {
            operation: None,
            lease: None,
            ..self.organization
        };
        self.store.record(self.fence, &idle).await.unwrap();
        idle.id
    }
}

fn named(name: &str) -> CollectionName {
    name.parse().unwrap()
}
