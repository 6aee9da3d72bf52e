//! What is told when no server can be asked.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use crate::dev::{Outcome, program, run};

fn tenantry(arguments: &[&str], input: &str) -> Outcome {
    let home = tempfile::tempdir().unwrap();
    run(program(home.path()).args(arguments), input)
}

/// A port of this host's where nobody listens any more.
fn free_port() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{address}")
}

#[test]
fn an_unreachable_server_is_told_with_its_url_and_how_to_start_one() {
    let url = free_port();
    let outcome = tenantry(
        &["login", "--email", "ada@example.com", "--auth-url", &url],
        "some password\n",
    );
    assert_eq!(outcome.code, 2);
    assert!(
        outcome
            .stderr
            .contains(&format!("cannot reach auth-service at {url}")),
        "{outcome:?}"
    );
    assert!(
        outcome.stderr.contains("tenantry dev") && outcome.stderr.contains("--auth-url"),
        "{outcome:?}"
    );
}

#[test]
fn a_silent_server_is_given_up_and_the_create_can_be_repeated() {
    // It takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let arguments = [
        "org",
        "create",
        "Acme",
        "--admin-email",
        "ada@example.com",
        "--org-url",
        &url,
        "--timeout",
        "300ms",
    ];
    let outcome = tenantry(&arguments, "some password\n");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("did not answer within 300ms"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("add --request-id "), "{outcome:?}");
}

#[test]
fn a_command_that_needs_a_login_says_so() {
    for arguments in [
        &["whoami"][..],
        &["org", "get"],
        &["org", "list"],
        &["org", "delete", "acme", "--yes"],
    ] {
        let outcome = tenantry(arguments, "");
        assert_eq!(outcome.code, 1, "{arguments:?}");
        assert!(
            outcome.stderr.contains("[UNAUTHENTICATED TOKEN_MISSING]"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("tenantry login"), "{outcome:?}");
    }
}

#[test]
fn misuse_is_told_on_standard_error_and_help_on_standard_output() {
    for arguments in [
        &[][..],
        &["org", "nosuch"],
        &["login", "--password", "x"],
        &["--auth-url", "x", "whoami"],
    ] {
        let outcome = tenantry(arguments, "");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{arguments:?}");
        assert!(!outcome.stderr.is_empty());
    }
    let help = tenantry(&["--help"], "");
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    assert!(help.stdout.contains("Exit codes"));
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    for (arguments, missing) in [
        (&["login"][..], "--email is needed"),
        (&["login", "--email", "ada@example.com"], "there is no password"),
        (&["org", "create", "Acme"], "--admin-email is needed"),
    ] {
        let outcome = tenantry(arguments, "");
        assert_eq!(outcome.code, 64, "{outcome:?}");
        assert!(outcome.stderr.contains(missing), "{outcome:?}");
    }
}

#[test]
fn an_expired_login_is_told_without_asking_the_server() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("login.json");
    let url = free_port();
    let saved = serde_json::json!({
        "auth_url": url, "org_url": url, "email": "ada@example.com", "role": "ROLE_OWNER",
        "organization_id": "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "expire_time": "2020-01-01T00:00:00Z",
        "access_token": "header.claims.signature",
    });
    fs::write(&file, saved.to_string()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for arguments in [&["whoami"][..], &["org", "get"]] {
        let outcome = run(
            program(home.path())
                .args(arguments)
                .env("TENANTRY_CREDENTIALS", &file),
            "",
        );
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(
            outcome.stderr.contains("ended at 2020-01-01T00:00:00Z"),
            "{outcome:?}"
        );
        assert!(
            outcome.stderr.contains("[UNAUTHENTICATED TOKEN_EXPIRED]"),
            "{outcome:?}"
        );
    }
}
