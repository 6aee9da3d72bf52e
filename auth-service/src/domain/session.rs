//! Sessions: one login each, and the single truth about whether its tokens still count.

// An address as a value: what of `std::net` opens sockets is no business of the domain.
use core::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::Timestamp,
    email::Email,
    id::{AdminId, SessionId},
};

use super::admin::Affiliation;

/// How long after a rotation its refresh token may be shown once more: a lost answer must not log anybody out.
pub const GRACE: Duration = Duration::from_secs(10);

/// One login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names the session; the `sid` of its tokens.
    pub id: SessionId,
    /// Who logged in.
    pub admin_id: AdminId,
    /// Where the admin belongs.
    pub affiliation: Affiliation,
    /// The admin's e-mail.
    pub email: Email,
    /// When the admin logged in.
    pub create_time: Timestamp,
    /// When the session ends however it is used, in whole seconds.
    pub expire_time: Timestamp,
    /// When the session ends unless it is refreshed before, in whole seconds; never after `expire_time`.
    pub idle_expire_time: Timestamp,
    /// How often the session was refreshed: the number of the one refresh token that counts.
    pub counter: i64,
    /// When it last was; `create_time` where it never was.
    pub rotate_time: Timestamp,
    /// Where the login came from.
    pub client: ClientInfo,
}

/// What is known of the client that logged in, for the admin to recognise it by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The address that logged in, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// What the client called itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
}

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetimes {
    /// However they are used.
    pub absolute: Duration,
    /// Without a refresh.
    pub idle: Duration,
}

/// A session's next state, to be written where it is still in the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The session.
    pub id: SessionId,
    /// The counter that the session must have; it becomes one more.
    pub counter: i64,
    /// When it is refreshed.
    pub rotate_time: Timestamp,
    /// When it ends unless it is refreshed again.
    pub idle_expire_time: Timestamp,
}

/// What a genuine refresh token comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// It is the one that counts: the session moves on.
    Rotate(Rotation),
    /// Its answer may have been lost: the successor is answered once more.
    Repeat,
    /// Somebody else has used it: the session must end.
    Reused,
    /// The session's time is over.
    Expired,
}

impl SessionLifetimes {
    /// When a session that begins `created`, and is used for the last time `used`, ends.
    fn idle_expire_time(&self, used: Timestamp, expire_time: Timestamp) -> Timestamp {
        whole_seconds(used + self.idle).min(expire_time)
    }

    /// When a session that begins now ends: at the latest, and unless it is refreshed.
    pub fn of_new(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let expire_time = whole_seconds(now + self.absolute);
        (expire_time, self.idle_expire_time(now, expire_time))
    }
}

impl Session {
    /// Most sessions that one admin may have.
    pub const MAX_PER_ADMIN: usize = 100;

    /// Whether the session's time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.idle_expire_time
    }

    /// When an access token issued now ends: after its lifetime, or with the session.
    pub fn access_expire_time(&self, now: Timestamp, lifetime: Duration) -> Timestamp {
        whole_seconds(now + lifetime).min(self.idle_expire_time)
    }

    /// What becomes of a genuine refresh token with this counter.
    ///
    /// A counter ahead of the record's was never issued by a store that keeps what it acknowledged; it ends the session
    /// like one that is too old.
    pub fn refresh(&self, counter: i64, now: Timestamp, lifetimes: &SessionLifetimes) -> Refresh {
        if self.is_expired(now) {
            return Refresh::Expired;
        }
        if counter == self.counter {
            return Refresh::Rotate(Rotation {
                id: self.id,
                counter,
                rotate_time: now,
                idle_expire_time: lifetimes.idle_expire_time(now, self.expire_time),
            });
        }
        let is_previous = counter.checked_add(1) == Some(self.counter);
        if is_previous && now.since(self.rotate_time) < GRACE {
            Refresh::Repeat
        } else {
            Refresh::Reused
        }
    }

    /// The session after a rotation; none where its counter is another.
    #[must_use]
    pub fn rotated(self, rotation: &Rotation) -> Option<Self> {
        (self.counter == rotation.counter).then(|| Self {
            counter: rotation.counter.saturating_add(1),
            rotate_time: rotation.rotate_time,
            idle_expire_time: rotation.idle_expire_time,
            ..self
        })
    }
}

/// Tokens tell time in seconds, and a session ends when they do.
const fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_seconds().saturating_mul(1_000))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
