mod every_order;
mod examples;
mod reference;

use fastrand::Rng;
use proptest::prelude::*;

use self::{
    every_order::is_explained,
    reference::{World, terms},
};
use super::{
    check, handle::Handle, intervals, organization::Organization, registers::Registers, search::search, *,
};
use crate::history::{Outcome, Request, Seen, State};

/// The search's verdict on every register, and that of trying every order.
fn verdicts(calls: &[Call], barriers: &[Micros]) -> Vec<(String, bool, bool)> {
    let terms = terms();
    let registers = Registers::new(calls, barriers, &terms);
    let mut verdicts = Vec::new();
    for id in registers.organizations() {
        let calls = registers.of_organization(id);
        let intervals = intervals(&calls);
        let register = Organization {
            id,
            calls,
            terms: &terms,
        };
        let found = search(&register, &intervals).stuck.is_none();
        verdicts.push((id.to_string(), found, is_explained(&register, &intervals)));
    }
    for handle in registers.handles() {
        let calls = registers.of_handle(handle);
        let intervals = intervals(&calls);
        let register = Handle {
            handle,
            calls,
            owner_of: &|request_id| registers.owner_of(request_id),
            foundlings: registers.foundlings(handle),
            repeated: &|request_id| registers.is_repeated(request_id),
            terms: &terms,
        };
        let found = search(&register, &intervals).stuck.is_none();
        verdicts.push((handle.to_owned(), found, is_explained(&register, &intervals)));
    }
    verdicts
}

/// Changes one answer; says whether there was one to change.
fn falsify(calls: &mut [Call], rng: &mut Rng) -> bool {
    let answered = |call: &Call| {
        matches!(
            (&call.request, &call.outcome),
            (Request::Get { .. }, Some(Outcome::Organization(_)))
        )
    };
    let places: Vec<usize> = (0..calls.len())
        .filter(|place| answered(&calls[*place]))
        .collect();
    let Some(place) = rng.choice(&places).copied() else {
        return false;
    };
    let Some(Outcome::Organization(seen)) = calls[place].outcome.clone() else {
        return false;
    };
    let is_older = |call: &&Call| {
        call.returned
            .is_some_and(|returned| returned < calls[place].invoked)
    };
    let shows = |call: &Call| match &call.outcome {
        Some(Outcome::Organization(older)) if older.id == seen.id && older.epoch < seen.epoch => {
            Some(older.clone())
        }
        _ => None,
    };
    let outcome = match rng.usize(0..4) {
        0 => Outcome::Organization(Seen {
            handle: "h9".to_owned(),
            ..seen
        }),
        1 => Outcome::Refused("ORGANIZATION_NOT_FOUND".to_owned()),
        2 => {
            let state = if seen.state == State::Active {
                State::Deleted
            } else {
                State::Active
            };
            Outcome::Organization(Seen { state, ..seen })
        }
        _ => match calls.iter().filter(is_older).find_map(shows) {
            Some(older) => Outcome::Organization(older),
            None => return false,
        },
    };
    calls[place].outcome = Some(outcome);
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_servers_in_miniature_answer_is_explained(seed: u64, clients in 1..6_usize, barriers in 1..6_usize) {
        let world = World::history(seed, 250, clients, barriers);
        let checked = check(&world.calls, &world.barriers, &terms());
        prop_assert!(checked.violations.is_empty(), "{}", checked.violations[0].account);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trying_every_order_of_a_few_calls_says_the_same(seed: u64, clients in 1..4_usize, lie: bool) {
        let mut world = World::history(seed, 6, clients, 1);
        if lie {
            falsify(&mut world.calls, &mut Rng::with_seed(seed));
        }
        for (register, found, explained) in verdicts(&world.calls, &world.barriers) {
            prop_assert_eq!(found, explained, "{}: {:#?}", register, world.calls);
            prop_assert!(lie || found, "{}: {:#?}", register, world.calls);
        }
    }
}

#[test]
fn nearly_every_changed_answer_is_noticed() {
    let (mut told, mut noticed) = (0, 0);
    for seed in 0..200 {
        let mut world = World::history(seed, 150, 4, 3);
        if falsify(&mut world.calls, &mut Rng::with_seed(seed)) {
            told += 1;
            noticed += usize::from(
                !check(&world.calls, &world.barriers, &terms())
                    .violations
                    .is_empty(),
            );
        }
    }
    assert!(told > 100, "{told}");
    assert!(noticed * 10 >= told * 9, "{noticed} of {told}");
}

#[test]
fn a_long_history_is_checked_in_few_states() {
    let world = World::history(5, 3_000, 5, 25);
    let began = std::time::Instant::now();
    let checked = check(&world.calls, &world.barriers, &terms());
    let took = began.elapsed();
    assert!(checked.violations.is_empty(), "{}", checked.violations[0].account);
    assert!(checked.states < 60_000, "{} states, {took:?}", checked.states);
}
