mod sessions;

use std::time::Duration;

use super::*;
use crate::history::{Outcome, Seen, State};

const ACME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// Calls one after the other.
fn history(calls: Vec<(Request, Outcome)>) -> Vec<Call> {
    let call = |(index, (request, outcome)): (usize, (Request, Outcome))| {
        let invoked = Micros::try_from(index).unwrap() * 1_000;
        Call {
            client: 0,
            request,
            invoked,
            returned: Some(invoked + 500),
            outcome: Some(outcome),
        }
    };
    calls.into_iter().enumerate().map(call).collect()
}

fn promises(calls: Vec<(Request, Outcome)>) -> Vec<Promise> {
    promises_of(&history(calls))
}

fn promises_of(calls: &[Call]) -> Vec<Promise> {
    let terms = Terms {
        retention: Duration::from_secs(2),
        handle_rest: Duration::from_secs(32),
        ahead: Vec::new(),
    };
    let end = calls.last().and_then(|call| call.returned).unwrap_or_default() + 1;
    check(calls, &[end], &terms)
        .into_iter()
        .map(|violation| violation.promise)
        .collect()
}

fn seen(id: Uuid, handle: &str, state: State, epoch: i64) -> Outcome {
    Outcome::Organization(Seen::told(id, handle, state, epoch))
}

fn asked(request_id: u128, handle: &str, email: &str) -> Request {
    Request::Create {
        request_id: Uuid::from_u128(request_id),
        handle: handle.to_owned(),
        email: email.to_owned(),
    }
}

fn created() -> (Request, Outcome) {
    (
        asked(9, "acme", "a@example.com"),
        seen(ACME, "acme", State::Active, 1),
    )
}

fn login() -> Request {
    Request::Login {
        organization: ACME,
        email: "a@example.com".to_owned(),
    }
}

/// With the token that the second call brought.
fn validate() -> Request {
    Request::Validate {
        organization: ACME,
        token: 1,
    }
}

fn suspended() -> (Request, Outcome) {
    (
        Request::Suspend { organization: ACME },
        seen(ACME, "acme", State::Suspended, 2),
    )
}

fn resumed() -> (Request, Outcome) {
    (
        Request::Resume { organization: ACME },
        seen(ACME, "acme", State::Active, 3),
    )
}

fn refused(reason: &str) -> Outcome {
    Outcome::Refused(reason.to_owned())
}

#[test]
fn a_life_as_promised_is_clean() {
    let calls = vec![
        created(),
        (login(), Outcome::Granted),
        (validate(), Outcome::Granted),
        (
            asked(9, "acme", "a@example.com"),
            seen(ACME, "acme", State::Active, 1),
        ),
        (asked(8, "other", "a@example.com"), refused("EMAIL_TAKEN")),
        suspended(),
        (validate(), refused("TOKEN_REVOKED")),
        (login(), refused("CREDENTIALS_INVALID")),
        resumed(),
        (validate(), refused("TOKEN_REVOKED")),
        (login(), Outcome::Granted),
        (
            Request::Delete { organization: ACME },
            seen(ACME, "acme", State::Deleted, 4),
        ),
        (login(), refused("CREDENTIALS_INVALID")),
        (asked(7, "acme", "b@example.com"), refused("HANDLE_RESTING")),
        (
            Request::List,
            Outcome::Unknown("Unavailable STORE_UNAVAILABLE".to_owned()),
        ),
        (Request::List, Outcome::Unknown("Internal".to_owned())),
    ];
    assert_eq!(promises(calls), []);
}

#[test]
fn an_acknowledged_create_that_is_gone_is_found() {
    let gone = (
        Request::Get { organization: ACME },
        refused("ORGANIZATION_NOT_FOUND"),
    );
    assert_eq!(promises(vec![created(), gone]), [Promise::Linearizable]);
    assert_eq!(
        promises(vec![
            created(),
            (Request::List, Outcome::Organizations(Vec::new()))
        ]),
        [Promise::Linearizable]
    );
}

#[test]
fn a_request_id_with_two_organizations_or_a_refusal_is_found() {
    let again = (
        asked(9, "acme2", "b@example.com"),
        seen(OTHER, "acme2", State::Active, 1),
    );
    assert_eq!(promises(vec![created(), again]), [Promise::RequestId]);
    let taken = (asked(9, "acme", "a@example.com"), refused("HANDLE_TAKEN"));
    assert!(promises(vec![created(), taken]).contains(&Promise::RequestId));
}

#[test]
fn an_e_mail_of_two_admins_or_of_none_is_found() {
    let twice = (
        asked(8, "other", "a@example.com"),
        seen(OTHER, "other", State::Active, 1),
    );
    assert_eq!(promises(vec![created(), twice]), [Promise::Email]);
    let nobodys = (asked(8, "other", "b@example.com"), refused("EMAIL_TAKEN"));
    assert_eq!(promises(vec![created(), nobodys]), [Promise::Email]);
}

#[test]
fn a_token_that_outlives_a_suspension_is_found_even_after_it() {
    let granted = (validate(), Outcome::Granted);
    let logged_in = (login(), Outcome::Granted);
    assert_eq!(
        promises(vec![created(), logged_in.clone(), suspended(), granted.clone()]),
        [Promise::TokensDie]
    );
    assert_eq!(
        promises(vec![created(), logged_in, suspended(), resumed(), granted]),
        [Promise::TokensDie]
    );
}

#[test]
fn a_token_that_nothing_has_ended_is_not_lost() {
    let calls = vec![
        created(),
        (login(), Outcome::Granted),
        (validate(), refused("TOKEN_REVOKED")),
    ];
    assert_eq!(promises(calls), [Promise::TokensLast]);
}

#[test]
fn logins_go_by_the_state() {
    assert_eq!(
        promises(vec![created(), (login(), refused("CREDENTIALS_INVALID"))]),
        [Promise::Logins]
    );
    assert_eq!(
        promises(vec![created(), suspended(), (login(), Outcome::Granted)]),
        [Promise::Logins]
    );
    let lost = (
        Request::Suspend { organization: ACME },
        Outcome::Unknown("Unavailable".to_owned()),
    );
    assert_eq!(
        promises(vec![created(), lost, (login(), refused("CREDENTIALS_INVALID"))]),
        []
    );
}

#[test]
fn answers_that_are_never_given_are_found() {
    for outcome in [
        Outcome::Unknown("Internal INTERNAL".to_owned()),
        Outcome::Unknown("DataLoss".to_owned()),
        refused("INVALID_FIELDS"),
        refused("OPERATION_HALTED"),
        refused(MALFORMED),
    ] {
        let get = (Request::Get { organization: ACME }, outcome.clone());
        assert_eq!(promises(vec![created(), get]), [Promise::Answers], "{outcome:?}");
    }
    assert_eq!(
        promises(vec![created(), (login(), refused("WRONG_PRINCIPAL"))]),
        [Promise::Answers]
    );
    let Outcome::Organization(acme) = created().1 else {
        unreachable!()
    };
    let twice = (Request::List, Outcome::Organizations(vec![acme.clone(), acme]));
    assert_eq!(promises(vec![created(), twice]), [Promise::Answers]);
}

const MALFORMED: &str = crate::load::MALFORMED_ANSWER;
