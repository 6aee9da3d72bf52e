//! `tenantry sessions`.

use std::time::Duration;

use serde_json::Value;

use crate::{person::Person, platform::Platform};

/// The ids of a person's sessions, the current one last.
fn ids(person: &Person) -> Vec<String> {
    let answer = person.json(&["sessions", "list"]);
    let mut sessions: Vec<&Value> = answer["sessions"].as_array().unwrap().iter().collect();
    sessions.sort_by_key(|session| session["current"] == true);
    assert_eq!(
        sessions
            .iter()
            .filter(|session| session["current"] == true)
            .count(),
        1
    );
    sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn sessions_are_listed_with_what_is_known_of_them_and_this_one_is_marked() {
    let platform = Platform::start();
    let _first = platform.operator();
    platform.advance(Duration::from_secs(1));
    let second = platform.operator();
    let answer = second.json(&["sessions", "list"]);
    let sessions = answer["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    for (session, current) in sessions.iter().zip([false, true]) {
        assert_eq!(session["current"], current);
        assert_eq!(session["peer"], "127.0.0.1");
        assert!(
            session["userAgent"].as_str().unwrap().starts_with("tenantry/"),
            "{session}"
        );
        for time in ["createTime", "lastUsedTime", "expireTime", "idleExpireTime"] {
            assert!(session[time].as_str().unwrap().ends_with('Z'), "{session}");
        }
    }
    let shown = second.run(&["sessions", "list"]).stdout;
    let lines: Vec<_> = shown.lines().collect();
    let heading: Vec<_> = lines[0]
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(
        heading,
        ["ID", "CREATED", "LAST USED", "ENDS", "PEER", "USER AGENT"]
    );
    let marked: Vec<_> = lines[1..].iter().map(|line| line.starts_with('*')).collect();
    assert_eq!(marked, [false, true], "{shown}");
    assert!(lines[2].contains(sessions[1]["id"].as_str().unwrap()), "{shown}");
}

#[test]
fn a_session_is_revoked_wherever_it_is_and_the_own_one_is_forgotten_here() {
    let platform = Platform::start();
    let (here, there) = (platform.operator(), platform.operator());
    let ids = ids(&here);
    let nobodys = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let outcome = here.run(&["sessions", "revoke", nobodys, &ids[0]]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains(&format!("you have no session {nobodys}")),
        "{outcome:?}"
    );
    assert!(
        outcome.stderr.contains(&format!("session {} has ended", ids[0])),
        "{outcome:?}"
    );
    there.refused(&["whoami"], "TOKEN_REVOKED");
    here.json(&["whoami"]);

    // The current one goes last, wherever it was named.
    let there = platform.operator();
    let other = self::ids(&there).pop().unwrap();
    let outcome = here.run(&["sessions", "revoke", &ids[1], &other]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.contains("removed from"), "{outcome:?}");
    assert_eq!(here.saved(), None);
    there.refused(&["whoami"], "TOKEN_REVOKED");
    // It is not forgotten alone: the server knows of neither.
    assert_eq!(self::ids(&platform.operator()).len(), 1);
}

#[test]
fn all_sessions_are_revoked_or_all_but_this_one() {
    let platform = Platform::start();
    let (here, there) = (platform.operator(), platform.operator());
    assert_eq!(
        here.run(&["sessions", "revoke", "--all", "--keep-current"]).code,
        0
    );
    there.refused(&["whoami"], "TOKEN_REVOKED");
    assert_eq!(ids(&here).len(), 1);

    let there = platform.operator();
    assert_eq!(here.run(&["sessions", "revoke", "--all"]).code, 0);
    assert_eq!(here.saved(), None);
    there.refused(&["whoami"], "TOKEN_REVOKED");
}

#[test]
fn what_to_revoke_must_be_said() {
    let platform = Platform::start();
    let operator = platform.operator();
    let id = ids(&operator).pop().unwrap();
    for arguments in [
        &[][..],
        &["--keep-current"],
        &["nonsense"],
        &[&id, "--all"],
        &[&id, "--keep-current"],
    ] {
        let outcome = operator.run(&[&["sessions", "revoke"], arguments].concat());
        assert_eq!(outcome.code, 64, "{arguments:?}: {outcome:?}");
    }
    assert_eq!(ids(&operator), [id]);
}
