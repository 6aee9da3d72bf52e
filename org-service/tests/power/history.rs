//! What the clients asked and were told, as it stands in the disk's log, and what they may rely on by then.

use std::collections::BTreeMap;

use org_service::domain::State;
use serde::{Deserialize, Serialize};
use tenantry_common::{
    clock::{Clock, Timestamp},
    id::OrganizationId,
    testing::ManualClock,
};
use uuid::Uuid;

/// A remark in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Note {
    /// From now on the clock may say this.
    Clock(Timestamp),
    /// A client is about to call.
    Asked { call: usize, request: Request },
    /// A client has its answer.
    Answered { call: usize, answer: Answer },
}

/// A call. Of one organization there is one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Create {
        request_id: Uuid,
        name: String,
        email: String,
    },
    Rename {
        id: OrganizationId,
        name: String,
    },
    Suspend(OrganizationId),
    Resume(OrganizationId),
    Delete(OrganizationId),
    Undelete(OrganizationId),
    Get(OrganizationId),
    /// With the right password; without an organization as the operator.
    Login {
        id: Option<OrganizationId>,
        email: String,
    },
}

/// What came of it. Nothing fails in these runs but what must.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    Organization(Seen),
    Token(String),
    /// Nothing happened, for this reason.
    Refused(String),
}

/// An organization as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub id: OrganizationId,
    pub handle: String,
    pub state: State,
    pub epoch: i64,
    pub purge_time: Option<Timestamp>,
}

/// An organization that was told of.
#[derive(Clone, Debug)]
pub struct Told {
    pub seen: Seen,
    /// Somebody was told that it is gone.
    pub purged: bool,
    /// What was asked and not answered, and when.
    pub under_way: Option<(Request, Timestamp)>,
}

/// A create that was asked for.
#[derive(Clone, Debug)]
pub struct Creation {
    pub request_id: Uuid,
    pub name: String,
    pub email: String,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created(OrganizationId),
    Refused,
    UnderWay,
}

/// A token that was given out.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    pub organization: Option<OrganizationId>,
    pub email: String,
    pub life: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Alive,
    /// What ends it was asked for.
    InDoubt,
    /// What ends it was answered.
    Dead,
}

/// What clients may rely on.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub clock: Timestamp,
    pub organizations: BTreeMap<OrganizationId, Told>,
    pub creations: Vec<Creation>,
    pub tokens: Vec<Token>,
    asked: BTreeMap<usize, Request>,
}

impl Ledger {
    pub fn of(notes: &[Note]) -> Self {
        let mut ledger = Self {
            clock: ManualClock::new().now(),
            organizations: BTreeMap::new(),
            creations: Vec::new(),
            tokens: Vec::new(),
            asked: BTreeMap::new(),
        };
        for note in notes {
            match note {
                Note::Clock(now) => ledger.clock = *now,
                Note::Asked { call, request } => ledger.asked(*call, request),
                Note::Answered { call, answer } => ledger.answered(*call, answer),
            }
        }
        ledger
    }

    fn asked(&mut self, call: usize, request: &Request) {
        self.asked.insert(call, request.clone());
        match request {
            Request::Create {
                request_id,
                name,
                email,
            } => {
                // A repeat says nothing new until it is answered.
                if self.creations.iter().all(|known| known.request_id != *request_id) {
                    self.creations.push(Creation {
                        request_id: *request_id,
                        name: name.clone(),
                        email: email.clone(),
                        outcome: Outcome::UnderWay,
                    });
                }
            }
            Request::Suspend(id) | Request::Delete(id) => {
                self.tokens_of(*id, Life::InDoubt);
                self.under_way(*id, request);
            }
            Request::Rename { id, .. } | Request::Resume(id) | Request::Undelete(id) => {
                self.under_way(*id, request);
            }
            Request::Get(_) | Request::Login { .. } => {}
        }
    }

    fn under_way(&mut self, id: OrganizationId, request: &Request) {
        if let Some(told) = self.organizations.get_mut(&id) {
            told.under_way = Some((request.clone(), self.clock));
        }
    }

    fn answered(&mut self, call: usize, answer: &Answer) {
        let request = self.asked.remove(&call).expect("what is answered was asked");
        if let Request::Create { request_id, .. } = &request {
            let known = |known: &&mut Creation| known.request_id == *request_id;
            let creation = self.creations.iter_mut().find(known).expect("it was asked for");
            creation.outcome = match answer {
                Answer::Organization(seen) => Outcome::Created(seen.id),
                _ => Outcome::Refused,
            };
        }
        match answer {
            Answer::Organization(seen) => self.told(seen, &request),
            Answer::Token(text) => {
                let Request::Login { id, email } = request else {
                    panic!("{request:?} is answered by a token")
                };
                self.tokens.push(Token {
                    text: text.clone(),
                    organization: id,
                    email,
                    life: Life::Alive,
                });
            }
            Answer::Refused(_) => self.refused(&request),
        }
    }

    fn told(&mut self, seen: &Seen, request: &Request) {
        let told = Told {
            seen: seen.clone(),
            purged: false,
            under_way: None,
        };
        self.organizations.insert(seen.id, told);
        if matches!(request, Request::Suspend(_) | Request::Delete(_)) {
            self.tokens_of(seen.id, Life::Dead);
        }
    }

    fn refused(&mut self, request: &Request) {
        match request {
            Request::Rename { id, .. }
            | Request::Suspend(id)
            | Request::Resume(id)
            | Request::Delete(id)
            | Request::Undelete(id) => {
                if let Some(told) = self.organizations.get_mut(id) {
                    told.under_way = None;
                }
            }
            // An operator is refused nothing but what is not there.
            Request::Get(id) => {
                if let Some(told) = self.organizations.get_mut(id) {
                    told.purged = true;
                }
            }
            Request::Create { .. } | Request::Login { .. } => {}
        }
    }

    fn tokens_of(&mut self, id: OrganizationId, life: Life) {
        for token in &mut self.tokens {
            if token.organization == Some(id) && token.life != Life::Dead {
                token.life = life;
            }
        }
    }
}
