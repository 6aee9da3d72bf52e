//! Where the data of a platform is.

use std::{num::NonZeroU16, sync::Arc};

use tenantry_common::{
    config::StoreUrl,
    testing::{EmbeddedTest, MongoTest, mongo},
};

/// Where the data of a platform is.
pub enum Place {
    Embedded { auth: EmbeddedTest, org: EmbeddedTest },
    Mongo { auth: MongoTest, org: MongoTest },
}

impl Place {
    pub(super) fn auth_url(&self) -> String {
        match self {
            Self::Embedded { auth, .. } => auth.url().to_string(),
            Self::Mongo { auth, .. } => auth.url().expose().to_owned(),
        }
    }

    pub(super) fn org_url(&self) -> String {
        match self {
            Self::Embedded { org, .. } => org.url().to_string(),
            Self::Mongo { org, .. } => org.url().expose().to_owned(),
        }
    }

    /// auth-service's store; the embedded one only while auth-service has it not open.
    pub async fn auth_store(&self) -> Arc<dyn auth_service::store::Store> {
        let url: StoreUrl = self.auth_url().parse().expect("a store url");
        auth_service::store::open(url, NonZeroU16::MIN)
            .await
            .expect("auth-service's store opens")
    }
}

pub async fn embedded() -> Option<Place> {
    Some(Place::Embedded {
        auth: EmbeddedTest::new(),
        org: EmbeddedTest::new(),
    })
}

pub async fn on_mongo() -> Option<Place> {
    Some(Place::Mongo {
        auth: mongo().await?,
        org: mongo().await?,
    })
}
