//! Histories that cannot have happened, one of each kind, beside the nearest one that can.

use uuid::Uuid;

use super::*;

const ACME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// A call of the first client from one millisecond to another.
fn call(from: Micros, until: Micros, request: Request, outcome: Outcome) -> Call {
    Call {
        client: 0,
        request,
        invoked: from * 1_000,
        returned: Some(until * 1_000),
        outcome: Some(outcome),
    }
}

fn shown(id: Uuid, handle: &str, state: State, epoch: i64) -> Outcome {
    Outcome::Organization(Seen::told(id, handle, state, epoch))
}

fn create(from: Micros, until: Micros, id: Uuid, handle: &str) -> Call {
    call(
        from,
        until,
        asked(id, handle),
        shown(id, handle, State::Active, 1),
    )
}

fn asked(id: Uuid, handle: &str) -> Request {
    Request::Create {
        request_id: id,
        handle: handle.to_owned(),
        email: format!("{id}@example.com"),
    }
}

fn get(from: Micros, until: Micros, outcome: Outcome) -> Call {
    call(from, until, Request::Get { organization: ACME }, outcome)
}

fn find(from: Micros, until: Micros, handle: &str, outcome: Outcome) -> Call {
    call(
        from,
        until,
        Request::Find {
            handle: handle.to_owned(),
        },
        outcome,
    )
}

fn rename(from: Micros, until: Micros, handle: &str, outcome: Outcome) -> Call {
    call(
        from,
        until,
        Request::Rename {
            organization: ACME,
            handle: handle.to_owned(),
        },
        outcome,
    )
}

fn delete(from: Micros, until: Micros) -> Call {
    let outcome = shown(ACME, "acme", State::Deleted, 2);
    call(from, until, Request::Delete { organization: ACME }, outcome)
}

fn refused(reason: &str) -> Outcome {
    Outcome::Refused(reason.to_owned())
}

fn lost() -> Outcome {
    Outcome::Unknown("Unavailable".to_owned())
}

/// Nobody could be asked about the caller's token.
fn turned_away() -> Outcome {
    Outcome::Unknown("Unavailable AUTH_UNAVAILABLE".to_owned())
}

/// What is wrong, by the registers' names.
fn wrong(calls: &[Call], barriers: &[Micros]) -> Vec<String> {
    let barriers: Vec<Micros> = barriers.iter().map(|barrier| barrier * 1_000).collect();
    let name = |found: Unlinearizable| found.account.split(':').next().unwrap_or_default().to_owned();
    check(calls, &barriers, &terms())
        .violations
        .into_iter()
        .map(name)
        .collect()
}

fn acme() -> String {
    format!("organization {ACME}")
}

#[test]
fn a_stale_read_after_a_newer_one_does_not_fit() {
    let old = || shown(ACME, "acme", State::Active, 1);
    let calls = |late| {
        [
            create(0, 1, ACME, "acme"),
            call(
                2,
                9,
                Request::Suspend { organization: ACME },
                shown(ACME, "acme", State::Suspended, 2),
            ),
            get(3, 4, shown(ACME, "acme", State::Suspended, 2)),
            get(late, 8, old()),
        ]
    };
    assert_eq!(wrong(&calls(5), &[]), [acme()]);
    assert!(wrong(&calls(3), &[]).is_empty(), "they overlap");
}

#[test]
fn the_account_names_the_register_and_the_call_that_does_not_fit() {
    let calls = [
        create(0, 1, ACME, "acme"),
        get(2, 3, refused("ORGANIZATION_NOT_FOUND")),
    ];
    let found = check(&calls, &[], &terms()).violations.remove(0);
    assert_eq!(found.calls, [0, 1]);
    assert!(found.account.starts_with(&acme()), "{}", found.account);
    assert!(
        found
            .account
            .contains("does not go with #1 client 0 [0.002000–0.003000 s] Get"),
        "{}",
        found.account
    );
}

#[test]
fn a_deleted_organization_does_not_come_back_by_itself_and_is_not_purged_early() {
    let back = get(4, 5, shown(ACME, "acme", State::Active, 3));
    assert_eq!(
        wrong(&[create(0, 1, ACME, "acme"), delete(2, 3), back], &[]),
        [acme(), "handle acme".to_owned()]
    );
    let gone = |at| get(at, at + 1, refused("ORGANIZATION_NOT_FOUND"));
    assert_eq!(
        wrong(&[create(0, 1, ACME, "acme"), delete(2, 3), gone(10)], &[]),
        [acme()]
    );
    assert!(wrong(&[create(0, 1, ACME, "acme"), delete(2, 3), gone(50)], &[]).is_empty());
}

#[test]
fn a_delete_may_show_the_purge_that_came_before_its_answer() {
    let calls = |answered, refused_at| {
        let purged = shown(ACME, "acme", State::Purged, 3);
        let late = call(2, answered, Request::Delete { organization: ACME }, purged);
        let rename = rename(refused_at, refused_at + 1, "beta", refused("ORGANIZATION_STATE"));
        [create(0, 1, ACME, "acme"), late, rename]
    };
    assert!(
        wrong(&calls(60, 9), &[]).is_empty(),
        "it was deleted by then, and is purged now"
    );
    assert_eq!(wrong(&calls(20, 9), &[]), [acme()], "the retention is not over");
    assert_eq!(wrong(&calls(60, 70), &[]), [acme()], "it was gone by then");
}

#[test]
fn one_handle_has_one_organization() {
    let both = [create(0, 5, ACME, "acme"), create(1, 6, OTHER, "acme")];
    assert_eq!(wrong(&both, &[]), ["handle acme"]);
}

#[test]
fn a_handle_that_was_given_up_rests() {
    let taken_at = |at| {
        [
            create(0, 1, ACME, "acme"),
            delete(2, 3),
            create(at, at + 1, OTHER, "acme"),
        ]
    };
    assert_eq!(wrong(&taken_at(100), &[]), ["handle acme"]);
    assert!(wrong(&taken_at(160), &[]).is_empty());
    let moved = rename(2, 3, "beta", shown(ACME, "beta", State::Active, 2));
    assert_eq!(
        wrong(
            &[
                create(0, 1, ACME, "acme"),
                moved.clone(),
                create(9, 10, OTHER, "acme")
            ],
            &[]
        ),
        ["handle acme"]
    );
    let back = rename(4, 5, "acme", shown(ACME, "acme", State::Active, 3));
    assert!(
        wrong(&[create(0, 1, ACME, "acme"), moved, back], &[]).is_empty(),
        "it may take its own back"
    );
}

#[test]
fn a_server_whose_clock_is_ahead_lets_go_sooner() {
    let calls = [
        create(0, 1, ACME, "acme"),
        delete(2, 3),
        create(9, 10, OTHER, "acme"),
    ];
    let ahead = vec![(5_000, Duration::from_secs(1))];
    let terms = Terms { ahead, ..terms() };
    assert!(check(&calls, &[], &terms).violations.is_empty());
}

#[test]
fn nobody_is_refused_a_free_handle_or_finds_nobody_at_a_held_one() {
    let taken = call(0, 1, asked(OTHER, "acme"), refused("HANDLE_TAKEN"));
    assert_eq!(
        wrong(&[taken.clone(), create(2, 3, ACME, "acme")], &[]),
        ["handle acme"]
    );
    assert!(
        wrong(&[taken, create(0, 3, ACME, "acme")], &[]).is_empty(),
        "they overlap"
    );
    let nobody = find(2, 3, "acme", refused("ORGANIZATION_NOT_FOUND"));
    assert_eq!(wrong(&[create(0, 1, ACME, "acme"), nobody], &[]), ["handle acme"]);
}

#[test]
fn a_create_whose_e_mail_was_taken_holds_the_handle_for_a_while() {
    let refused_for_its_e_mail = call(0, 5, asked(ACME, "acme"), refused("EMAIL_TAKEN"));
    let taken = |from, until| call(from, until, asked(OTHER, "acme"), refused("HANDLE_TAKEN"));
    assert!(wrong(&[refused_for_its_e_mail.clone(), taken(1, 2)], &[]).is_empty());
    assert_eq!(
        wrong(&[refused_for_its_e_mail, taken(6, 7)], &[]),
        ["handle acme"]
    );
}

#[test]
fn a_repeat_of_a_create_is_not_refused_for_what_it_made() {
    let first = call(0, 1, asked(ACME, "acme"), lost());
    let found = find(2, 3, "acme", shown(ACME, "acme", State::Active, 1));
    let told = create(8, 9, ACME, "acme");
    let repeat = call(4, 5, asked(ACME, "acme"), refused("HANDLE_TAKEN"));
    assert_eq!(wrong(&[first, found, repeat, told], &[]), ["handle acme"]);
}

#[test]
fn a_lost_write_happens_before_the_barrier_or_never() {
    let calls = |at| {
        [
            create(0, 1, ACME, "acme"),
            rename(2, 3, "beta", lost()),
            get(4, 5, shown(ACME, "acme", State::Active, 1)),
            get(at, at + 1, shown(ACME, "acme", State::Active, 1)),
            get(at + 2, at + 3, shown(ACME, "beta", State::Active, 2)),
        ]
    };
    assert!(wrong(&calls(6), &[20]).is_empty());
    assert_eq!(
        wrong(&calls(30), &[20]),
        [acme(), "handle acme".to_owned(), "handle beta".to_owned()]
    );
}

#[test]
fn a_rename_shows_its_collection_first_and_its_handle_at_the_end() {
    let half = |collection: &str| {
        let seen = Seen {
            id: ACME,
            handle: "acme".to_owned(),
            state: State::Active,
            collection: collection.to_owned(),
            epoch: 2,
        };
        let moved = rename(2, 9, "beta", shown(ACME, "beta", State::Active, 2));
        [
            create(0, 1, ACME, "acme"),
            moved,
            find(3, 4, "beta", Outcome::Organization(seen)),
        ]
    };
    assert!(wrong(&half("org_beta"), &[]).is_empty());
    assert_eq!(wrong(&half("org_gamma"), &[]), [acme()]);
}

#[test]
fn whoever_was_turned_away_has_changed_nothing() {
    let calls = |outcome| {
        [
            create(0, 1, ACME, "acme"),
            call(2, 3, Request::Delete { organization: ACME }, outcome),
            get(4, 5, shown(ACME, "acme", State::Deleted, 2)),
        ]
    };
    assert_eq!(
        wrong(&calls(turned_away()), &[]),
        [acme(), "handle acme".to_owned()]
    );
    assert!(wrong(&calls(lost()), &[]).is_empty());
    let rolled_back = call(0, 1, asked(ACME, "acme"), turned_away());
    let found = find(2, 3, "acme", shown(ACME, "acme", State::Active, 1));
    assert!(
        wrong(&[rolled_back, found], &[]).is_empty(),
        "a create may happen yet"
    );
}

#[test]
fn however_many_were_turned_away_the_search_is_short() {
    let mut calls = vec![
        create(0, 1, ACME, "acme"),
        call(2, 90, Request::Delete { organization: ACME }, lost()),
    ];
    for n in 3..80 {
        let request = match n % 3 {
            0 => Request::Suspend { organization: ACME },
            1 => Request::Undelete { organization: ACME },
            _ => Request::Delete { organization: ACME },
        };
        calls.push(call(n, n + 1, request, turned_away()));
    }
    calls.push(get(91, 92, shown(ACME, "acme", State::Deleted, 2)));
    let checked = check(&calls, &[100_000], &terms());
    assert!(checked.violations.is_empty(), "{:?}", checked.violations);
    assert!(checked.states < 100, "{} states", checked.states);
}
