//! How often organizations may be created while sign-up is open: counted before auth-service or the store is asked.

use std::sync::Arc;

use tenantry_common::{
    clock::Clock,
    id::Ids,
    rpc::peer::{Network, Peer},
    throttle::{Allowance, Key, RetryAfter, Throttle},
};

/// How many creates are allowed.
#[derive(Clone, Copy, Debug)]
pub struct SignUpLimits {
    /// From everywhere together.
    pub all: Allowance,
    /// From one network.
    pub per_network: Allowance,
}

/// Counts creates that anyone may ask for.
#[derive(Debug)]
pub struct SignUps {
    all: Throttle,
    by_network: Throttle,
}

impl SignUps {
    /// Nothing counted yet.
    pub fn new(limits: SignUpLimits, clock: &Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self {
            all: Throttle::of_all(limits.all, Arc::clone(clock), ids),
            by_network: Throttle::new(limits.per_network, Arc::clone(clock), ids),
        }
    }

    /// Counts a create that comes from this peer; those of unknown address count as one network.
    ///
    /// What is refused for its network is not counted for all: one network cannot use up what all have.
    ///
    /// # Errors
    /// [`RetryAfter`] when there were too many; then nothing may be done for this one.
    pub fn admit(&self, peer: Option<Peer>) -> Result<(), RetryAfter> {
        self.by_network
            .admit(&Network::key("sign-up", peer.map(Peer::network)))?;
        self.all.admit(&Key::of("sign-up", &[]))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use tenantry_common::{id::SystemIds, testing::ManualClock};

    use super::*;

    fn sign_ups(all: &str, per_network: &str) -> (SignUps, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new());
        let limits = SignUpLimits {
            all: all.parse().unwrap(),
            per_network: per_network.parse().unwrap(),
        };
        let counted: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        (SignUps::new(limits, &counted, &SystemIds), clock)
    }

    fn peer(number: u8) -> Option<Peer> {
        Some(Peer::new(Ipv4Addr::new(192, 0, 2, number).into()))
    }

    #[test]
    fn one_network_cannot_use_up_what_all_have() {
        let (sign_ups, _clock) = sign_ups("6/1m", "2/1m");
        let passed = |peer| (0..100).filter(|_| sign_ups.admit(peer).is_ok()).count();
        assert_eq!([peer(1), peer(2), peer(3), peer(4)].map(passed), [2, 2, 2, 0]);
    }

    #[test]
    fn callers_without_an_address_are_one_network() {
        let (sign_ups, _clock) = sign_ups("0", "2/1m");
        assert_eq!((0..100).filter(|_| sign_ups.admit(None).is_ok()).count(), 2);
    }

    #[test]
    fn what_is_used_up_comes_back() {
        let (sign_ups, clock) = sign_ups("2/1m", "0");
        assert_eq!([sign_ups.admit(peer(1)), sign_ups.admit(peer(2))], [Ok(()); 2]);
        let refused = sign_ups.admit(peer(3));
        assert_eq!(refused, Err(RetryAfter(Duration::from_secs(30))));
        clock.advance(Duration::from_secs(30));
        assert_eq!(sign_ups.admit(peer(3)), Ok(()));
    }
}
