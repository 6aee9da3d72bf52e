//! What a client asks for next: drawn from its seed, over what is known.

use fastrand::Rng;
use uuid::{Builder, Uuid};

use super::known::{Known, Organization};
use crate::history::{Request, State};

/// Handles that creates and renames fight for.
pub(super) const POOL: usize = 6;
/// With more organizations in use than this, deletes are likelier than creates.
const MANY: usize = 12;
/// One create in so many comes with an e-mail that was used before.
const USED_EMAIL: usize = 6;
/// One refresh in so many comes with a token that may be used up, or one whose session has ended.
const OLD_TOKEN: usize = 5;

const IN_USE: [State; 2] = [State::Active, State::Suspended];
const NOT_PURGED: [State; 3] = [State::Active, State::Suspended, State::Deleted];

/// One of the handles that are fought for.
pub(super) fn pool_handle(index: usize) -> String {
    format!("pool_{index}")
}

#[derive(Clone, Copy)]
enum Kind {
    Create,
    Rename,
    Suspend,
    Resume,
    Delete,
    Undelete,
    Get,
    Find,
    List,
    Login,
    Validate,
    Visit,
    Refresh,
    Logout,
    RevokeAll,
    ChangePassword,
    ChangeEmail,
}

/// How often each is asked for while there are few organizations, and while there are many.
const WEIGHTS: [(Kind, usize, usize); 17] = [
    (Kind::Create, 22, 4),
    (Kind::Rename, 16, 16),
    (Kind::Suspend, 7, 7),
    (Kind::Resume, 8, 8),
    (Kind::Delete, 7, 24),
    (Kind::Undelete, 7, 4),
    (Kind::Get, 12, 12),
    (Kind::Find, 10, 10),
    (Kind::List, 1, 1),
    (Kind::Login, 10, 10),
    (Kind::Validate, 8, 8),
    (Kind::Visit, 4, 4),
    (Kind::Refresh, 8, 8),
    (Kind::Logout, 3, 3),
    (Kind::RevokeAll, 3, 3),
    (Kind::ChangePassword, 3, 3),
    (Kind::ChangeEmail, 4, 4),
];

/// What the client asks for next.
pub(super) fn next(rng: &mut Rng, known: &Known) -> Request {
    let many = known.in_state(&IN_USE).len() >= MANY;
    let weight = |(_, few, much): &(Kind, usize, usize)| if many { *much } else { *few };
    let mut drawn = rng.usize(0..WEIGHTS.iter().map(weight).sum());
    let kind = WEIGHTS.iter().find(|entry| {
        let hit = drawn < weight(entry);
        drawn = drawn.saturating_sub(weight(entry));
        hit
    });
    let kind = kind.map_or(Kind::Create, |(kind, ..)| *kind);
    // What needs an organization begins with one.
    request(kind, rng, known).unwrap_or_else(|| create(rng, known))
}

fn request(kind: Kind, rng: &mut Rng, known: &Known) -> Option<Request> {
    Some(match kind {
        Kind::Create => create(rng, known),
        Kind::List => Request::List,
        Kind::Find => Request::Find {
            handle: handle_to_find(rng, known),
        },
        Kind::Rename => {
            let organization = any_of(rng, known, &IN_USE)?.id;
            Request::Rename {
                organization,
                handle: new_handle(rng, known, organization),
            }
        }
        Kind::Suspend => Request::Suspend {
            organization: likely(rng, known, State::Active)?.id,
        },
        Kind::Resume => Request::Resume {
            organization: likely(rng, known, State::Suspended)?.id,
        },
        Kind::Delete => Request::Delete {
            organization: any_of(rng, known, &IN_USE)?.id,
        },
        Kind::Undelete => Request::Undelete {
            organization: likely(rng, known, State::Deleted)?.id,
        },
        Kind::Get => Request::Get {
            organization: any_of(rng, known, &NOT_PURGED)?.id,
        },
        Kind::Login => {
            let whose = any_with(rng, known, |one| one.email.is_some())?;
            // Nobody may have been told of the last change.
            let emails: Vec<_> = whose.emails.iter().chain(&whose.email).collect();
            let email = rng.choice(emails)?.clone();
            let organization = whose.id;
            Request::Login { organization, email }
        }
        other => with_token(other, rng, known)?,
    })
}

/// A call of an admin who has logged in.
fn with_token(kind: Kind, rng: &mut Rng, known: &Known) -> Option<Request> {
    let looks = matches!(kind, Kind::Validate | Kind::Visit);
    let old = matches!(kind, Kind::Refresh) && rng.usize(0..OLD_TOKEN) == 0;
    let candidates = |one: &Organization| -> Vec<usize> {
        if looks || old {
            one.asked_about().collect()
        } else {
            one.newest()
        }
    };
    let whose = any_with(rng, known, |one| !candidates(one).is_empty())?;
    let organization = whose.id;
    let token = rng.choice(candidates(whose))?;
    Some(match kind {
        Kind::Validate => Request::Validate { organization, token },
        Kind::Visit => Request::Visit { organization, token },
        Kind::Refresh => Request::Refresh { organization, token },
        Kind::Logout => Request::Logout { organization, token },
        Kind::RevokeAll => Request::RevokeAll {
            organization,
            token,
            keep_current: rng.bool(),
        },
        Kind::ChangePassword => Request::ChangePassword { organization, token },
        Kind::ChangeEmail => Request::ChangeEmail {
            organization,
            token,
            email: other_email(whose)?,
        },
        _ => return None,
    })
}

/// An admin has two e-mails to go between: the create's, and one beside it.
fn other_email(organization: &Organization) -> Option<String> {
    let first = organization.emails.first()?;
    if organization.email.as_ref() == Some(first) {
        Some(format!("moved.{first}"))
    } else {
        Some(first.clone())
    }
}

/// A login of an organization's admin.
pub(super) fn login(organization: &Organization) -> Option<Request> {
    let email = organization.email.clone()?;
    Some(Request::Login {
        organization: organization.id,
        email,
    })
}

fn create(rng: &mut Rng, known: &Known) -> Request {
    let request_id = uuid(rng);
    let handle = if rng.bool() {
        pool_handle(rng.usize(0..POOL))
    } else {
        fresh_handle(rng)
    };
    let used = (rng.usize(0..USED_EMAIL) == 0)
        .then(|| rng.choice(&known.emails))
        .flatten()
        .cloned();
    let email = used.unwrap_or_else(|| format!("admin@{}.example", request_id.simple()));
    Request::Create {
        request_id,
        handle,
        email,
    }
}

fn new_handle(rng: &mut Rng, known: &Known, organization: Uuid) -> String {
    match rng.usize(0..10) {
        0..5 => pool_handle(rng.usize(0..POOL)),
        // The same again, or back to one that rests.
        5 => {
            let own = known.organizations().find(|one| one.id == organization);
            own.map_or_else(|| fresh_handle(rng), |own| own.handle.clone())
        }
        6 => rng
            .choice(&known.touched)
            .cloned()
            .unwrap_or_else(|| fresh_handle(rng)),
        _ => fresh_handle(rng),
    }
}

fn handle_to_find(rng: &mut Rng, known: &Known) -> String {
    let touched = if rng.bool() {
        rng.choice(&known.touched).cloned()
    } else {
        None
    };
    touched.unwrap_or_else(|| pool_handle(rng.usize(0..POOL)))
}

fn fresh_handle(rng: &mut Rng) -> String {
    format!("fresh_{:08x}", rng.u32(..))
}

fn uuid(rng: &mut Rng) -> Uuid {
    Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

/// Most often one that is in this state; now and then another, which is refused or answered as it is.
fn likely<'k>(rng: &mut Rng, known: &'k Known, state: State) -> Option<&'k Organization> {
    if rng.usize(0..5) == 0 {
        return any_of(rng, known, &NOT_PURGED);
    }
    any_of(rng, known, &[state]).or_else(|| any_of(rng, known, &NOT_PURGED))
}

fn any_of<'k>(rng: &mut Rng, known: &'k Known, states: &[State]) -> Option<&'k Organization> {
    any_with(rng, known, |one| states.contains(&one.state))
}

fn any_with<'k>(
    rng: &mut Rng,
    known: &'k Known,
    fits: impl Fn(&Organization) -> bool,
) -> Option<&'k Organization> {
    let fitting: Vec<&Organization> = known.organizations().filter(|one| fits(one)).collect();
    rng.choice(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::{Outcome, Seen},
        load::known::Tokens,
    };

    /// What a server that does everything would answer.
    fn answer(call: usize, request: &Request) -> Outcome {
        match request {
            Request::Create {
                request_id, handle, ..
            } => Outcome::Organization(Seen::told(*request_id, handle, State::Active, 1)),
            Request::Login { .. } => Outcome::Granted,
            Request::Refresh { .. } => Outcome::Refreshed(call as u64),
            request if request.token().is_some() => Outcome::Done,
            _ => Outcome::Unknown(String::new()),
        }
    }

    fn plan(seed: u64) -> Vec<Request> {
        let mut rng = Rng::with_seed(seed);
        let mut known = Known::default();
        (0..400)
            .map(|call| {
                let request = next(&mut rng, &known);
                let tokens = Tokens {
                    access: String::new(),
                    refresh: String::new(),
                };
                known.learn(call, &request, &answer(call, &request), Some(tokens));
                request
            })
            .collect()
    }

    #[test]
    fn a_seed_gives_one_plan_and_another_seed_another() {
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn every_kind_of_call_is_planned_and_some_e_mails_twice() {
        let plan = plan(7);
        let kinds: std::collections::HashSet<_> = plan.iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), WEIGHTS.len(), "{kinds:?}");
        let emails = plan.iter().filter_map(|request| match request {
            Request::Create { email, .. } => Some(email),
            _ => None,
        });
        let (all, distinct) = (
            emails.clone().count(),
            emails.collect::<std::collections::HashSet<_>>().len(),
        );
        assert!(distinct < all, "{distinct} of {all}");
    }
}
