//! What clients asked and what they were told, in the order of one clock.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microseconds since the history began.
pub type Micros = u64;

/// Something a client asks of the servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// CreateOrganization.
    Create {
        /// Always comes with the same handle and e-mail.
        request_id: Uuid,
        /// The handle, and the name that it follows from.
        handle: String,
        /// The first admin's.
        email: String,
    },
    /// UpdateOrganization.
    Rename {
        /// Which.
        organization: Uuid,
        /// The handle of the new name.
        handle: String,
    },
    /// SuspendOrganization.
    Suspend {
        /// Which.
        organization: Uuid,
    },
    /// ResumeOrganization.
    Resume {
        /// Which.
        organization: Uuid,
    },
    /// DeleteOrganization.
    Delete {
        /// Which.
        organization: Uuid,
    },
    /// UndeleteOrganization, under its former handle.
    Undelete {
        /// Which.
        organization: Uuid,
    },
    /// GetOrganization by id.
    Get {
        /// Which.
        organization: Uuid,
    },
    /// GetOrganization by handle.
    Find {
        /// Which.
        handle: String,
    },
    /// ListOrganizations, all pages, deleted ones too.
    List,
    /// Login with the right password.
    Login {
        /// Whose admin.
        organization: Uuid,
        /// The admin's.
        email: String,
    },
    /// ValidateToken.
    Validate {
        /// Whose admin's.
        organization: Uuid,
        /// The login or refresh that brought the token: its index among the calls.
        token: usize,
    },
    /// GetOrganization of the admin's own, with the admin's token.
    Visit {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
    },
    /// RefreshToken.
    Refresh {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
    },
    /// Logout.
    Logout {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
    },
    /// RevokeAllSessions.
    RevokeAll {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
        /// Whether the session that asks goes on.
        keep_current: bool,
    },
    /// ChangePassword, from the one that everybody has to itself: the other sessions end all the same.
    ChangePassword {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
    },
    /// UpdateAdmin.
    ChangeEmail {
        /// Whose admin's.
        organization: Uuid,
        /// The call that brought the token.
        token: usize,
        /// The one to have.
        email: String,
    },
}

impl Request {
    /// Whose admin's token it shows, and the login or refresh that brought it.
    pub const fn token(&self) -> Option<(Uuid, usize)> {
        match self {
            Self::Validate { organization, token }
            | Self::Visit { organization, token }
            | Self::Refresh { organization, token }
            | Self::Logout { organization, token }
            | Self::RevokeAll {
                organization, token, ..
            }
            | Self::ChangePassword { organization, token }
            | Self::ChangeEmail {
                organization, token, ..
            } => Some((*organization, *token)),
            _ => None,
        }
    }
}

/// An organization's state, as an answer tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// In use.
    Active,
    /// Nobody may log in.
    Suspended,
    /// In the trash.
    Deleted,
    /// Gone for good.
    Purged,
}

/// An organization, as an answer tells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seen {
    /// Its id.
    pub id: Uuid,
    /// Its handle.
    pub handle: String,
    /// Its state.
    pub state: State,
    /// `org_<handle>`, empty once it is deleted.
    pub collection: String,
    /// The number in the etag: it only ever grows.
    pub epoch: i64,
}

#[cfg(test)]
impl Seen {
    /// An organization as the servers tell of one in this state, its collection under that handle.
    pub(crate) fn told(id: Uuid, handle: &str, state: State, epoch: i64) -> Self {
        let in_use = matches!(state, State::Active | State::Suspended);
        let collection = if in_use {
            format!("org_{handle}")
        } else {
            String::new()
        };
        Self {
            id,
            handle: handle.to_owned(),
            state,
            collection,
            epoch,
        }
    }
}

/// What the client learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// OK with an organization (Create, Rename, Suspend, Resume, Delete, Undelete, Get, Find).
    Organization(Seen),
    /// OK with a list.
    Organizations(Vec<Seen>),
    /// OK with tokens (Login; the tokens themselves are kept by `load`), or for a valid one (Validate, Visit).
    Granted,
    /// OK with the next tokens (Refresh), and a digest of the refresh token.
    Refreshed(u64),
    /// OK, and nothing to be learned from it (Logout, RevokeAll, ChangePassword, ChangeEmail).
    Done,
    /// A definite refusal: nothing happened. The published reason, or the code where there is none.
    Refused(String),
    /// UNAVAILABLE, a lost connection, a deadline: it may have happened, or happen yet, unless the reason says
    /// otherwise. Code and reason.
    Unknown(String),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which client; a client makes one call at a time.
    pub client: usize,
    /// What it asked.
    pub request: Request,
    /// When.
    pub invoked: Micros,
    /// None while it is under way.
    pub returned: Option<Micros>,
    /// None while it is under way.
    pub outcome: Option<Outcome>,
}

impl Call {
    /// The one organization that its answer shows.
    pub fn seen(&self) -> Option<&Seen> {
        match &self.outcome {
            Some(Outcome::Organization(seen)) => Some(seen),
            _ => None,
        }
    }
}

/// All calls, and the instants at which nothing was under way any more.
#[derive(Debug)]
pub struct History {
    began: Instant,
    calls: Mutex<Vec<Call>>,
    /// Instants at which every call of unknown outcome had happened or never will.
    barriers: Mutex<Vec<Micros>>,
    under_way: AtomicUsize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            calls: Mutex::default(),
            barriers: Mutex::default(),
            under_way: AtomicUsize::new(0),
        }
    }
}

impl History {
    /// Notes that a call begins; answers its index.
    pub fn invoke(&self, client: usize, request: Request) -> usize {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Call {
            client,
            request,
            invoked: self.now(),
            returned: None,
            outcome: None,
        });
        calls.len() - 1
    }

    /// Notes what a call brought.
    pub fn finish(&self, call: usize, outcome: Outcome) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get_mut(call) {
            call.returned = Some(self.now());
            call.outcome = Some(outcome);
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether calls are under way, or were a moment ago: a fault that hits none proves nothing. Those that a dead server
    /// has under way end with it, before anybody can look.
    pub fn is_busy(&self) -> bool {
        const MOMENT: Micros = 50_000;
        if self.under_way.load(Ordering::SeqCst) > 0 {
            return true;
        }
        let since = self.now().saturating_sub(MOMENT);
        let last = self.look(|calls| calls.iter().rev().find_map(|call| call.returned));
        last.is_some_and(|returned| returned >= since)
    }

    /// Notes that everything has come to rest.
    pub fn barrier(&self) {
        let now = self.now();
        self.barriers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(now);
    }

    /// What `look` sees in the calls so far; nobody calls meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&[Call]) -> T) -> T {
        look(&self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many calls there are so far.
    pub fn count(&self) -> usize {
        self.look(<[Call]>::len)
    }

    /// A copy of the calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.look(<[Call]>::to_vec)
    }

    /// The barriers so far, ascending.
    pub fn barriers(&self) -> Vec<Micros> {
        self.barriers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The present instant of this history.
    pub fn now(&self) -> Micros {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
