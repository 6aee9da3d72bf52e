//! `tenantry logout`.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{person::Person, platform::Platform};

/// How many sessions a person has.
fn sessions(person: &Person) -> usize {
    person.json(&["sessions", "list"])["sessions"]
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn a_logout_ends_the_session_and_removes_the_login() {
    let platform = Platform::start();
    let (operator, other) = (platform.operator(), platform.operator());
    let saved = operator.saved().unwrap();
    assert_eq!(sessions(&other), 2);
    let outcome = operator.run(&["logout"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("operator@example.com is logged out"),
        "{outcome:?}"
    );
    assert_eq!((operator.saved(), sessions(&other)), (None, 1));
    operator.refused(&["whoami"], "TOKEN_MISSING");
    // Neither of its tokens is good for anything any more.
    put_back(&operator, &saved);
    operator.refused(&["whoami"], "TOKEN_REVOKED");
    operator.tamper(json!({ "expire_time": "2020-01-01T00:00:00Z" }));
    operator.refused(&["whoami"], "TOKEN_REVOKED");
}

fn put_back(person: &Person, saved: &Value) {
    fs::write(person.credentials(), saved.to_string()).unwrap();
    fs::set_permissions(person.credentials(), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_login_whose_access_token_is_over_is_logged_out_all_the_same() {
    let platform = Platform::start();
    let (operator, other) = (platform.operator(), platform.operator());
    platform.outlive_access_tokens();
    assert_eq!(operator.run(&["logout"]).code, 0);
    assert_eq!((operator.saved(), sessions(&other)), (None, 1));
}

#[test]
fn without_the_server_a_login_is_kept_until_it_is_to_be_forgotten_here_alone() {
    let platform = Platform::start();
    let (operator, other) = (platform.operator(), platform.operator());
    let saved = operator.saved();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = operator.run(&["logout", "--auth-url", &format!("http://{nobody}")]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.stderr.contains("tenantry logout --local"), "{outcome:?}");
    assert_eq!(operator.saved(), saved);
    assert_eq!(operator.run(&["logout", "--local"]).code, 0);
    assert_eq!((operator.saved(), sessions(&other)), (None, 2));
}

#[test]
fn a_server_that_never_knew_the_login_does_not_have_it_forgotten() {
    let (platform, another) = (Platform::start(), Platform::start());
    let operator = platform.operator();
    let stranger = another.person();
    fs::create_dir_all(stranger.credentials().parent().unwrap()).unwrap();
    put_back(&stranger, &operator.saved().unwrap());
    let outcome = stranger.refused(&["logout"], "TOKEN_INVALID");
    assert!(outcome.stderr.contains("tenantry logout --local"), "{outcome:?}");
    assert!(stranger.saved().is_some());
}

#[test]
fn nobody_may_log_out_and_what_cannot_be_read_can_be_forgotten() {
    let platform = Platform::start();
    let person = platform.person();
    for arguments in [&["logout"][..], &["logout", "--local"]] {
        assert_eq!(person.run(arguments).code, 0);
    }
    fs::write(person.credentials(), "{").unwrap();
    assert_eq!(person.run(&["logout"]).code, 74);
    assert_eq!(person.run(&["logout", "--local"]).code, 0);
    assert!(!person.credentials().exists());
}
