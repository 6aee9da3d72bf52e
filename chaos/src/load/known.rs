//! What the clients know of the servers, from what they were told.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::history::{Outcome, Request, Seen, State};

/// Tokens of each organization that are asked about: the youngest.
const TOKENS: usize = 3;

/// An organization as it was when an answer showed it last.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) id: Uuid,
    pub(super) handle: String,
    pub(super) state: State,
    pub(super) epoch: i64,
    /// Its admin's, where its create was answered.
    pub(super) email: Option<String>,
    /// The logins' calls and what they brought. All of them: somebody may be about to ask about an old one.
    tokens: Vec<(usize, String)>,
}

impl Organization {
    /// The calls of the logins whose tokens are asked about.
    pub(super) fn logins(&self) -> impl ExactSizeIterator<Item = usize> {
        self.tokens.iter().rev().take(TOKENS).map(|(login, _)| *login)
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
    pub(super) fn learn(&mut self, call: usize, request: &Request, outcome: &Outcome, token: Option<String>) {
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
            Outcome::Granted | Outcome::Refused(_) | Outcome::Unknown(_) => {}
        }
        match (request, outcome) {
            (Request::Create { email, .. }, Outcome::Organization(seen)) => {
                if let Some(organization) = self.organizations.get_mut(&seen.id) {
                    organization.email = Some(email.clone());
                }
            }
            (Request::Login { organization, .. }, Outcome::Granted) => self.keep(*organization, call, token),
            _ => {}
        }
    }

    fn see(&mut self, seen: &Seen) {
        let organization = self.organizations.entry(seen.id).or_insert_with(|| Organization {
            id: seen.id,
            handle: seen.handle.clone(),
            state: seen.state,
            epoch: seen.epoch,
            email: None,
            tokens: Vec::new(),
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

    fn keep(&mut self, organization: Uuid, call: usize, token: Option<String>) {
        let organization = self.organizations.get_mut(&organization);
        if let (Some(organization), Some(token)) = (organization, token) {
            organization.tokens.push((call, token));
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

    /// The token that a login's call brought.
    pub(super) fn token(&self, organization: Uuid, login: usize) -> Option<String> {
        let tokens = &self.organizations.get(&organization)?.tokens;
        tokens
            .iter()
            .find(|(call, _)| *call == login)
            .map(|(_, token)| token.clone())
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
    )
}
