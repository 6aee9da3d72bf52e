//! Clients at work on both servers, and the ledger over what they were told.

use std::{collections::HashSet, mem::discriminant, sync::Arc, time::Duration};

use tenantry_chaos::{
    history::{History, Outcome, Request},
    ledger,
    linearizability::Terms,
    load::{Load, Operator, Targets},
    stack::{Server, Stack, Store},
};

use crate::stack_support::{is_sound, start};

const ORG: Server = Server::Org(0);
const CALLS: usize = 300;

fn load(stack: &Stack, history: &Arc<History>) -> Load {
    let (targets, operator) = (Targets::of(stack), Operator::of_a_stack());
    Load::start(&targets, operator, Arc::clone(history), 7, 5).unwrap()
}

async fn until(history: &History, calls: usize) {
    while history.calls().len() < calls {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_clients_are_told_before_and_after_a_kill_is_as_promised() {
    let mut stack = start(Store::Embedded, 1).await;
    let history = Arc::new(History::default());
    let load = load(&stack, &history);

    until(&history, CALLS).await;
    stack.kill(ORG).await.unwrap();
    stack.restart(ORG, &[], None).await.unwrap();
    until(&history, 2 * CALLS).await;
    load.pause().await;
    let paused = history.calls().len();
    is_sound(&mut stack).await;
    load.settle().await.unwrap();
    is_sound(&mut stack).await;
    history.barrier();
    let questions = load.audit().await.unwrap();
    assert!(history.calls().len() >= paused + questions, "an audit asks");
    load.resume();
    until(&history, history.calls().len() + 50).await;
    load.stop().await;
    assert!(history.calls().iter().all(|call| call.returned.is_some()));

    let calls = history.calls();
    let terms = Terms::of_a_stack(Vec::new());
    let violations = ledger::check(&calls, &history.barriers(), &terms);
    assert!(violations.is_empty(), "{}", violations[0]);
    let asked: HashSet<_> = calls.iter().map(|call| discriminant(&call.request)).collect();
    assert_eq!(asked.len(), 17, "every kind of call");
    let told =
        |wanted: fn(&Outcome) -> bool| calls.iter().filter_map(|call| call.outcome.as_ref()).any(wanted);
    assert!(
        told(|outcome| matches!(outcome, Outcome::Unknown(_))),
        "the kill was noticed"
    );
    let contended = |reason: &str| {
        calls
            .iter()
            .any(|call| call.outcome == Some(Outcome::Refused(reason.to_owned())))
    };
    for reason in [
        "HANDLE_TAKEN",
        "HANDLE_RESTING",
        "EMAIL_TAKEN",
        "TOKEN_REVOKED",
        "CREDENTIALS_INVALID",
    ] {
        assert!(contended(reason), "{reason}");
    }
    let created = calls.iter().filter(|call| {
        matches!(
            (&call.request, &call.outcome),
            (Request::Create { .. }, Some(Outcome::Organization(_)))
        )
    });
    assert!(created.count() > 12);
}
