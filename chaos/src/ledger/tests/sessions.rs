//! What becomes of sessions, and of the e-mails that they begin with.

use super::*;

const FIRST: &str = "a@example.com";
const SECOND: &str = "moved.a@example.com";
const GRACE: Micros = 10_000_000;

/// What a call asks for with a token.
type Ask = fn(usize) -> Request;

fn validate(token: usize) -> Request {
    Request::Validate {
        organization: ACME,
        token,
    }
}

fn visit(token: usize) -> Request {
    Request::Visit {
        organization: ACME,
        token,
    }
}

fn refresh(token: usize) -> Request {
    Request::Refresh {
        organization: ACME,
        token,
    }
}

fn log_out(token: usize) -> Request {
    Request::Logout {
        organization: ACME,
        token,
    }
}

fn revoke_all(token: usize) -> Request {
    Request::RevokeAll {
        organization: ACME,
        token,
        keep_current: false,
    }
}

fn revoke_others(token: usize) -> Request {
    Request::RevokeAll {
        organization: ACME,
        token,
        keep_current: true,
    }
}

fn change_password(token: usize) -> Request {
    Request::ChangePassword {
        organization: ACME,
        token,
    }
}

fn change_email(token: usize, email: &str) -> Request {
    Request::ChangeEmail {
        organization: ACME,
        token,
        email: email.to_owned(),
    }
}

fn log_in(email: &str) -> Request {
    Request::Login {
        organization: ACME,
        email: email.to_owned(),
    }
}

fn lost() -> Outcome {
    Outcome::Unknown("Unavailable".to_owned())
}

/// A create, two logins with the calls 1 and 2, and what comes after.
fn life(rest: Vec<(Request, Outcome)>) -> Vec<(Request, Outcome)> {
    let logged_in = (login(), Outcome::Granted);
    let mut calls = vec![created(), logged_in.clone(), logged_in];
    calls.extend(rest);
    calls
}

/// As [`life`], after a long while before the call at this place.
fn promises_after_a_while(place: usize, rest: Vec<(Request, Outcome)>) -> Vec<Promise> {
    let mut calls = history(life(rest));
    for call in calls.iter_mut().skip(place) {
        call.invoked += GRACE + 2_000_000;
        call.returned = call.returned.map(|at| at + GRACE + 2_000_000);
    }
    promises_of(&calls)
}

/// Every call that ends sessions, made with the first login's token, and whether the first and the second one's go on.
const ENDS: [(Ask, bool, bool); 4] = [
    (log_out, false, true),
    (revoke_all, false, false),
    (revoke_others, true, false),
    (change_password, true, false),
];

#[test]
fn sessions_that_behave_are_clean() {
    let revoked = || refused("TOKEN_REVOKED");
    for (end, first, second) in ENDS {
        let told = |goes_on, ok| if goes_on { ok } else { revoked() };
        let calls = life(vec![
            (refresh(1), Outcome::Refreshed(1)),
            (refresh(1), Outcome::Refreshed(1)),
            (refresh(2), Outcome::Refreshed(2)),
            (end(3), Outcome::Done),
            (validate(3), told(first, Outcome::Granted)),
            (visit(1), told(first, Outcome::Granted)),
            (validate(2), told(second, Outcome::Granted)),
            (refresh(5), told(second, Outcome::Refreshed(5))),
            (log_out(3), Outcome::Done),
            (login(), Outcome::Granted),
            (validate(12), Outcome::Granted),
        ]);
        assert_eq!(promises(calls), []);
    }
}

#[test]
fn a_token_that_outlives_its_session_is_found() {
    let uses: [(Ask, Outcome); 6] = [
        (validate, Outcome::Granted),
        (visit, Outcome::Granted),
        (refresh, Outcome::Refreshed(7)),
        (revoke_all, Outcome::Done),
        (change_password, refused("CREDENTIALS_INVALID")),
        (|token| change_email(token, SECOND), refused("ADMIN_CHANGED")),
    ];
    for (end, first, second) in ENDS {
        let ended = [(1, first), (2, second)];
        for token in ended
            .iter()
            .filter(|(_, goes_on)| !goes_on)
            .map(|(token, _)| *token)
        {
            for (ask, outcome) in &uses {
                let calls = life(vec![(end(1), Outcome::Done), (ask(token), outcome.clone())]);
                let broken = promises(calls);
                assert!(
                    broken.contains(&Promise::TokensDie),
                    "{:?}: {broken:?}",
                    ask(token)
                );
            }
        }
    }
}

#[test]
fn a_token_dies_with_its_session_and_not_with_another() {
    for (end, first, second) in ENDS {
        for (token, goes_on) in [(1, first), (2, second)] {
            let calls = life(vec![
                (end(1), Outcome::Done),
                (validate(token), refused("TOKEN_REVOKED")),
            ]);
            let expected = if goes_on {
                vec![Promise::TokensLast]
            } else {
                vec![]
            };
            assert_eq!(promises(calls), expected, "{:?}", end(1));
        }
    }
}

#[test]
fn whether_an_unanswered_call_ended_a_session_is_open_until_somebody_sees() {
    for (end, first, _) in ENDS {
        let token = if first { 2 } else { 1 };
        let after = |told: Vec<Outcome>| {
            let told = told.into_iter().map(|told| (validate(token), told));
            let calls = [(end(1), lost())].into_iter().chain(told);
            promises(life(calls.collect()))
        };
        let (good, dead) = (Outcome::Granted, refused("TOKEN_REVOKED"));
        assert_eq!(after(vec![good.clone(), good.clone()]), []);
        assert_eq!(after(vec![good.clone(), dead.clone()]), []);
        assert_eq!(after(vec![dead, good]), [Promise::TokensDie]);
    }
}

#[test]
fn a_session_that_begins_while_all_are_revoked_may_go_on_or_not() {
    for told in [Outcome::Granted, refused("TOKEN_REVOKED")] {
        let mut calls = history(life(vec![(revoke_all(1), Outcome::Done), (validate(2), told)]));
        // The second login takes until the revocation is over.
        calls[2].returned = calls[3].returned;
        assert_eq!(promises_of(&calls), []);
    }
}

#[test]
fn a_logout_is_answered_whatever_has_become_of_the_session() {
    let calls = life(vec![
        (log_out(1), Outcome::Done),
        (log_out(1), refused("TOKEN_REVOKED")),
    ]);
    assert_eq!(promises(calls), [Promise::TokensLast]);
}

#[test]
fn a_refresh_that_was_answered_keeps_its_session() {
    let calls = life(vec![
        (refresh(1), Outcome::Refreshed(1)),
        (validate(3), refused("TOKEN_REVOKED")),
    ]);
    assert_eq!(promises(calls), [Promise::TokensLast]);
    let calls = life(vec![
        (refresh(1), Outcome::Refreshed(1)),
        (refresh(3), refused("TOKEN_EXPIRED")),
    ]);
    assert_eq!(promises(calls), [Promise::TokensLast]);
}

#[test]
fn a_refresh_token_has_one_successor() {
    let twice = |second| {
        promises(life(vec![
            (refresh(1), lost()),
            (refresh(1), Outcome::Refreshed(1)),
            (refresh(1), second),
        ]))
    };
    assert_eq!(twice(Outcome::Refreshed(1)), []);
    assert_eq!(twice(Outcome::Refreshed(2)), [Promise::Refreshes]);
    assert_eq!(twice(refused("TOKEN_REVOKED")), [Promise::TokensLast]);
    let stays = life(vec![
        (refresh(1), Outcome::Refreshed(1)),
        (refresh(3), Outcome::Refreshed(1)),
    ]);
    assert_eq!(promises(stays), [Promise::Refreshes]);
}

#[test]
fn a_used_up_refresh_token_ends_its_session() {
    let after = |told: Outcome, then: Outcome| {
        promises(life(vec![
            (refresh(1), Outcome::Refreshed(1)),
            (refresh(3), Outcome::Refreshed(2)),
            (refresh(1), told),
            (validate(4), then),
        ]))
    };
    let revoked = || refused("TOKEN_REVOKED");
    assert_eq!(after(revoked(), revoked()), []);
    assert_eq!(after(revoked(), Outcome::Granted), [Promise::TokensDie]);
    assert_eq!(
        after(Outcome::Refreshed(1), Outcome::Granted),
        [Promise::Refreshes]
    );
    let late = |told| {
        let used = (refresh(1), Outcome::Refreshed(1));
        promises_after_a_while(4, vec![used, (refresh(1), told)])
    };
    assert_eq!(late(revoked()), []);
    assert_eq!(late(Outcome::Refreshed(1)), [Promise::Refreshes]);
}

#[test]
fn the_oldest_of_a_hundred_and_one_sessions_may_go() {
    let after = |logins: usize| {
        let mut rest = vec![(login(), Outcome::Granted); logins];
        rest.push((validate(1), refused("TOKEN_REVOKED")));
        promises(life(rest))
    };
    assert_eq!(after(99), []);
    assert_eq!(after(98), [Promise::TokensLast]);
}

#[test]
fn an_admin_logs_in_with_the_one_e_mail() {
    let wrong = || refused("CREDENTIALS_INVALID");
    let after = |change: Outcome, first: Outcome, second: Outcome| {
        promises(life(vec![
            (change_email(1, SECOND), change),
            (log_in(SECOND), second),
            (log_in(FIRST), first),
        ]))
    };
    let ok = || Outcome::Granted;
    assert_eq!(after(Outcome::Done, wrong(), ok()), []);
    assert_eq!(after(Outcome::Done, wrong(), wrong()), [Promise::Logins]);
    assert_eq!(after(Outcome::Done, ok(), ok()), [Promise::Logins]);
    assert_eq!(after(lost(), ok(), wrong()), []);
    assert_eq!(after(lost(), wrong(), ok()), []);
    assert_eq!(
        after(refused("EMAIL_TAKEN"), ok(), ok()),
        [Promise::Email, Promise::Logins]
    );
}

#[test]
fn a_login_that_the_admins_own_change_overtakes_may_be_refused() {
    let mut calls = history(life(vec![
        (change_password(1), Outcome::Done),
        (login(), refused("CREDENTIALS_INVALID")),
    ]));
    assert_eq!(promises_of(&calls), [Promise::Logins]);
    calls[3].returned = calls[4].returned;
    assert_eq!(promises_of(&calls), []);
}

#[test]
fn an_e_mail_that_was_given_up_is_free_and_one_that_was_taken_is_not() {
    let other = |email: &str| {
        let request = asked(8, "other", email);
        (request, seen(OTHER, "other", State::Active, 1))
    };
    let taken = |email: &str| (asked(7, "third", email), refused("EMAIL_TAKEN"));
    let moved = || (change_email(1, SECOND), Outcome::Done);
    assert_eq!(promises(life(vec![moved(), other(FIRST), taken(SECOND)])), []);
    assert_eq!(promises(life(vec![moved(), taken(FIRST)])), [Promise::Email]);
    assert_eq!(promises(life(vec![other(SECOND), moved()])), [Promise::Email]);
    let refused_at_first = (change_email(1, SECOND), refused("EMAIL_TAKEN"));
    assert_eq!(promises(life(vec![other(SECOND), refused_at_first.clone()])), []);
    assert_eq!(promises(life(vec![refused_at_first])), [Promise::Email]);
}

#[test]
fn the_right_password_is_never_wrong() {
    let calls = life(vec![(change_password(1), refused("CREDENTIALS_INVALID"))]);
    assert_eq!(promises(calls), [Promise::Answers]);
}
