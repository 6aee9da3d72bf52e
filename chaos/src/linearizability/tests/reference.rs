//! Servers in miniature, one step of one client after the other, and the histories that their clients write.

mod asking;
mod record;

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;
use uuid::Uuid;

use self::record::Record;
use super::super::Terms;
use crate::history::{Call, Micros, Outcome, Request, State};

/// What passes between two steps.
const TICK: Micros = 1_000;
const REST: Micros = 150 * TICK;
const RETENTION: Micros = 40 * TICK;

pub(super) fn terms() -> Terms {
    Terms {
        retention: Duration::from_micros(RETENTION),
        handle_rest: Duration::from_micros(REST),
        ahead: Vec::new(),
    }
}

#[derive(Clone, Debug)]
struct Client {
    call: Option<usize>,
    /// What it will be told, once that is certain.
    answer: Option<Outcome>,
}

/// The servers, their clients, and what these wrote down.
pub(super) struct World {
    rng: Rng,
    records: Vec<Record>,
    clients: Vec<Client>,
    /// Calls whose clients were told nothing, and which go on.
    lost: Vec<Client>,
    now: Micros,
    created: u128,
    made: u128,
    pub(super) calls: Vec<Call>,
    pub(super) barriers: Vec<Micros>,
}

impl World {
    /// A history of so many calls, of so many clients, over few handles.
    pub(super) fn history(seed: u64, calls: usize, clients: usize, barriers: usize) -> Self {
        let mut world = Self {
            rng: Rng::with_seed(seed),
            records: Vec::new(),
            clients: vec![
                Client {
                    call: None,
                    answer: None
                };
                clients
            ],
            lost: Vec::new(),
            now: 0,
            created: 0,
            made: 0,
            calls: Vec::new(),
            barriers: Vec::new(),
        };
        for barrier in 1..=barriers.max(1) {
            while world.calls.len() < calls * barrier / barriers.max(1) {
                world.tick();
            }
            world.come_to_rest();
        }
        world
    }

    fn tick(&mut self) {
        self.now += TICK;
        if self.rng.usize(0..20) == 0 {
            self.by_itself();
        }
        let lost = self.lost.len();
        let drawn = self.rng.usize(0..self.clients.len() + lost);
        if let Some(index) = drawn.checked_sub(self.clients.len()) {
            let mut client = self.lost.swap_remove(index);
            self.advance(&mut client);
            if client.answer.is_none() {
                self.lost.push(client);
            }
        } else {
            let mut client = self.clients[drawn].clone();
            self.serve(&mut client);
            self.clients[drawn] = client;
            if let Some(index) = self.clients[drawn].call {
                self.calls[index].client = drawn;
            }
        }
    }

    /// Invokes, goes on with, or answers a call.
    fn serve(&mut self, client: &mut Client) {
        match (client.call, client.answer.take()) {
            (None, _) => {
                let request = self.request();
                client.call = Some(self.calls.len());
                self.calls.push(Call {
                    client: 0,
                    request,
                    invoked: self.now,
                    returned: None,
                    outcome: None,
                });
            }
            (Some(call), Some(answer)) => {
                let answer = self.purged_meanwhile(call, &answer).unwrap_or(answer);
                self.answer(call, answer);
                client.call = None;
            }
            (Some(call), None) if self.rng.usize(0..25) == 0 => {
                self.answer(call, Outcome::Unknown("Unavailable".to_owned()));
                if self.rng.bool() || self.is_under_way(call) {
                    self.lost.push(client.clone());
                }
                client.call = None;
            }
            (Some(_), None) => self.advance(client),
        }
    }

    fn is_under_way(&self, call: usize) -> bool {
        self.records.iter().any(|record| record.under_way == Some(call))
    }

    fn answer(&mut self, call: usize, outcome: Outcome) {
        self.calls[call].returned = Some(self.now);
        self.calls[call].outcome = Some(outcome);
    }

    /// A delete goes on to a purge that is due by now.
    fn purged_meanwhile(&mut self, call: usize, answer: &Outcome) -> Option<Outcome> {
        let (Request::Delete { organization }, Outcome::Organization(_)) =
            (&self.calls[call].request, answer)
        else {
            return None;
        };
        let now = self.now;
        let record = self
            .records
            .iter_mut()
            .find(|record| record.id == *organization)?;
        if record.state == Some(State::Deleted) && record.under_way.is_none() && record.purge <= now {
            record.state = Some(State::Purged);
            record.epoch += 1;
        }
        (record.state == Some(State::Purged)).then(|| Outcome::Organization(record.seen()))
    }

    /// Goes on until no call is under way any more.
    fn come_to_rest(&mut self) {
        while !self.lost.is_empty() || self.clients.iter().any(|client| client.call.is_some()) {
            self.now += TICK;
            for mut client in std::mem::take(&mut self.lost) {
                self.advance(&mut client);
                if client.answer.is_none() {
                    self.lost.push(client);
                }
            }
            for index in 0..self.clients.len() {
                let mut client = self.clients[index].clone();
                if client.call.is_some() {
                    self.serve(&mut client);
                }
                self.clients[index] = client;
            }
        }
        self.now += TICK;
        self.barriers.push(self.now);
    }

    /// One step of a call: accepted, ended, or answered for good.
    fn advance(&mut self, client: &mut Client) {
        let Some(index) = client.call else { return };
        let request = self.calls[index].request.clone();
        if let Some(at) = self
            .records
            .iter()
            .position(|record| record.under_way == Some(index))
        {
            client.answer = Some(self.end(at, &request));
            return;
        }
        client.answer = match &request {
            Request::Create {
                request_id, handle, ..
            } => self.begin_create(index, *request_id, handle),
            Request::List => {
                let shown = self.records.iter().filter(|record| record.is_shown());
                Some(Outcome::Organizations(shown.map(Record::seen).collect()))
            }
            Request::Find { handle } => {
                let shown = |record: &&Record| record.is_shown() && record.state != Some(State::Deleted);
                let found = self
                    .records
                    .iter()
                    .filter(shown)
                    .find(|record| record.handles.get(handle) == Some(&None));
                Some(found.map_or_else(not_found, |record| Outcome::Organization(record.seen())))
            }
            Request::Get { organization } => {
                let found = self
                    .records
                    .iter()
                    .find(|record| record.id == *organization && record.is_shown());
                Some(found.map_or_else(not_found, |record| Outcome::Organization(record.seen())))
            }
            request => self.begin_write(index, request),
        };
    }

    fn begin_create(&mut self, call: usize, request_id: Uuid, handle: &str) -> Option<Outcome> {
        if let Some(record) = self
            .records
            .iter()
            .find(|record| record.request_id == Some(request_id))
        {
            return record.state.map(|_| Outcome::Organization(record.seen()));
        }
        if let Err(refused) = self.take(None, handle) {
            return Some(refused);
        }
        self.made += 1;
        self.records.push(Record {
            id: Uuid::from_u128(self.made),
            state: None,
            handle: handle.to_owned(),
            handles: BTreeMap::from([(handle.to_owned(), None)]),
            epoch: 1,
            home: handle.to_owned(),
            before: State::Active,
            purge: 0,
            under_way: Some(call),
            request_id: Some(request_id),
        });
        None
    }

    /// Whether the handle may be taken; one that has rested is let go of.
    fn take(&mut self, by: Option<Uuid>, handle: &str) -> Result<(), Outcome> {
        let now = self.now;
        let holder = self
            .records
            .iter_mut()
            .find(|record| record.handles.contains_key(handle));
        match holder {
            Some(holder) if Some(holder.id) == by => Ok(()),
            Some(holder) => match holder.handles.get(handle) {
                Some(Some(until)) if *until <= now && holder.under_way.is_none() => {
                    holder.handles.remove(handle);
                    Ok(())
                }
                Some(Some(_)) => Err(Outcome::Refused("HANDLE_RESTING".to_owned())),
                _ => Err(Outcome::Refused("HANDLE_TAKEN".to_owned())),
            },
            None => Ok(()),
        }
    }

    fn begin_write(&mut self, call: usize, request: &Request) -> Option<Outcome> {
        let (Request::Rename { organization, .. }
        | Request::Suspend { organization }
        | Request::Resume { organization }
        | Request::Delete { organization }
        | Request::Undelete { organization }) = request
        else {
            return None;
        };
        let at = self
            .records
            .iter()
            .position(|record| record.id == *organization)?;
        let record = self.records[at].clone();
        if record.under_way.is_some() {
            return None;
        }
        let deleted = record.state == Some(State::Deleted);
        if !record.is_shown() || (deleted && matches!(request, Request::Delete { .. })) {
            return Some(not_found());
        }
        let unchanged = match request {
            Request::Undelete { .. } => !deleted,
            _ if deleted => return Some(Outcome::Refused("ORGANIZATION_STATE".to_owned())),
            Request::Rename { handle, .. } => *handle == record.handle,
            Request::Suspend { .. } => record.state == Some(State::Suspended),
            Request::Resume { .. } => record.state == Some(State::Active),
            _ => false,
        };
        if unchanged {
            return Some(Outcome::Organization(record.seen()));
        }
        let taken = match request {
            Request::Rename { handle, .. } => Some(handle.clone()),
            Request::Undelete { .. } => Some(record.handle.clone()),
            _ => None,
        };
        if let Some(Err(refused)) = taken.as_ref().map(|handle| self.take(Some(record.id), handle)) {
            return Some(refused);
        }
        self.records[at].accept(call, request, taken);
        None
    }

    fn end(&mut self, at: usize, request: &Request) -> Outcome {
        let now = self.now;
        if let Request::Create { email, .. } = request
            && email == "taken"
        {
            self.records.remove(at);
            return Outcome::Refused("EMAIL_TAKEN".to_owned());
        }
        let record = &mut self.records[at];
        record.under_way = None;
        match request {
            Request::Create { .. } | Request::Resume { .. } => record.state = Some(State::Active),
            Request::Rename { handle, .. } => record.handle.clone_from(handle),
            Request::Undelete { .. } => record.state = Some(record.before),
            Request::Delete { .. } => record.purge = now + RETENTION,
            _ => {}
        }
        let current = (record.state != Some(State::Deleted)).then(|| record.handle.clone());
        for (held, until) in &mut record.handles {
            if Some(held) != current.as_ref() {
                until.get_or_insert(now + REST);
            }
        }
        Outcome::Organization(record.seen())
    }

    /// What the reconciler does: a purge that is due, or a repair.
    fn by_itself(&mut self) {
        let now = self.now;
        for record in self
            .records
            .iter_mut()
            .filter(|record| record.under_way.is_none() && record.is_shown())
        {
            if record.state == Some(State::Deleted) && record.purge <= now {
                record.state = Some(State::Purged);
                record.epoch += 1;
            } else if self.rng.usize(0..30) == 0 {
                record.epoch += 1;
            }
        }
    }
}

fn not_found() -> Outcome {
    Outcome::Refused("ORGANIZATION_NOT_FOUND".to_owned())
}
