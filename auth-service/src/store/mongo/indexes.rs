//! The indexes that promises and look-ups rest on.

use std::time::Duration;

use mongodb::{IndexModel, bson::doc, error::Error, options::IndexOptions};

use super::MongoStore;
use crate::store::EMAIL_INDEX;

const ADMINS_BY_ORGANIZATION: &str = "admins_organization";
const SESSIONS_BY_ADMIN: &str = "sessions_admin";
const SESSIONS_BY_ORGANIZATION: &str = "sessions_organization";
const SESSIONS_BY_EXPIRY: &str = "sessions_idle_expire_time";

impl MongoStore {
    /// Makes the indexes that are missing.
    pub(super) async fn create_indexes(&self) -> Result<(), Error> {
        let named = |name: &str| IndexOptions::builder().name(name.to_owned());
        // Sparse: cancelled and purged admins have no e-mail and must not collide on that.
        let email = named(EMAIL_INDEX.0).unique(true).sparse(true).build();
        let by_organization = named(ADMINS_BY_ORGANIZATION).build();
        for (key, options) in [("email", email), ("organization_id", by_organization)] {
            self.admins.create_index(index(key, options)).await?;
        }
        let by_admin = named(SESSIONS_BY_ADMIN).build();
        let by_organization = named(SESSIONS_BY_ORGANIZATION).build();
        let by_expiry = named(SESSIONS_BY_EXPIRY).expire_after(Duration::ZERO).build();
        for (key, options) in [
            ("admin_id", by_admin),
            ("organization_id", by_organization),
            ("idle_expire_time", by_expiry),
        ] {
            self.sessions.create_index(index(key, options)).await?;
        }
        Ok(())
    }
}

fn index(key: &str, options: IndexOptions) -> IndexModel {
    IndexModel::builder()
        .keys(doc! { key: 1 })
        .options(options)
        .build()
}
