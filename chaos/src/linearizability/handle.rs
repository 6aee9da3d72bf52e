//! One handle as a register: who holds it, and how.
//!
//! A create or a rename takes it with the first step and shows it with the second; a create that is refused for its
//! e-mail takes it for a while. A rename away and a delete give it up in two steps, and then it rests: for others
//! until the rest is over, not for its owner. Whose organization a create made is known from the answers; where nobody
//! was told, any organization first seen under this handle may be it.

use uuid::Uuid;

use super::{
    Terms,
    search::{DONE, Interval, Phase, Register},
};
use crate::history::{Call, Micros, Outcome, Request, Seen, State};

/// Of a refusal that saw two holders, one after the other.
const SAW_ANOTHER: Phase = 2;

/// Who holds the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Nobody,
    Held { by: Owner, how: How, since: Micros },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Organization(Uuid),
    /// What the create with this request id makes, of which nobody was told.
    Create(Uuid),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum How {
    /// By a create under way.
    Reserved,
    /// By a rename under way.
    Target,
    Current,
    /// A rename away is under way.
    Leaving,
    Deleting,
    /// Given up by a rename.
    Resting,
    /// Given up by a delete: taken again when that is taken back.
    RestingDeleted,
    Undeleting,
}

use How::{Current, Deleting, Leaving, Reserved, Resting, RestingDeleted, Target, Undeleting};

/// The calls that concern one handle.
pub(super) struct Handle<'h> {
    pub(super) handle: &'h str,
    pub(super) calls: Vec<(Interval, &'h Call)>,
    /// Which organization a create's request id made, as far as anybody was told.
    pub(super) owner_of: &'h dyn Fn(Uuid) -> Owner,
    /// Organizations first seen under this handle of whose create nobody was told.
    pub(super) foundlings: Vec<Uuid>,
    /// Request ids that came with several calls.
    pub(super) repeated: &'h dyn Fn(Uuid) -> bool,
    pub(super) terms: &'h Terms,
}

type Steps = Vec<(Holder, Phase)>;

impl Register for Handle<'_> {
    type State = Holder;

    fn initial(&self) -> Holder {
        Holder::Nobody
    }

    fn steps(&self, holder: &Holder, place: usize, phase: Phase, latest: Micros) -> Steps {
        let Some((interval, call)) = self.calls.get(place) else {
            return Vec::new();
        };
        let step = Step {
            register: self,
            holder,
            phase,
            latest,
            from: interval.from,
            seen: call.seen(),
        };
        if let Some(Outcome::Refused(reason)) = &call.outcome {
            return match &call.request {
                Request::Create { request_id, .. } if !is_about_the_handle(reason) => {
                    step.rolled_back(*request_id)
                }
                Request::Create { request_id, .. } => step.refused((self.owner_of)(*request_id), reason),
                Request::Rename { organization, .. } => {
                    step.refused(Owner::Organization(*organization), reason)
                }
                _ => step.fits(!holder.is_shown()),
            };
        }
        match &call.request {
            Request::Create {
                request_id, handle, ..
            } if handle == self.handle => step.create(*request_id),
            Request::Rename { organization, handle } if handle == self.handle => step.take(*organization),
            Request::Rename { organization, .. } => step.leave(*organization),
            Request::Delete { organization } => step.delete(*organization),
            Request::Undelete { organization } => step.undelete(*organization),
            Request::List => step.fits(match &call.outcome {
                Some(Outcome::Organizations(all)) => all.iter().all(|seen| self.agrees(holder, seen)),
                _ => true,
            }),
            Request::Find { handle } if handle == self.handle => {
                step.fits(call.seen().is_some_and(|seen| self.is_found(holder, seen)))
            }
            _ => step.fits(call.seen().is_none_or(|seen| self.agrees(holder, seen))),
        }
    }
}

/// Whether a create's refusal says something of the handle's holder.
fn is_about_the_handle(reason: &str) -> bool {
    matches!(reason, "HANDLE_TAKEN" | "HANDLE_RESTING")
}

impl Holder {
    fn held(by: Owner, how: How) -> Self {
        Self::Held { by, how, since: 0 }
    }

    /// How this owner holds it.
    fn how_by(&self, owner: Owner) -> Option<How> {
        match self {
            Self::Held { by, how, .. } if *by == owner => Some(*how),
            _ => None,
        }
    }

    /// Whether looking for the handle finds somebody.
    fn is_shown(&self) -> bool {
        matches!(
            self,
            Self::Held {
                how: Target | Current | Leaving,
                ..
            }
        )
    }
}

impl Handle<'_> {
    /// Whether a look for the handle may have been answered so.
    fn is_found(&self, holder: &Holder, seen: &Seen) -> bool {
        match holder.how_by(Owner::Organization(seen.id)) {
            Some(Current | Leaving) => seen.handle == self.handle,
            Some(Target) => seen.handle != self.handle,
            _ => false,
        }
    }

    /// Whether an answer about some organization goes with who holds the handle.
    fn agrees(&self, holder: &Holder, seen: &Seen) -> bool {
        let how = holder.how_by(Owner::Organization(seen.id));
        let own = seen.handle == self.handle;
        match (seen.state, own) {
            (State::Active | State::Suspended, true) => matches!(how, Some(Current | Leaving)),
            (State::Active | State::Suspended, false) => {
                matches!(how, None | Some(Reserved | Target | Resting))
            }
            (State::Deleted | State::Purged, true) => !matches!(how, Some(Target | Current | Leaving)),
            (State::Deleted | State::Purged, false) => matches!(how, None | Some(Resting)),
        }
    }
}

/// A call's next step, and where it is taken.
struct Step<'s, 'h> {
    register: &'s Handle<'h>,
    holder: &'s Holder,
    phase: Phase,
    latest: Micros,
    from: Micros,
    /// The organization in the answer.
    seen: Option<&'s Seen>,
}

impl Step<'_, '_> {
    fn fits(&self, fits: bool) -> Steps {
        self.done(fits.then_some(*self.holder))
    }

    fn done(&self, holder: Option<Holder>) -> Steps {
        holder.into_iter().map(|holder| (holder, DONE)).collect()
    }

    fn to(&self, by: Owner, how: How, phase: Phase) -> Steps {
        vec![(Holder::held(by, how), phase)]
    }

    /// Gives it up, or begins to: the rest is counted from here.
    fn give_up(&self, by: Owner, how: How, phase: Phase) -> Steps {
        let since = match self.holder {
            Holder::Held { since, .. } if phase == DONE => *since,
            _ => self.from,
        };
        vec![(Holder::Held { by, how, since }, phase)]
    }

    /// Whether the answer, if there is one, shows the organization under this handle.
    fn shows(&self, own: bool) -> bool {
        self.seen
            .is_none_or(|seen| (seen.handle == self.register.handle) == own)
    }

    fn is_free(&self) -> bool {
        match self.holder {
            Holder::Nobody => true,
            Holder::Held {
                how: Resting | RestingDeleted,
                since,
                ..
            } => {
                let terms = self.register.terms;
                terms.may_have_passed(terms.handle_rest, *since, self.latest)
            }
            Holder::Held { .. } => false,
        }
    }

    fn create(&self, request_id: Uuid) -> Steps {
        let owner = (self.register.owner_of)(request_id);
        if self.phase == 0 {
            let mut steps = self.reserved(owner);
            if let Some(seen) = self.seen
                && (self.register.repeated)(request_id)
                && self.register.agrees(self.holder, seen)
            {
                steps.push((*self.holder, DONE));
            }
            return steps;
        }
        if self.holder.how_by(owner) != Some(Reserved) {
            return Vec::new();
        }
        let mut steps = self.to(owner, Current, DONE);
        if self.seen.is_none() {
            if matches!(owner, Owner::Create(_)) {
                let foundlings = self.register.foundlings.iter();
                let taken_for = foundlings.map(|id| (Holder::held(Owner::Organization(*id), Current), DONE));
                steps.extend(taken_for);
            }
            steps.push((Holder::Nobody, DONE));
        }
        steps
    }

    fn reserved(&self, owner: Owner) -> Steps {
        if self.is_free() {
            self.to(owner, Reserved, 1)
        } else {
            Vec::new()
        }
    }

    /// A create that was refused for another reason than the handle: that was reserved, and is free again.
    fn rolled_back(&self, request_id: Uuid) -> Steps {
        let owner = (self.register.owner_of)(request_id);
        match self.phase {
            0 => self.reserved(owner),
            _ => self.done((self.holder.how_by(owner) == Some(Reserved)).then_some(Holder::Nobody)),
        }
    }

    /// Somebody else holds it; or did when the write was tried, and then the caller's own did, when it was asked why.
    fn refused(&self, own: Owner, reason: &str) -> Steps {
        let Holder::Held { by, how, .. } = self.holder else {
            return Vec::new();
        };
        let resting = matches!(how, Resting | RestingDeleted);
        let as_told = resting == (reason == "HANDLE_RESTING");
        match (self.phase, *by == own) {
            (SAW_ANOTHER, true) | (0, false) if as_told => self.done(Some(*self.holder)),
            (0, false) => vec![(*self.holder, SAW_ANOTHER)],
            _ => Vec::new(),
        }
    }

    /// A rename to this handle.
    fn take(&self, organization: Uuid) -> Steps {
        let owner = Owner::Organization(organization);
        match (self.phase, self.holder.how_by(owner)) {
            (0, Some(Current)) => self.fits(self.seen.is_some()),
            (0, Some(Resting)) => self.to(owner, Target, 1),
            (0, None) if self.is_free() => self.to(owner, Target, 1),
            (1, Some(Target)) => self.to(owner, Current, DONE),
            _ => Vec::new(),
        }
    }

    /// A rename to another handle.
    fn leave(&self, organization: Uuid) -> Steps {
        let owner = Owner::Organization(organization);
        match (self.phase, self.holder.how_by(owner)) {
            (0, Some(Current)) => self.give_up(owner, Leaving, 1),
            (0, None | Some(Resting)) => self.fits(self.seen.is_some()),
            (1, Some(Leaving)) => self.give_up(owner, Resting, DONE),
            _ => Vec::new(),
        }
    }

    fn delete(&self, organization: Uuid) -> Steps {
        let owner = Owner::Organization(organization);
        match (self.phase, self.holder.how_by(owner)) {
            (0, Some(Current)) if self.shows(true) => self.give_up(owner, Deleting, 1),
            (0, None | Some(Resting)) => self.fits(self.seen.is_some() && self.shows(false)),
            (1, Some(Deleting)) => self.give_up(owner, RestingDeleted, DONE),
            _ => Vec::new(),
        }
    }

    fn undelete(&self, organization: Uuid) -> Steps {
        let owner = Owner::Organization(organization);
        match (self.phase, self.holder.how_by(owner)) {
            (0, Some(Current)) => self.fits(self.seen.is_some() && self.shows(true)),
            (0, Some(RestingDeleted)) if self.shows(true) => self.to(owner, Undeleting, 1),
            (0, None) if self.seen.is_none() => self.undeleted_anew(owner),
            (0, None) if self.shows(true) => self.undeleted_anew(owner),
            (0, None | Some(Resting)) => self.fits(self.seen.is_some() && self.shows(false)),
            (1, Some(Undeleting)) => self.to(owner, Current, DONE),
            _ => Vec::new(),
        }
    }

    /// Its rest was over, and it was let go.
    fn undeleted_anew(&self, owner: Owner) -> Steps {
        if self.is_free() {
            self.to(owner, Undeleting, 1)
        } else {
            Vec::new()
        }
    }
}
