//! One organization as a register.
//!
//! A write is accepted and ends: two steps. Restrictive states (SUSPENDED, DELETED) show from the first on, permissive
//! ones and a new handle from the second; the epoch and, of a rename, the collection's name change with the first. A
//! write is accepted only while no other is under way, and one that is already as wished changes nothing. Creating is
//! one step here, its end: nobody sees the organization before. A deleted one may be purged by itself once the
//! retention is over, and a repair by itself adds to the epoch and changes nothing else: both are supposed where an
//! answer needs them. A delete that takes longer than that shows the purge itself: a third step.

use std::rc::Rc;

use uuid::Uuid;

use super::{
    Terms,
    search::{DONE, Interval, Phase, Register},
};
use crate::history::{Call, Micros, Outcome, Request, Seen, State};

/// What there is to know of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Known {
    Unborn,
    Here(Here),
    Purged { epoch: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Here {
    epoch: i64,
    state: State,
    handle: Rc<str>,
    before_delete: State,
    /// Its end, and with it its purge, came after this instant.
    deleted: Micros,
    under_way: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Write {
    Rename(Rc<str>),
    Suspend,
    Resume,
    Delete,
    Undelete,
}

/// The calls that concern one organization.
pub(super) struct Organization<'h> {
    pub(super) id: Uuid,
    pub(super) calls: Vec<(Interval, &'h Call)>,
    pub(super) terms: &'h Terms,
}

impl Register for Organization<'_> {
    type State = Known;

    fn initial(&self) -> Known {
        Known::Unborn
    }

    fn steps(&self, known: &Known, place: usize, phase: Phase, latest: Micros) -> Vec<(Known, Phase)> {
        let Some((interval, call)) = self.calls.get(place) else {
            return Vec::new();
        };
        match (&call.request, phase) {
            (Request::Create { handle, .. }, _) => self.created(known, handle, call, latest),
            (Request::Get { .. } | Request::Find { .. } | Request::List, _) => {
                done(self.read(known, call, latest))
            }
            (request, 0) => self.begun(known, request, interval.from, call, latest),
            (_, 1) => self.ended(known, call, latest),
            _ => done(call.seen().and_then(|seen| self.seen(known, seen, latest))),
        }
    }
}

/// What is left of a delete whose answer shows a purge: that.
const PURGED: Phase = 2;

fn done(known: Option<Known>) -> Vec<(Known, Phase)> {
    known.into_iter().map(|known| (known, DONE)).collect()
}

impl Organization<'_> {
    /// A create that made it, or a repeat that found it.
    fn created(&self, known: &Known, handle: &str, call: &Call, latest: Micros) -> Vec<(Known, Phase)> {
        let born = Known::Here(Here {
            epoch: 1,
            state: State::Active,
            handle: handle.into(),
            before_delete: State::Active,
            deleted: 0,
            under_way: None,
        });
        match (&call.outcome, known) {
            (Some(Outcome::Organization(seen)), Known::Unborn) => {
                let first = seen.epoch == 1;
                done(self.seen(&born, seen, latest).filter(|_| first))
            }
            (Some(Outcome::Organization(seen)), _) => done(self.seen(known, seen, latest)),
            (_, Known::Unborn) => done(Some(born)),
            _ => Vec::new(),
        }
    }

    fn read(&self, known: &Known, call: &Call, latest: Micros) -> Option<Known> {
        match call.outcome.as_ref()? {
            Outcome::Organization(seen) => {
                let found = match &call.request {
                    Request::Find { handle } => known.is_found_by(handle),
                    _ => seen.state != State::Purged,
                };
                self.seen(known, seen, latest).filter(|_| found)
            }
            Outcome::Organizations(all) => match all.iter().find(|seen| seen.id == self.id) {
                Some(seen) => self.seen(known, seen, latest),
                None => self.absent(known, latest),
            },
            Outcome::Refused(_) => self.absent(known, latest),
            Outcome::Granted | Outcome::Refreshed(_) | Outcome::Done | Outcome::Unknown(_) => None,
        }
    }

    /// That an answer shows it so.
    fn seen(&self, known: &Known, seen: &Seen, latest: Micros) -> Option<Known> {
        match known {
            Known::Here(here) if here.shows(seen) => {
                let epoch = seen.epoch;
                Some(Known::Here(Here {
                    epoch,
                    ..here.clone()
                }))
            }
            Known::Here(here) if seen.state == State::Purged && seen.epoch > here.epoch => {
                let purged = Known::Purged { epoch: seen.epoch };
                self.is_purgeable(here, latest).then_some(purged)
            }
            Known::Purged { epoch } => {
                (seen.state == State::Purged && seen.epoch >= *epoch).then(|| known.clone())
            }
            _ => None,
        }
    }

    /// That an answer says that there is none.
    fn absent(&self, known: &Known, latest: Micros) -> Option<Known> {
        match known {
            Known::Here(here) => {
                let epoch = here.epoch + 1;
                self.is_purgeable(here, latest).then_some(Known::Purged { epoch })
            }
            Known::Unborn | Known::Purged { .. } => Some(known.clone()),
        }
    }

    fn is_purgeable(&self, here: &Here, latest: Micros) -> bool {
        let over = self
            .terms
            .may_have_passed(self.terms.retention, here.deleted, latest);
        here.state == State::Deleted && here.under_way.is_none() && over
    }

    /// The first step of a write: accepted, or answered without effect.
    fn begun(
        &self,
        known: &Known,
        request: &Request,
        from: Micros,
        call: &Call,
        latest: Micros,
    ) -> Vec<(Known, Phase)> {
        if let Some(Outcome::Refused(reason)) = &call.outcome {
            return done(self.refused(known, request, reason, latest));
        }
        let Known::Here(here) = known else {
            return Vec::new();
        };
        if here.under_way.is_some() {
            return Vec::new();
        }
        match (here.wished(request), call.seen()) {
            (Wished::Already, Some(seen)) => done(self.seen(known, seen, latest)),
            (Wished::Write(write), seen) => here
                .accepted(write, seen, from)
                .map(|here| (Known::Here(here), 1))
                .into_iter()
                .collect(),
            (Wished::Already, None) | (Wished::Refused, _) => Vec::new(),
        }
    }

    /// That a refusal is true, which changes nothing.
    fn refused(&self, known: &Known, request: &Request, reason: &str, latest: Micros) -> Option<Known> {
        let idle_in = |states: &[State]| match known {
            Known::Here(here) => here.under_way.is_none() && states.contains(&here.state),
            _ => false,
        };
        let holds = match (reason, request) {
            ("ORGANIZATION_NOT_FOUND", Request::Delete { .. }) if idle_in(&[State::Deleted]) => true,
            ("ORGANIZATION_NOT_FOUND", _) => return self.absent(known, latest),
            ("ORGANIZATION_STATE", _) => idle_in(&[State::Deleted]),
            (_, Request::Undelete { .. }) => idle_in(&[State::Deleted]),
            _ => idle_in(&[State::Active, State::Suspended]),
        };
        holds.then(|| known.clone())
    }

    /// The operation is at its end, and the answer shows that, or the purge that comes later.
    fn ended(&self, known: &Known, call: &Call, latest: Micros) -> Vec<(Known, Phase)> {
        let Known::Here(here) = known else {
            return Vec::new();
        };
        let Some(ended) = here.ended().map(Known::Here) else {
            return Vec::new();
        };
        match call.seen() {
            Some(seen) if seen.state == State::Purged => vec![(ended, PURGED)],
            Some(seen) => done(self.seen(&ended, seen, latest)),
            None => done(Some(ended)),
        }
    }
}

impl Known {
    /// Whether its handle leads to it: during a rename both do.
    fn is_found_by(&self, wanted: &str) -> bool {
        let Self::Here(here) = self else {
            return false;
        };
        let target = match &here.under_way {
            Some(Write::Rename(to)) => Some(&**to),
            _ => None,
        };
        here.state != State::Deleted && (&*here.handle == wanted || target == Some(wanted))
    }
}

/// What a write comes to, in a state.
enum Wished {
    Already,
    Write(Write),
    Refused,
}

impl Here {
    fn shows(&self, seen: &Seen) -> bool {
        let home = match (&self.under_way, self.state) {
            (_, State::Deleted | State::Purged) => String::new(),
            (Some(Write::Rename(to)), _) => format!("org_{to}"),
            _ => format!("org_{}", self.handle),
        };
        seen.state == self.state
            && seen.handle == *self.handle
            && seen.collection == home
            && seen.epoch >= self.epoch
    }

    fn wished(&self, request: &Request) -> Wished {
        let in_use = self.state != State::Deleted;
        match request {
            Request::Rename { handle, .. } if in_use && **handle == *self.handle => Wished::Already,
            Request::Rename { handle, .. } if in_use => Wished::Write(Write::Rename(handle.as_str().into())),
            Request::Suspend { .. } if self.state == State::Suspended => Wished::Already,
            Request::Suspend { .. } if in_use => Wished::Write(Write::Suspend),
            Request::Resume { .. } if self.state == State::Active => Wished::Already,
            Request::Resume { .. } if in_use => Wished::Write(Write::Resume),
            Request::Delete { .. } if in_use => Wished::Write(Write::Delete),
            Request::Undelete { .. } if in_use => Wished::Already,
            Request::Undelete { .. } => Wished::Write(Write::Undelete),
            _ => Wished::Refused,
        }
    }

    /// With the write accepted, under the epoch that the answer shows at its end.
    fn accepted(&self, write: Write, seen: Option<&Seen>, from: Micros) -> Option<Self> {
        let next = self.epoch + 1;
        let epoch = match seen {
            Some(seen) if seen.state != State::Purged => seen.epoch,
            _ => next,
        };
        let mut here = Self {
            epoch,
            ..self.clone()
        };
        match write {
            Write::Suspend => here.state = State::Suspended,
            Write::Delete => {
                here.before_delete = self.state;
                here.state = State::Deleted;
                here.deleted = from;
            }
            Write::Rename(_) | Write::Resume | Write::Undelete => {}
        }
        here.under_way = Some(write);
        (epoch >= next).then_some(here)
    }

    fn ended(&self) -> Option<Self> {
        let mut here = self.clone();
        match here.under_way.take()? {
            Write::Rename(to) => here.handle = to,
            Write::Resume => here.state = State::Active,
            Write::Undelete => {
                here.state = self.before_delete;
                here.deleted = 0;
            }
            Write::Suspend | Write::Delete => {}
        }
        Some(here)
    }
}
