//! Two replicas with one store: whatever is asked of them at one time, every lease has one driver, and nothing is left
//! under way or out of place.

use std::{sync::Mutex, time::Duration};

use fastrand::Rng;
use futures::future::join_all;
use org_service::{domain::State, store::Due};
use tenantry_common::id::{Ids, SystemIds};
use tenantry_proto::organization::v1::{self as pb, organization_service_client::OrganizationServiceClient};
use tonic::{Code, Status, transport::Channel};

use super::scene::{LONGER_THAN_ANY_WAIT, Scene, renamed};
use crate::harness::*;

tenantry_common::conformance! {
    embedded: embedded;
    mongo: on_mongo;
    two_replicas_under_load_never_drive_one_operation_at_once,
}

/// Random operations that each replica is asked for, by several clients at a time.
const OPERATIONS: usize = 200;
const CLIENTS: usize = 4;

/// One client's random operations through one replica.
struct Client<'s> {
    scene: &'s Scene,
    org: OrganizationServiceClient<Channel>,
    token: String,
    ids: &'s Mutex<Vec<String>>,
    rng: Rng,
    name: String,
}

impl Client<'_> {
    async fn run(mut self) {
        for nth in 0..OPERATIONS / CLIENTS {
            if let Err(status) = self.operation(nth).await {
                let (code, reason) = failure(Err::<(), _>(status));
                let told = matches!(
                    code,
                    Code::AlreadyExists | Code::FailedPrecondition | Code::NotFound | Code::Unavailable
                );
                assert!(
                    told && reason != "OPERATION_HALTED",
                    "{code:?} {reason}, {}, {:#x}",
                    self.name,
                    self.rng.get_seed()
                );
            }
        }
    }

    async fn operation(&mut self, nth: usize) -> Result<(), Status> {
        let id = {
            let ids = self.ids.lock().unwrap();
            ids[self.rng.usize(..ids.len())].clone()
        };
        let name = format!("{} {nth}", self.name);
        match self.rng.usize(..20) {
            0 => {
                let created = self.org.create_organization(create_request(&name)).await?;
                let created = created.into_inner().organization.expect("an organization");
                self.ids.lock().unwrap().push(created.id);
            }
            1..6 => {
                let organization = Some(pb::Organization {
                    id,
                    name,
                    ..Default::default()
                });
                let request = pb::UpdateOrganizationRequest {
                    organization,
                    ..Default::default()
                };
                self.org.update_organization(bearer(&self.token, request)).await?;
            }
            6..9 => {
                let request = pb::SuspendOrganizationRequest {
                    organization: Some(pb::suspend_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                self.org
                    .suspend_organization(bearer(&self.token, request))
                    .await?;
            }
            9..12 => {
                let request = pb::ResumeOrganizationRequest {
                    organization: Some(pb::resume_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                self.org.resume_organization(bearer(&self.token, request)).await?;
            }
            12..14 => {
                let request = pb::DeleteOrganizationRequest {
                    organization: Some(pb::delete_organization_request::Organization::Id(id)),
                    ..Default::default()
                };
                self.org.delete_organization(bearer(&self.token, request)).await?;
            }
            14..17 => {
                let request = pb::UndeleteOrganizationRequest {
                    id,
                    ..Default::default()
                };
                self.org
                    .undelete_organization(bearer(&self.token, request))
                    .await?;
            }
            _ => self.crash(&id, &name).await,
        }
        Ok(())
    }

    /// A change that is accepted and whose driver is gone: either replica may find it.
    async fn crash(&self, id: &str, name: &str) {
        let record = self.scene.platform.record(id).await;
        if record.operation.is_none() && matches!(record.state, State::Active | State::Suspended) {
            let handle = org_service::domain::Handle::fold(name).expect("a handle");
            let next = renamed(self.scene, &record, handle.as_str());
            let lease = Some(super::scene::term(Duration::ZERO));
            // Somebody else may have been first.
            drop(self.scene.store().accept(&next, lease).await);
            self.scene.platform.clock.advance(Duration::from_millis(1));
        }
    }
}

async fn two_replicas_under_load_never_drive_one_operation_at_once(place: Place) {
    let seed = SystemIds.uuid_v4().as_u128() as u64;
    let wishes = Wishes {
        reconcile: "100ms",
        ..Wishes::default()
    };
    let scene = Scene::with(place, wishes.clone()).await;
    let second = scene.platform.replica(wishes).await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(scene.platform.create(&format!("Number {number}")).await.id);
    }
    let (ids, token) = (Mutex::new(ids), scene.platform.operator().await);
    let clients = (0..2 * CLIENTS).map(|number| {
        let org = if number % 2 == 0 {
            &scene.platform.org
        } else {
            &second.org
        };
        let client = Client {
            scene: &scene,
            org: org.clone(),
            token: token.clone(),
            ids: &ids,
            rng: Rng::with_seed(seed.wrapping_add(number as u64)),
            name: format!("Client {number}"),
        };
        client.run()
    });
    join_all(clients).await;

    settled(&scene, "every operation ends", &[Due::Operation]).await;
    scene.platform.clock.advance(LONGER_THAN_ANY_WAIT);
    settled(
        &scene,
        "nothing waits any more",
        &[Due::Recheck, Due::RestingHandle],
    )
    .await;
    let (one, other) = (scene.platform.store.leases(), second.store.leases());
    let both: Vec<_> = one.intersection(&other).collect();
    assert!(both.is_empty(), "both drove under {both:?}, seed {seed:#x}");
    assert!(!one.is_empty() && !other.is_empty(), "both had work to do");
    scene.assert_sound().await;
}

/// Waits until the replicas' reconcilers have left nothing of this, and nothing is under way.
async fn settled(scene: &Scene, what: &str, kinds: &[Due]) {
    eventually(what, async || {
        let now = scene.accepted().now;
        for due in kinds {
            if !scene.store().find_due(*due, now, 1).await.unwrap().is_empty() {
                return false;
            }
        }
        let all = scene.store().records(None, 10_000).await.unwrap();
        all.iter().all(|record| record.operation.is_none())
    })
    .await;
}
