//! How often passwords may be tried: counted before anything is hashed, whether or not the account exists.

use std::{net::IpAddr, sync::Arc};

use tenantry_common::{
    clock::Clock,
    id::{AdminId, Ids},
    rpc::peer::Network,
    throttle::{Allowance, Key, RetryAfter, Throttle},
};

/// The throttles of everything that takes a password. Each forgets by itself; none of them touches a session.
pub struct Attempts {
    by_email: Throttle,
    by_network: Throttle,
    by_admin: Throttle,
}

/// How much each of them allows.
#[derive(Clone, Copy, Debug)]
pub struct AttemptLimits {
    /// Logins with one e-mail, and calls of one admin that show the current password.
    pub per_account: Allowance,
    /// Logins from one network.
    pub per_network: Allowance,
}

impl Attempts {
    /// Throttles with nothing counted yet.
    pub fn new(limits: AttemptLimits, clock: &Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        let throttle = |allowance| Throttle::new(allowance, Arc::clone(clock), ids);
        Self {
            by_email: throttle(limits.per_account),
            by_network: throttle(limits.per_network),
            by_admin: throttle(limits.per_account),
        }
    }

    /// Counts a login from `peer` with this e-mail in its canonical form, or with a text that is none as it was typed.
    ///
    /// # Errors
    /// [`RetryAfter`] when there were too many; then nothing may be hashed.
    pub fn admit_login(&self, email: &str, peer: Option<IpAddr>) -> Result<(), RetryAfter> {
        let network = peer.map(Network::of);
        self.by_network.admit(&Network::key("login network", network))?;
        self.by_email.admit(&Key::of("login e-mail", &[email.as_bytes()]))
    }

    /// Counts a try of the current password in a live session.
    ///
    /// # Errors
    /// [`RetryAfter`] when there were too many; then nothing may be hashed.
    pub fn admit_reauthentication(&self, admin: AdminId) -> Result<(), RetryAfter> {
        self.by_admin
            .admit(&Key::of("current password", &[admin.as_uuid().as_bytes()]))
    }
}
