//! What the clients know of the servers, from what they were told.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::history::{Outcome, Request, Seen, State};

/// Tokens of each organization that are asked about: the youngest of those whose sessions go on as far as anybody was
/// told, and of those whose sessions have ended.
const TOKENS: usize = 2;
/// Sessions of each organization that are used: the youngest.
const SESSIONS: usize = 3;

/// What a login or a refresh brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

/// Tokens, and what is known of their session.
#[derive(Clone, Debug)]
struct Brought {
    /// The call that brought them.
    call: usize,
    /// The login that the session began with.
    login: usize,
    tokens: Tokens,
    ended: bool,
}

/// An organization as it was when an answer showed it last.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) id: Uuid,
    pub(super) handle: String,
    pub(super) state: State,
    pub(super) epoch: i64,
    /// Its admin's, as far as anybody was told; none before its create is answered.
    pub(super) email: Option<String>,
    /// Every one that its admin may have had; the first is the create's.
    pub(super) emails: Vec<String>,
    /// All of them, in the order of the answers: somebody may be about to ask about an old one.
    brought: Vec<Brought>,
}

impl Organization {
    /// The calls whose tokens are asked about.
    pub(super) fn asked_about(&self) -> impl Iterator<Item = usize> {
        let youngest = |ended: bool| self.of_sessions(ended).take(TOKENS);
        youngest(false).chain(youngest(true))
    }

    /// The calls that brought tokens of sessions that have ended, the youngest first.
    pub(super) fn ended(&self) -> impl Iterator<Item = usize> {
        self.of_sessions(true)
    }

    fn of_sessions(&self, ended: bool) -> impl Iterator<Item = usize> {
        let wanted = move |brought: &&Brought| brought.ended == ended;
        self.brought
            .iter()
            .rev()
            .filter(wanted)
            .map(|brought| brought.call)
    }

    /// The calls that brought the newest tokens of sessions that go on, as far as anybody was told.
    pub(super) fn newest(&self) -> Vec<usize> {
        let mut met = BTreeSet::new();
        let going_on = self.brought.iter().rev().filter(|brought| !brought.ended);
        let newest = going_on.filter(|brought| met.insert(brought.login));
        newest.take(SESSIONS).map(|brought| brought.call).collect()
    }

    fn session(&self, token: usize) -> Option<usize> {
        let brought = self.brought.iter().find(|brought| brought.call == token)?;
        Some(brought.login)
    }

    fn end(&mut self, is_ended: impl Fn(usize) -> bool) {
        for brought in &mut self.brought {
            brought.ended |= is_ended(brought.login);
        }
    }

    /// Takes an answer to its admin into account.
    fn learn(&mut self, call: usize, request: &Request, outcome: &Outcome, tokens: Option<Tokens>) {
        let shown = request.token().and_then(|(_, token)| self.session(token));
        if matches!(outcome, Outcome::Refused(reason) if reason == "TOKEN_REVOKED") {
            self.end(|login| Some(login) == shown);
        }
        let login = match (request, outcome) {
            (Request::Login { email, .. }, Outcome::Granted) => {
                self.email = Some(email.clone());
                Some(call)
            }
            (Request::Refresh { .. }, Outcome::Refreshed(_)) => shown,
            (Request::ChangeEmail { email, .. }, Outcome::Done) => {
                self.email = Some(email.clone());
                return;
            }
            (Request::Logout { .. }, Outcome::Done) => return self.end(|login| Some(login) == shown),
            (Request::RevokeAll { keep_current, .. }, Outcome::Done) => {
                return self.end(|login| !keep_current || Some(login) != shown);
            }
            (Request::ChangePassword { .. }, Outcome::Done) => return self.end(|login| Some(login) != shown),
            _ => return,
        };
        if let (Some(login), Some(tokens)) = (login, tokens) {
            self.brought.push(Brought {
                call,
                login,
                tokens,
                ended: false,
            });
        }
    }
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub(super) struct Known {
    organizations: BTreeMap<Uuid, Organization>,
    /// E-mails that creates came with.
    pub(super) emails: Vec<String>,
    /// Handles that were named since the last audit.
    pub(super) touched: BTreeSet<String>,
    /// Writes that got no definite answer, by their call.
    pub(super) unsettled: Vec<(usize, Request)>,
}

impl Known {
    /// Takes an answer to a call into account.
    pub(super) fn learn(
        &mut self,
        call: usize,
        request: &Request,
        outcome: &Outcome,
        tokens: Option<Tokens>,
    ) {
        match request {
            Request::Create { handle, email, .. } => {
                self.touched.insert(handle.clone());
                self.emails.push(email.clone());
            }
            Request::Rename { handle, .. } => {
                self.touched.insert(handle.clone());
            }
            _ => {}
        }
        match outcome {
            Outcome::Organization(seen) => self.see(seen),
            Outcome::Organizations(all) => all.iter().for_each(|seen| self.see(seen)),
            Outcome::Refused(reason) if reason == "ORGANIZATION_NOT_FOUND" => self.miss(request),
            Outcome::Unknown(_) if is_write(request) => self.unsettled.push((call, request.clone())),
            Outcome::Granted
            | Outcome::Refreshed(_)
            | Outcome::Done
            | Outcome::Refused(_)
            | Outcome::Unknown(_) => {}
        }
        match (request, outcome) {
            (Request::Create { email, .. }, Outcome::Organization(seen)) => {
                if let Some(organization) = self.organizations.get_mut(&seen.id)
                    && organization.email.is_none()
                {
                    organization.email = Some(email.clone());
                    organization.emails = vec![email.clone()];
                }
            }
            (
                Request::ChangeEmail {
                    organization, email, ..
                },
                _,
            ) => {
                if let Some(organization) = self.organizations.get_mut(organization)
                    && !organization.emails.contains(email)
                {
                    organization.emails.push(email.clone());
                }
            }
            _ => {}
        }
        let whose = match request {
            Request::Login { organization, .. } => Some(*organization),
            other => other.token().map(|(organization, _)| organization),
        };
        if let Some(organization) = whose.and_then(|id| self.organizations.get_mut(&id)) {
            organization.learn(call, request, outcome, tokens);
        }
    }

    fn see(&mut self, seen: &Seen) {
        let organization = self.organizations.entry(seen.id).or_insert_with(|| Organization {
            id: seen.id,
            handle: seen.handle.clone(),
            state: seen.state,
            epoch: seen.epoch,
            email: None,
            emails: Vec::new(),
            brought: Vec::new(),
        });
        if organization.epoch <= seen.epoch {
            organization.handle.clone_from(&seen.handle);
            organization.state = seen.state;
            organization.epoch = seen.epoch;
        }
    }

    /// What is not found by its id is purged; a delete says so of a deleted one too.
    fn miss(&mut self, request: &Request) {
        let (id, state) = match request {
            Request::Delete { organization } => (organization, State::Deleted),
            Request::Get { organization }
            | Request::Rename { organization, .. }
            | Request::Suspend { organization }
            | Request::Resume { organization }
            | Request::Undelete { organization } => (organization, State::Purged),
            _ => return,
        };
        if let Some(organization) = self.organizations.get_mut(id) {
            organization.state = state;
        }
    }

    pub(super) fn organizations(&self) -> impl Iterator<Item = &Organization> {
        self.organizations.values()
    }

    /// Those that were in one of these states when they were seen last.
    pub(super) fn in_state(&self, states: &[State]) -> Vec<&Organization> {
        self.organizations()
            .filter(|organization| states.contains(&organization.state))
            .collect()
    }

    /// What a call brought.
    pub(super) fn tokens(&self, organization: Uuid, call: usize) -> Option<Tokens> {
        let mut brought = self.organizations.get(&organization)?.brought.iter();
        let found = brought.find(|brought| brought.call == call)?;
        Some(found.tokens.clone())
    }
}

/// Whether a repeat settles what a lost answer left open.
fn is_write(request: &Request) -> bool {
    matches!(
        request,
        Request::Create { .. }
            | Request::Rename { .. }
            | Request::Suspend { .. }
            | Request::Resume { .. }
            | Request::Delete { .. }
            | Request::Undelete { .. }
            | Request::Refresh { .. }
            | Request::Logout { .. }
            | Request::RevokeAll { .. }
            | Request::ChangePassword { .. }
            | Request::ChangeEmail { .. }
    )
}
