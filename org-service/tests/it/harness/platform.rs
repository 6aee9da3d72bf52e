//! Both servers, and what they stand on.

use std::sync::Arc;

use org_service::store::{Store, mongo::MongoStore};
use tenantry_common::{id::SystemIds, testing::ManualClock};
use tenantry_proto::{
    auth::v1::{
        admin_provisioning_service_client::AdminProvisioningServiceClient,
        auth_service_client::AuthServiceClient,
    },
    organization::v1::organization_service_client::OrganizationServiceClient,
};
use tonic::transport::Channel;

use super::{
    CountingStore, Ground, Place, START, Server, Wishes, connect,
    ground::Behind,
    reopened::ReopenedStore,
    servers::{start_auth, start_org},
};

/// A store that no server has yet.
pub struct Prepared {
    pub ground: Ground,
    pub place: Place,
}

/// Both servers, their clients, and a look into org-service's store.
pub struct Platform {
    pub auth: AuthServiceClient<Channel>,
    pub org: OrganizationServiceClient<Channel>,
    pub store: Arc<CountingStore>,
    pub ground: Ground,
    pub clock: Arc<ManualClock>,
    pub auth_server: Option<Server>,
    pub org_server: Server,
    place: Place,
}

/// Another org-service with the same store.
pub struct Replica {
    pub org: OrganizationServiceClient<Channel>,
    pub store: Arc<CountingStore>,
    pub server: Server,
}

impl Prepared {
    pub async fn start_with(self, wishes: Wishes) -> Platform {
        let Self { ground, place } = self;
        let clock = Arc::clone(&ground.clock);
        let auth_server = start_auth(&place.auth_url(), Arc::clone(&clock), None).await;
        let store = CountingStore::new(Arc::clone(&ground.store));
        let (url, auth_url) = (place.org_url(), &auth_server.url);
        let org_server = start_org(&url, auth_url, &wishes, &store, Arc::clone(&clock)).await;
        Platform {
            auth: AuthServiceClient::new(connect(&auth_server.url).await),
            org: OrganizationServiceClient::new(connect(&org_server.url).await),
            store,
            ground,
            clock,
            auth_server: Some(auth_server),
            org_server,
            place,
        }
    }
}

impl Platform {
    pub async fn start(place: Place) -> Self {
        Self::start_with(place, Wishes::default()).await
    }

    pub async fn start_with(place: Place, wishes: Wishes) -> Self {
        Self::prepare(place).await.start_with(wishes).await
    }

    /// The store alone, to plant in before anything serves.
    pub async fn prepare(place: Place) -> Prepared {
        let clock = Arc::new(ManualClock::new());
        clock.set(START);
        Self::prepare_at(place, clock).await
    }

    async fn prepare_at(place: Place, clock: Arc<ManualClock>) -> Prepared {
        let ground = match &place {
            Place::Embedded { org, .. } => {
                let store = ReopenedStore::open(org.path(), Arc::clone(&clock)).await;
                let behind = Behind::Embedded(Arc::clone(&store));
                Ground::new(store, clock, behind)
            }
            Place::Mongo { org, .. } => {
                let database = org.database().await;
                let store = open_mongo(database.clone()).await;
                Ground::new(store, clock, Behind::Mongo(database))
            }
        };
        Prepared { ground, place }
    }

    /// Stops both servers and closes the stores; the data and the clock stay.
    pub async fn stop(self) -> Prepared {
        let Self {
            auth_server,
            org_server,
            ground,
            store,
            clock,
            place,
            ..
        } = self;
        org_server.stop().await;
        if let Some(auth_server) = auth_server {
            auth_server.stop().await;
        }
        drop((ground, store));
        Self::prepare_at(place, clock).await
    }

    /// Another org-service with the same store: on MongoDB with its own connections, on an embedded one in name only.
    pub async fn replica(&self, wishes: Wishes) -> Replica {
        let inner = match self.ground.mongo() {
            Some(_) => match &self.place {
                Place::Mongo { org, .. } => open_mongo(org.database().await).await,
                Place::Embedded { .. } => unreachable!("it is on MongoDB"),
            },
            None => Arc::clone(&self.ground.store),
        };
        let store = CountingStore::new(inner);
        let auth_url = &self.auth_server.as_ref().expect("auth-service is there").url;
        let (url, clock) = (self.place.org_url(), Arc::clone(&self.clock));
        let server = start_org(&url, auth_url, &wishes, &store, clock).await;
        Replica {
            org: OrganizationServiceClient::new(connect(&server.url).await),
            store,
            server,
        }
    }

    /// Another auth-service with the same store, which cannot be an embedded one.
    pub async fn auth_replica(&self) -> (AuthServiceClient<Channel>, Server) {
        let server = start_auth(&self.place.auth_url(), Arc::clone(&self.clock), None).await;
        (AuthServiceClient::new(connect(&server.url).await), server)
    }

    /// What org-service calls of auth-service's; see [`with_credential`](super::with_credential).
    pub async fn provisioning(&self) -> AdminProvisioningServiceClient<Channel> {
        let auth_server = self.auth_server.as_ref().expect("auth-service is there");
        AdminProvisioningServiceClient::new(connect(&auth_server.url).await)
    }

    /// Works on auth-service's store while auth-service is down; it is back at its address afterwards.
    pub async fn in_auth_store(&mut self, work: impl AsyncFnOnce(&dyn auth_service::store::Store)) {
        let server = self.auth_server.take().expect("auth-service is there");
        let address = server.address();
        server.stop().await;
        let store = self.place.auth_store().await;
        work(&*store).await;
        drop(store);
        let (url, clock) = (self.place.auth_url(), Arc::clone(&self.clock));
        self.auth_server = Some(start_auth(&url, clock, Some(address)).await);
    }
}

async fn open_mongo(database: mongodb::Database) -> Arc<dyn Store> {
    let store = MongoStore::open(database, &SystemIds).await;
    Arc::new(store.expect("the store opens"))
}
