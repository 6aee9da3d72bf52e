//! What the history tells of each organization's admin.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Entry, may_have_changed};
use crate::{
    history::{Call, Outcome, Request},
    load::WRONG_PRINCIPAL,
};

/// The calls of all admins, by what they are about.
pub(super) struct Admins<'h> {
    /// The logins, and all calls that showed a token, by organization.
    calls: HashMap<Uuid, Vec<Entry<'h>>>,
    /// The tokens that a call brought.
    tokens: HashMap<usize, Token>,
    /// The creates that were answered with an organization, the first of each.
    births: HashMap<Uuid, Entry<'h>>,
    /// Logins that were let in elsewhere: their e-mail had become another admin's.
    strangers: usize,
}

/// Which of a session's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    /// The login that the session began with.
    pub(super) login: usize,
    /// How many refreshes led to it.
    pub(super) refreshes: usize,
}

impl<'h> Admins<'h> {
    pub(super) fn new(calls: &'h [Call]) -> Self {
        let mut admins = Self {
            calls: HashMap::new(),
            tokens: HashMap::new(),
            births: HashMap::new(),
            strangers: 0,
        };
        for entry in calls.iter().enumerate() {
            admins.note(entry);
        }
        admins
    }

    fn note(&mut self, entry: Entry<'h>) {
        let (index, call) = entry;
        match (&call.request, &call.outcome) {
            (Request::Create { .. }, Some(Outcome::Organization(seen))) => {
                self.births.entry(seen.id).or_insert(entry);
            }
            (Request::Login { .. }, Some(Outcome::Granted)) => {
                let first = Token {
                    login: index,
                    refreshes: 0,
                };
                self.tokens.insert(index, first);
            }
            (Request::Login { .. }, Some(Outcome::Refused(reason))) if reason == WRONG_PRINCIPAL => {
                self.strangers += 1;
            }
            (Request::Refresh { token, .. }, Some(Outcome::Refreshed(_))) => {
                if let Some(used) = self.token(*token) {
                    let refreshes = used.refreshes + 1;
                    self.tokens.insert(index, Token { refreshes, ..used });
                }
            }
            _ => {}
        }
        let whose = match &call.request {
            Request::Login { organization, .. } => Some(*organization),
            other => other.token().map(|(organization, _)| organization),
        };
        if let Some(organization) = whose {
            self.calls.entry(organization).or_default().push(entry);
        }
    }

    /// Which token a call brought.
    pub(super) fn token(&self, call: usize) -> Option<Token> {
        self.tokens.get(&call).copied()
    }

    /// The login of the session whose token a call showed.
    pub(super) fn session(&self, call: &Call) -> Option<usize> {
        let (_, token) = call.request.token()?;
        Some(self.token(token)?.login)
    }

    /// All calls of an organization's admin, in the order of the history.
    pub(super) fn of(&self, organization: Uuid) -> &[Entry<'h>] {
        self.calls.get(&organization).map_or(&[], Vec::as_slice)
    }

    /// The create that was answered with the organization.
    pub(super) fn birth(&self, organization: Uuid) -> Option<Entry<'h>> {
        self.births.get(&organization).copied()
    }

    /// Whose this e-mail may have been at some time, as far as anybody was told.
    pub(super) fn owners(&self, wanted: &str) -> impl Iterator<Item = Uuid> {
        let born = self.births.iter().filter(move |(_, (_, create))| {
            matches!(&create.request, Request::Create { email, .. } if email == wanted)
        });
        let born = born.map(|(organization, _)| *organization);
        born.chain(self.claims(wanted).map(|(organization, _)| organization))
    }

    /// How many logins came to somebody else than they were for.
    pub(super) const fn strangers(&self) -> usize {
        self.strangers
    }

    /// The changes of an admin's e-mail that may have happened, and to what.
    pub(super) fn changes_of_email(&self, organization: Uuid) -> impl Iterator<Item = (Entry<'h>, &'h str)> {
        self.of(organization)
            .iter()
            .filter_map(|entry| match &entry.1.request {
                Request::ChangeEmail { email, .. } if may_have_changed(entry.1) => {
                    Some((*entry, email.as_str()))
                }
                _ => None,
            })
    }

    /// The changes by which admins may have taken this e-mail, and whose.
    pub(super) fn claims(&self, wanted: &str) -> impl Iterator<Item = (Uuid, Entry<'h>)> {
        self.calls.keys().flat_map(move |organization| {
            let changes = self.changes_of_email(*organization);
            let taking = changes.filter(move |(_, email)| *email == wanted);
            taking.map(|(entry, _)| (*organization, entry))
        })
    }
}
