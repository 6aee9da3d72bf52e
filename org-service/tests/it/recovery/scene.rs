//! A platform in the state that a crash leaves, and the reconciler that finds it.

use std::{sync::Arc, time::Duration};

use org_service::{
    admins::{Admins, FirstAdmin, GrpcAdmins},
    domain::{CollectionName, Handle, Organization, OrganizationName, Stamp, State},
    driver::Driver,
    lifecycle::{self, Accepted, NewOrganization, Policy},
    organizations::Organizations,
    reconciler::Reconciler,
    store::{Fence, LeaseTerm, Store},
};
use secrecy::SecretString;
use tenantry_common::{
    config::service_credential,
    email::Email,
    id::{AdminId, Ids, OrganizationId, SystemIds},
    password_rules::Password,
    rpc::{client::CallContext, deadline::Deadline, request_id::RequestId},
};
use tenantry_proto::organization::v1::{
    Finding, FindingSeverity, ListFindingsRequest, maintenance_service_client::MaintenanceServiceClient,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::harness::*;

/// How long nothing may stay under way in these tests, whatever waits for its time.
pub const LONGER_THAN_ANY_WAIT: Duration = Duration::from_secs(11 * 60);

pub struct Scene {
    pub platform: Platform,
    pub admins: Arc<GrpcAdmins>,
    reconciler: Reconciler,
}

impl Scene {
    pub async fn new(place: Place) -> Self {
        Self::with(place, Wishes::default()).await
    }

    pub async fn with(place: Place, wishes: Wishes) -> Self {
        let platform = Platform::start_with(place, wishes).await;
        let auth_url = &platform.auth_server.as_ref().expect("auth-service").url;
        let credential =
            service_credential(Some(SecretString::from(CREDENTIAL)), None).expect("a credential");
        let admins = GrpcAdmins::new(connect(auth_url).await, &credential).expect("visible characters");
        let admins = Arc::new(admins);
        let driver = Driver {
            store: Arc::clone(&platform.store) as Arc<dyn Store>,
            admins: Arc::clone(&admins) as Arc<dyn Admins>,
            ids: Arc::new(SystemIds),
            clock: platform.clock.clone(),
            policy: Policy {
                retention: Duration::from_secs(7 * 86_400),
                handle_rest: Duration::from_secs(600),
                recheck: Duration::from_secs(600),
            },
            lease: term(Duration::from_secs(60)),
            tasks: TaskTracker::new(),
        };
        let organizations = Organizations::new(Arc::new(driver));
        Self {
            reconciler: Reconciler::new(organizations, Duration::from_secs(5)),
            platform,
            admins,
        }
    }

    pub fn store(&self) -> &dyn Store {
        &*self.platform.store.inner
    }

    /// An organization that was created as usual.
    pub async fn organization(&self, name: &str) -> Organization {
        let created = self.platform.create(name).await;
        self.platform.record(&created.id).await
    }

    pub async fn record(&self, id: OrganizationId) -> Organization {
        self.platform.record(&id.to_string()).await
    }

    pub fn accepted(&self) -> Accepted {
        Accepted {
            operation: SystemIds.uuid_v4(),
            now: tenantry_common::clock::Clock::now(&*self.platform.clock),
        }
    }

    /// What a driver leaves that was accepted and then gone: its lease is past.
    pub async fn abandoned(&self, next: &Organization) -> Organization {
        let accepted = self.store().accept(next, Some(term(Duration::ZERO))).await;
        self.platform.clock.advance(Duration::from_millis(1));
        accepted.expect("the change is accepted")
    }

    /// The record of a create whose driver is gone after C1.
    pub async fn abandoned_create(&self, name: &str) -> Organization {
        let new = NewOrganization {
            id: OrganizationId::from_uuid(SystemIds.uuid_v7(START)),
            admin_id: AdminId::from_uuid(SystemIds.uuid_v7(START)),
            name: name_of(name),
            handle: Handle::fold(name).expect("a handle"),
            handle_given: false,
            labels: Default::default(),
            create_request: None,
        };
        let record = lifecycle::create(new, self.accepted());
        let inserted = self.store().insert(&record, Some(term(Duration::ZERO))).await;
        self.platform.clock.advance(Duration::from_millis(1));
        inserted.expect("the record is inserted")
    }

    /// What the driver wrote under its lease before it was gone.
    pub async fn wrote(&self, under: &Organization, next: Organization) -> Organization {
        let written = self.store().record(fence(under), &next).await;
        written.expect("the driver writes")
    }

    /// A collection that the driver of `under` created, with any stamp.
    pub async fn makes(&self, under: &Organization, name: &CollectionName, stamp: Stamp) {
        let made = self.store().create_collection(fence(under), name, stamp).await;
        made.expect("the collection is made");
    }

    /// A collection that the driver of `under` moved.
    pub async fn moves(&self, under: &Organization, from: &CollectionName, to: &CollectionName) {
        let moved = self.store().rename_collection(fence(under), from, to).await;
        moved.expect("the collection is moved");
    }

    /// Lets `under`'s operation end as its driver would that was not sure of something.
    pub async fn ended_unsure(&self, under: &Organization) -> Organization {
        let mut ended = Organization {
            operation: None,
            ..under.clone()
        };
        ended.recheck_until = Some(self.accepted().now + Duration::from_secs(600));
        self.wrote(under, ended).await
    }

    /// A REPAIR without a driver: under its lease collections can be displaced as late commands would.
    pub async fn disturbed(&self, organization: &Organization) -> Organization {
        self.abandoned(&lifecycle::repair(organization, self.accepted()))
            .await
    }

    pub async fn prepares_admin(&self, organization: &Organization, email: &str) {
        let prepared = self
            .admins
            .prepare(
                organization.admin_id,
                organization.id,
                &Self::first_admin(email),
                &context(),
            )
            .await;
        prepared.expect("the admin is prepared");
    }

    pub fn first_admin(email: &str) -> FirstAdmin {
        FirstAdmin {
            email: Email::parse(email).expect("an e-mail"),
            password: Password::typed(PASSWORD).expect("a password"),
        }
    }

    /// Makes passes until there is nothing left to do.
    pub async fn recover(&self) {
        for _ in 0..20 {
            let pass = self.reconciler.pass(&CancellationToken::new()).await;
            if pass.expect("the store answers").is_idle() {
                return;
            }
        }
        panic!("the reconciler finds no end");
    }

    /// Recovers, waits until nothing late is reckoned with and no handle rests, and recovers again.
    pub async fn recover_and_rest(&self) {
        self.recover().await;
        self.platform.clock.advance(LONGER_THAN_ANY_WAIT);
        self.recover().await;
    }

    /// Where the organization's collections are, whatever else stands at its names included.
    pub async fn collections(&self, organization: &Organization) -> Vec<String> {
        let names = lifecycle::own_names(organization);
        let seen = self.store().look(organization.id, &names).await.expect("a look");
        seen.into_iter().map(|seen| seen.name.to_string()).collect()
    }

    /// Every tenant collection there is.
    pub async fn all_collections(&self) -> Vec<String> {
        let seen = self.store().collections(None, 1_000).await.expect("a walk");
        seen.into_iter().map(|seen| seen.name.to_string()).collect()
    }

    /// That nothing waits any more, and `verify` finds nothing wrong.
    pub async fn assert_sound(&self) {
        let damage = self.damage().await;
        assert!(damage.is_empty(), "{damage:#?}");
    }

    /// What `verify` finds that is wrong.
    pub async fn damage(&self) -> Vec<Finding> {
        let mut client = MaintenanceServiceClient::new(connect(&self.platform.org_server.url).await);
        let (mut damage, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = with_credential(ListFindingsRequest {
                page_size: 3,
                page_token,
            });
            let page = client
                .list_findings(request)
                .await
                .expect("findings")
                .into_inner();
            let wrong = |found: &Finding| found.severity() == FindingSeverity::Damage;
            damage.extend(page.findings.into_iter().filter(wrong));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return damage;
            }
        }
    }

    /// That the organization is in use at this handle with all that belongs to it, and its admin logs in.
    pub async fn assert_in_use(&self, id: OrganizationId, handle: &str, email: &str) -> Organization {
        assert_eq!(self.collections_of(id).await, [format!("org_{handle}")]);
        self.assert_in_use_but_for_strays(id, handle, email).await
    }

    /// The same, whatever was set aside that bears the organization's id.
    pub async fn assert_in_use_but_for_strays(
        &self,
        id: OrganizationId,
        handle: &str,
        email: &str,
    ) -> Organization {
        let record = self.record(id).await;
        assert_eq!((record.state, record.operation.clone()), (State::Active, None));
        assert_eq!(record.handle.as_str(), handle);
        let seen = self.store().look(id, &[]).await.expect("a look");
        let (strays, own): (Vec<_>, Vec<_>) = seen.into_iter().partition(|seen| seen.name.is_stray());
        assert!(
            strays.iter().all(|stray| stray.stamp != record.full_stamp()),
            "{strays:?}"
        );
        let own: Vec<_> = own.iter().map(|seen| (seen.name.as_str(), seen.stamp)).collect();
        assert_eq!(own, [(format!("org_{handle}").as_str(), record.full_stamp())]);
        self.platform
            .login(email, PASSWORD)
            .await
            .expect("the admin logs in");
        record
    }

    /// The collections that bear the organization's stamp.
    pub async fn collections_of(&self, id: OrganizationId) -> Vec<String> {
        self.platform.collections_of(&id.to_string()).await
    }
}

pub fn term(length: Duration) -> LeaseTerm {
    LeaseTerm {
        owner: SystemIds.uuid_v4(),
        length,
    }
}

pub fn fence(organization: &Organization) -> Fence {
    Fence {
        organization: organization.id,
        operation: organization.operation.as_ref().expect("an operation").id,
        fence: organization.fence,
    }
}

pub fn context() -> CallContext {
    CallContext::new(
        RequestId::new(&SystemIds),
        Deadline::after(Duration::from_secs(120)),
    )
}

pub fn name_of(name: &str) -> OrganizationName {
    OrganizationName::parse(name).expect("a name")
}

pub fn handle_of(handle: &str) -> Handle {
    Handle::parse(handle).expect("a handle")
}

pub fn in_use(handle: &str) -> CollectionName {
    CollectionName::in_use(&handle_of(handle))
}

/// Another attempt of the organization's.
pub fn twin_of(organization: &Organization) -> Stamp {
    Stamp {
        organization: organization.id,
        attempt: SystemIds.uuid_v4(),
    }
}

/// The stamp of an organization that is not there.
pub fn foreign() -> Stamp {
    Stamp {
        organization: OrganizationId::from_uuid(SystemIds.uuid_v7(START)),
        attempt: SystemIds.uuid_v4(),
    }
}

/// RENAME to this handle.
pub fn renamed(scene: &Scene, organization: &Organization, handle: &str) -> Organization {
    let target = (handle_of(handle), true);
    lifecycle::rename(
        organization,
        organization.name.clone(),
        target,
        Default::default(),
        scene.accepted(),
    )
}
