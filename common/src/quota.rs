//! How many authenticated calls an organization may make.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    id::{Ids, OrganizationId},
    throttle::{Allowance, Key, RetryAfter, Throttle},
};

/// Counts authenticated calls, each organization's by itself. Every replica of a server counts for itself.
#[derive(Debug)]
pub struct Quota(Throttle);

impl Quota {
    /// 100 calls a minute.
    pub const DEFAULT: Allowance = match Allowance::new(100, Duration::from_secs(60)) {
        Ok(allowance) => allowance,
        Err(_) => Allowance::OFF,
    };

    /// A quota with nothing counted yet.
    pub fn new(allowance: Allowance, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self(Throttle::new(allowance, clock, ids))
    }

    /// Counts a call of one of this organization's admins. Who has none, an operator, is not counted.
    ///
    /// # Errors
    /// [`RetryAfter`] when the organization's calls are used up; then nothing may be done for this one.
    pub fn admit(&self, organization: Option<OrganizationId>) -> Result<(), RetryAfter> {
        match organization {
            Some(id) => self.0.admit(&Key::of("organization", &[id.as_uuid().as_bytes()])),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{id::SystemIds, testing::ManualClock};

    fn organization(number: u128) -> Option<OrganizationId> {
        Some(OrganizationId::from_uuid(Uuid::from_u128(number)))
    }

    #[test]
    fn a_hundred_calls_a_minute_are_the_default() {
        assert_eq!(Quota::DEFAULT, "100/1m".parse().unwrap());
        let clock = Arc::new(ManualClock::new());
        let quota = Quota::new(Quota::DEFAULT, Arc::clone(&clock) as Arc<dyn Clock>, &SystemIds);
        assert!((0..100).all(|_| quota.admit(organization(1)).is_ok()));
        let refused = quota.admit(organization(1)).unwrap_err();
        clock.advance(refused.0);
        assert_eq!(quota.admit(organization(1)), Ok(()));
    }

    #[test]
    fn an_operator_is_not_counted() {
        let clock = Arc::new(ManualClock::new());
        let quota = Quota::new("1/1m".parse().unwrap(), clock, &SystemIds);
        assert!((0..1_000).all(|_| quota.admit(None).is_ok()));
    }
}
