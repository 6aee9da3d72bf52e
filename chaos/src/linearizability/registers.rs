//! Takes a history apart into registers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::{Terms, handle::Owner, search::Interval};
use crate::history::{Call, Micros, Outcome, Request, Seen};

/// A history, and what is known of all of it.
pub(super) struct Registers<'h> {
    pub(super) calls: &'h [Call],
    pub(super) terms: &'h Terms,
    barriers: &'h [Micros],
    /// Which organization was answered to a create's request id.
    told: HashMap<Uuid, Uuid>,
    /// How many calls came with a request id.
    requests: HashMap<Uuid, usize>,
    /// The handle under which an organization was seen first, and when that was answered.
    first_seen: BTreeMap<Uuid, (Micros, &'h str)>,
    handles: BTreeSet<&'h str>,
}

/// What answers show of organizations.
pub(crate) fn sightings(call: &Call) -> &[Seen] {
    match &call.outcome {
        Some(Outcome::Organization(seen)) => std::slice::from_ref(seen),
        Some(Outcome::Organizations(all)) => all,
        _ => &[],
    }
}

/// Whether it may have had an effect.
pub(crate) fn may_have_happened(call: &Call) -> bool {
    !matches!(call.outcome, Some(Outcome::Refused(_))) && !was_turned_away(call)
}

/// Whether org-service answered that it can ask nobody about the caller's token: then it has promised that nothing was
/// done. A create may have been rolled back instead.
fn was_turned_away(call: &Call) -> bool {
    let unasked =
        matches!(&call.outcome, Some(Outcome::Unknown(why)) if why == "Unavailable AUTH_UNAVAILABLE");
    unasked && !matches!(call.request, Request::Create { .. })
}

/// When its last effect may come: of a call without answer, at the next barrier.
pub(crate) fn last_instant(call: &Call, barriers: &[Micros]) -> Micros {
    let returned = call.returned.unwrap_or(call.invoked);
    match call.outcome {
        None | Some(Outcome::Unknown(_)) => {
            let barrier = barriers.iter().copied().find(|barrier| *barrier >= returned);
            barrier.unwrap_or(Micros::MAX)
        }
        Some(_) => returned,
    }
}

/// The organization that a call names.
fn named(request: &Request) -> Option<Uuid> {
    match request {
        Request::Rename { organization, .. }
        | Request::Suspend { organization }
        | Request::Resume { organization }
        | Request::Delete { organization }
        | Request::Undelete { organization }
        | Request::Get { organization } => Some(*organization),
        Request::Create { .. }
        | Request::Find { .. }
        | Request::List
        | Request::Login { .. }
        | Request::Validate { .. }
        | Request::Visit { .. }
        | Request::Refresh { .. }
        | Request::Logout { .. }
        | Request::RevokeAll { .. }
        | Request::ChangePassword { .. }
        | Request::ChangeEmail { .. } => None,
    }
}

impl<'h> Registers<'h> {
    pub(super) fn new(calls: &'h [Call], barriers: &'h [Micros], terms: &'h Terms) -> Self {
        let mut registers = Self {
            calls,
            terms,
            barriers,
            told: HashMap::new(),
            requests: HashMap::new(),
            first_seen: BTreeMap::new(),
            handles: BTreeSet::new(),
        };
        for call in calls {
            registers.note(call);
        }
        registers
    }

    fn note(&mut self, call: &'h Call) {
        match (&call.request, &call.outcome) {
            (
                Request::Create {
                    request_id, handle, ..
                },
                outcome,
            ) => {
                self.handles.insert(handle);
                *self.requests.entry(*request_id).or_default() += 1;
                if let Some(Outcome::Organization(seen)) = outcome {
                    self.told.entry(*request_id).or_insert(seen.id);
                }
            }
            (Request::Rename { handle, .. } | Request::Find { handle }, _) => {
                self.handles.insert(handle);
            }
            _ => {}
        }
        let at = call.returned.unwrap_or(Micros::MAX);
        for seen in sightings(call) {
            let first = self.first_seen.entry(seen.id).or_insert((at, &seen.handle));
            if at < first.0 {
                *first = (at, &seen.handle);
            }
        }
    }

    pub(super) fn organizations(&self) -> impl Iterator<Item = Uuid> {
        self.first_seen.keys().copied()
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &'h str> {
        self.handles.iter().copied()
    }

    pub(super) fn owner_of(&self, request_id: Uuid) -> Owner {
        let told = self.told.get(&request_id).copied();
        told.map_or(Owner::Create(request_id), Owner::Organization)
    }

    pub(super) fn is_repeated(&self, request_id: Uuid) -> bool {
        self.requests.get(&request_id).is_some_and(|calls| *calls > 1)
    }

    fn was_told_of(&self, organization: Uuid) -> bool {
        self.told.values().any(|told| *told == organization)
    }

    /// Organizations first seen under the handle of whose create nobody was told.
    pub(super) fn foundlings(&self, handle: &str) -> Vec<Uuid> {
        let under = self.first_seen.iter().filter(|(_, (_, first))| *first == handle);
        under
            .map(|(id, _)| *id)
            .filter(|id| !self.was_told_of(*id))
            .collect()
    }

    /// The calls that concern an organization, in the order in which they began.
    pub(super) fn of_organization(&self, id: Uuid) -> Vec<(Interval, &'h Call)> {
        let is_foundling = !self.was_told_of(id);
        let first = self.first_seen.get(&id).map(|(_, handle)| *handle);
        self.pick(|call| match (&call.request, &call.outcome) {
            (
                Request::Create {
                    request_id, handle, ..
                },
                outcome,
            ) => match outcome {
                Some(Outcome::Refused(_)) => false,
                Some(Outcome::Organization(seen)) => seen.id == id,
                _ if is_foundling => !self.told.contains_key(request_id) && Some(handle.as_str()) == first,
                _ => self.told.get(request_id) == Some(&id),
            },
            (Request::List, Some(Outcome::Organizations(_))) => true,
            (Request::Find { .. }, Some(Outcome::Organization(seen))) => seen.id == id,
            (Request::Get { .. }, Some(Outcome::Unknown(_)) | None) => false,
            (request, Some(Outcome::Refused(reason))) => {
                named(request) == Some(id) && tells_of_a_state(reason)
            }
            (request, _) => named(request) == Some(id),
        })
    }

    /// The calls that concern a handle, in the order in which they began.
    pub(super) fn of_handle(&self, wanted: &str) -> Vec<(Interval, &'h Call)> {
        let holders = self.holders(wanted);
        let of_holder = |id: &Uuid| holders.contains(id);
        let mut picked = self.pick(|call| match (&call.request, &call.outcome) {
            (Request::Create { handle, .. }, Some(Outcome::Refused(reason))) => {
                handle == wanted
                    && matches!(
                        reason.as_str(),
                        "HANDLE_TAKEN" | "HANDLE_RESTING" | "EMAIL_TAKEN" | "OVERLOADED"
                    )
            }
            (Request::Create { handle, .. }, _) => handle == wanted,
            (Request::Rename { handle, .. }, Some(Outcome::Refused(reason))) => {
                handle == wanted && matches!(reason.as_str(), "HANDLE_TAKEN" | "HANDLE_RESTING")
            }
            (Request::Find { handle }, Some(Outcome::Refused(_) | Outcome::Organization(_)))
                if handle == wanted =>
            {
                true
            }
            (Request::Rename { organization, .. }, _)
            | (
                Request::Delete { organization } | Request::Undelete { organization },
                None | Some(Outcome::Unknown(_)),
            ) => of_holder(organization),
            _ => sightings(call).iter().any(|seen| of_holder(&seen.id)),
        });
        for (interval, call) in &mut picked {
            interval.passive |= matches!(call.request, Request::Suspend { .. } | Request::Resume { .. });
        }
        picked
    }

    /// Organizations that may have held the handle at some time.
    fn holders(&self, wanted: &str) -> BTreeSet<Uuid> {
        let mut holders: BTreeSet<Uuid> = self.foundlings(wanted).into_iter().collect();
        for call in self.calls.iter().filter(|call| may_have_happened(call)) {
            match &call.request {
                Request::Create {
                    request_id, handle, ..
                } if handle == wanted => {
                    holders.extend(self.told.get(request_id));
                }
                Request::Rename { organization, handle } if handle == wanted => {
                    holders.insert(*organization);
                }
                _ => {}
            }
            let shown = sightings(call).iter().filter(|seen| seen.handle == wanted);
            holders.extend(shown.map(|seen| seen.id));
        }
        holders
    }

    fn pick(&self, concerns: impl Fn(&Call) -> bool) -> Vec<(Interval, &'h Call)> {
        let calls = self.calls.iter().enumerate();
        let calls = calls.filter(|(_, call)| !was_turned_away(call) && concerns(call));
        let mut picked: Vec<_> = calls
            .map(|(index, call)| (self.interval(index, call), call))
            .collect();
        picked.sort_by_key(|(interval, _)| interval.from);
        picked
    }

    fn interval(&self, index: usize, call: &Call) -> Interval {
        let (answered, passive) = match (&call.outcome, &call.request) {
            (None | Some(Outcome::Unknown(_)), _) => (false, false),
            // Whether it was rolled back, or refused before it began, nobody was told.
            (Some(Outcome::Refused(reason)), Request::Create { .. }) if reason == "OVERLOADED" => {
                (false, false)
            }
            (Some(Outcome::Refused(reason)), _) => (true, reason != "EMAIL_TAKEN"),
            (_, Request::Get { .. } | Request::Find { .. } | Request::List) => (true, true),
            _ => (true, false),
        };
        Interval {
            call: index,
            from: call.invoked,
            until: last_instant(call, self.barriers),
            answered,
            passive,
        }
    }
}

/// Whether a refusal says what the organization is; others (who may call, how busy it is) say nothing of it.
fn tells_of_a_state(reason: &str) -> bool {
    matches!(
        reason,
        "ORGANIZATION_NOT_FOUND" | "ORGANIZATION_STATE" | "HANDLE_TAKEN" | "HANDLE_RESTING"
    )
}
