//! Where a test has auth-service die, stand still or fail: around its writes. In builds with the feature `failpoints`
//! alone.

mod store;

use std::sync::Arc;

use tenantry_common::{failpoints::know, points};

use self::store::PointedStore;
use crate::store::Store;

/// All of them.
pub const POINTS: &[&str] = points! {
    around {
        "auth.store": insert_admin activate_admin cancel_admin change_admin purge_admins set_gate insert_session
            rotate_session set_sessions_email delete_session delete_sessions delete_sessions_of key_or_insert;
    }
    at {}
};

/// The store, with points around its writes.
pub fn store(inner: Arc<dyn Store>) -> Arc<dyn Store> {
    know(POINTS);
    Arc::new(PointedStore(inner))
}

#[cfg(test)]
mod tests {
    use tenantry_common::failpoints::are_well_formed;

    use super::*;

    #[test]
    fn points_have_names_of_their_own() {
        assert!(are_well_formed(POINTS), "{POINTS:?}");
        assert!(POINTS.iter().all(|point| point.starts_with("auth.store.")));
        assert_eq!(POINTS.len(), 26);
    }
}
