//! What people do with organizations and logins.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::dev::{Dev, Person};

const PASSWORD: &str = "correct horse battery staple\n";

#[test]
fn an_organization_lives_from_create_to_delete() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    let created = ada.sign_up("Acme, Inc.", "Ada@Example.com", PASSWORD);
    assert_eq!(created["handle"], "acme_inc");
    assert_eq!(created["collectionName"], "org_acme_inc");
    assert_eq!(created["state"], "ORGANIZATION_STATE_ACTIVE");

    let me = ada.json(&["whoami"]);
    assert_eq!(me["admin"]["email"], "ada@example.com");
    assert_eq!(me["admin"]["organizationId"], created["id"]);
    assert_eq!(me["admin"]["role"], "ROLE_OWNER");

    let id = created["id"].as_str().unwrap();
    for arguments in [
        &["org", "get"][..],
        &["org", "get", id],
        &["org", "get", "ACME inc"],
    ] {
        assert_eq!(ada.json(arguments), created, "{arguments:?}");
    }

    let renamed = ada.json(&["org", "rename", "acme_inc", "Acme Limited"]);
    assert_eq!(
        (&renamed["id"], &renamed["handle"]),
        (&created["id"], &"acme_limited".into())
    );
    let listed = ada.json(&["org", "list"]);
    assert_eq!(listed["organizations"], serde_json::json!([renamed]));

    let deleted = ada.json(&["org", "delete", "acme_limited", "--yes"]);
    assert_eq!(deleted["state"], "ORGANIZATION_STATE_DELETED");
    assert!(deleted["purgeTime"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_owner_who_repeats_a_deletion_hears_that_it_was_accepted() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    ada.sign_up("Acme", "ada@example.com", PASSWORD);
    ada.json(&["org", "delete", "acme", "--yes"]);
    let again = ada.run(&["org", "delete", "acme", "--yes"]);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("[UNAUTHENTICATED TOKEN_REVOKED]"),
        "{again:?}"
    );
    assert!(
        again.stderr.contains("an earlier deletion of acme was accepted"),
        "{again:?}"
    );
    let again = ada.run(&["org", "delete", "acme", "--yes", "--allow-missing"]);
    assert_eq!(again.code, 0, "{again:?}");
    let me = ada.run(&["whoami"]);
    assert_eq!(me.code, 1);
    assert!(me.stderr.contains("log in again"), "{me:?}");
}

#[test]
fn tables_are_for_people() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    ada.sign_up("Acme, Inc.", "ada@example.com", PASSWORD);
    let shown = ada.run(&["org", "get"]).stdout;
    assert!(
        shown
            .lines()
            .any(|line| line.split_whitespace().eq(["handle", "acme_inc"])),
        "{shown}"
    );
    assert!(
        shown
            .lines()
            .any(|line| line.split_whitespace().eq(["state", "ACTIVE"])),
        "{shown}"
    );
    let listed = ada.run(&["org", "list"]).stdout;
    assert!(listed.starts_with("HANDLE "), "{listed}");
    assert!(listed.lines().nth(1).unwrap().contains("Acme, Inc."), "{listed}");
}

#[test]
fn a_wrong_password_is_refused_and_the_login_before_it_stays() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    ada.sign_up("Acme", "ada@example.com", PASSWORD);
    let refused = ada.run_with(&["login", "--email", "ada@example.com"], "wrong password\n");
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(
        refused.stderr.contains("[UNAUTHENTICATED CREDENTIALS_INVALID]"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("\n  request id "), "{refused:?}");
    ada.json(&["whoami"]);
}

#[test]
fn every_bad_field_has_its_line() {
    let dev = Dev::ephemeral();
    let outcome = dev
        .person()
        .run_with(&["org", "create", " ", "--admin-email", "ada"], "short\n");
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("[INVALID_ARGUMENT INVALID_FIELDS]"),
        "{outcome:?}"
    );
    for field in ["name", "admin.email", "admin.password"] {
        assert!(
            outcome.stderr.contains(&format!("\n  field {field}: ")),
            "{field}: {outcome:?}"
        );
    }
}

#[test]
fn a_create_under_one_request_id_makes_one_organization() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    let id = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let arguments = [
        "org",
        "create",
        "Acme",
        "--admin-email",
        "ada@example.com",
        "--label",
        "tier=gold",
        "--request-id",
        id,
    ];
    let first = ada.json_with(&arguments, PASSWORD);
    assert_eq!(first["labels"]["tier"], "gold");
    assert_eq!(ada.json_with(&arguments, PASSWORD), first);
    let other = ada.run_with(
        &["org", "create", "Acme", "--admin-email", "bob@example.com"],
        PASSWORD,
    );
    assert_eq!(other.code, 1);
    assert!(
        other.stderr.contains("[ALREADY_EXISTS HANDLE_TAKEN]"),
        "{other:?}"
    );
}

#[test]
fn an_operator_lists_all_and_an_owner_the_own_one() {
    let dev = Dev::ephemeral();
    let (ada, bob, operator) = (dev.person(), dev.person(), dev.person());
    let acme = ada.sign_up("Acme", "ada@example.com", PASSWORD);
    let globex = bob.sign_up("Globex", "bob@example.com", PASSWORD);
    assert_eq!(
        bob.json(&["org", "list"])["organizations"],
        serde_json::json!([globex])
    );
    let foreign = bob.run(&["org", "get", "acme"]);
    assert!(
        foreign.stderr.contains("[NOT_FOUND ORGANIZATION_NOT_FOUND]"),
        "{foreign:?}"
    );

    let me = log_in_as_operator(&dev, &operator);
    assert_eq!(me["admin"]["role"], "ROLE_OPERATOR");
    let page = operator.json(&["org", "list", "--page-size", "1"]);
    assert_eq!(page["organizations"], serde_json::json!([acme]));
    let token = page["nextPageToken"].as_str().unwrap();
    let next = operator.json(&["org", "list", "--page-size", "1", "--page-token", token]);
    assert_eq!(next["organizations"], serde_json::json!([globex]));
    let all = operator.json(&["org", "list", "--page-size", "1", "--all"]);
    assert_eq!(all, serde_json::json!({ "organizations": [acme, globex] }));
    assert_eq!(operator.run(&["org", "get"]).code, 64);
}

#[test]
fn deleted_organizations_are_listed_on_request() {
    let dev = Dev::ephemeral();
    let (ada, operator) = (dev.person(), dev.person());
    ada.sign_up("Acme", "ada@example.com", PASSWORD);
    log_in_as_operator(&dev, &operator);
    let stale = operator.run(&["org", "delete", "acme", "--yes", "--etag", "\"0\""]);
    assert!(stale.stderr.contains("[ABORTED ETAG_MISMATCH]"), "{stale:?}");
    operator.json(&["org", "delete", "acme", "--yes"]);
    assert_eq!(
        operator.json(&["org", "list"]),
        serde_json::json!({ "organizations": [] })
    );
    let listed = operator.json(&["org", "list", "--show-deleted"]);
    assert_eq!(listed["organizations"][0]["state"], "ORGANIZATION_STATE_DELETED");
    assert_eq!(operator.run(&["org", "delete", "acme", "--yes"]).code, 1);
    assert_eq!(
        operator
            .run(&["org", "delete", "acme", "--yes", "--allow-missing"])
            .code,
        0
    );
}

#[test]
fn an_operator_suspends_resumes_deletes_and_restores() {
    let dev = Dev::ephemeral();
    let (ada, operator) = (dev.person(), dev.person());
    let acme = ada.sign_up("Acme", "ada@example.com", PASSWORD);
    log_in_as_operator(&dev, &operator);
    let id = acme["id"].as_str().unwrap();

    let suspended = operator.json(&["org", "suspend", "acme"]);
    assert_eq!(suspended["state"], "ORGANIZATION_STATE_SUSPENDED");
    assert_eq!(suspended["collectionName"], "org_acme");
    assert_eq!(operator.json(&["org", "suspend", id]), suspended);
    let locked_out = ada.run(&["whoami"]);
    assert_eq!(locked_out.code, 1);
    assert!(locked_out.stderr.contains("TOKEN_REVOKED"), "{locked_out:?}");
    let login = ada.run_with(&["login", "--email", "ada@example.com"], PASSWORD);
    assert_eq!(login.code, 1, "{login:?}");

    let etag = suspended["etag"].as_str().unwrap();
    let resumed = operator.json(&["org", "resume", id, "--etag", etag]);
    assert_eq!(resumed["state"], "ORGANIZATION_STATE_ACTIVE");
    ada.json_with(&["login", "--email", "ada@example.com"], PASSWORD);

    operator.json(&["org", "delete", "acme", "--yes"]);
    let back = operator.json(&["org", "undelete", id]);
    assert_eq!(
        (&back["state"], &back["handle"], back.get("purgeTime")),
        (&"ORGANIZATION_STATE_ACTIVE".into(), &"acme".into(), None)
    );
    let deleted = operator.json(&["org", "delete", "acme", "--yes"]);
    let etag = deleted["etag"].as_str().unwrap();
    let back = operator.json(&["org", "undelete", id, "--handle", "acme_2", "--etag", etag]);
    assert_eq!(back["collectionName"], "org_acme_2");
    let shown = operator.run(&["org", "get", "acme_2"]).stdout;
    assert!(!shown.contains("purge"), "{shown}");
}

#[test]
fn refusals_of_suspend_resume_and_undelete_say_why() {
    let dev = Dev::ephemeral();
    let (ada, operator, nobody) = (dev.person(), dev.person(), dev.person());
    let acme = ada.sign_up("Acme", "ada@example.com", PASSWORD);
    log_in_as_operator(&dev, &operator);
    let id = acme["id"].as_str().unwrap();
    let refusals = [
        (
            &ada,
            vec!["suspend", "acme"],
            "[PERMISSION_DENIED PERMISSION_DENIED]",
        ),
        (
            &ada,
            vec!["resume", "acme"],
            "[PERMISSION_DENIED PERMISSION_DENIED]",
        ),
        (
            &ada,
            vec!["undelete", id],
            "[PERMISSION_DENIED PERMISSION_DENIED]",
        ),
        (
            &operator,
            vec!["suspend", "globex"],
            "[NOT_FOUND ORGANIZATION_NOT_FOUND]",
        ),
        (
            &operator,
            vec!["suspend", "acme", "--etag", "\"0\""],
            "[ABORTED ETAG_MISMATCH]",
        ),
        (&operator, vec!["resume", id, "--etag", "0"], "\n  field etag: "),
        (&operator, vec!["undelete", "acme"], "\n  field id: "),
        (
            &operator,
            vec!["undelete", id, "--handle", "other"],
            "[FAILED_PRECONDITION ORGANIZATION_STATE]",
        ),
    ];
    for (person, arguments, expected) in refusals {
        let outcome = person.run(&[&["org"], &arguments[..]].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(outcome.stderr.contains(expected), "{arguments:?}: {outcome:?}");
    }
    for arguments in [
        vec!["org", "suspend"],
        vec!["org", "resume"],
        vec!["org", "undelete"],
    ] {
        assert_eq!(operator.run(&arguments).code, 64, "{arguments:?}");
    }
    let outcome = nobody.run(&["org", "suspend", "acme"]);
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert_eq!(operator.json(&["org", "get", id]), acme);
}

#[test]
fn the_token_is_kept_from_others() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    ada.sign_up("Acme", "ada@example.com", PASSWORD);
    let path = ada.home().join(".local/state/tenantry/credentials.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = ada.run(&["whoami"]);
    assert_eq!(outcome.code, 74);
    assert!(outcome.stderr.contains("mode 0644"), "{outcome:?}");
}

fn log_in_as_operator(dev: &Dev, operator: &Person) -> serde_json::Value {
    operator.json_with(
        &["login", "--email", "operator@tenantry.localhost"],
        &operator_password(dev),
    )
}

fn operator_password(dev: &Dev) -> String {
    let rest = dev
        .banner
        .split_once("operator@tenantry.localhost, password ")
        .unwrap()
        .1;
    rest.split_whitespace().next().unwrap().to_owned()
}
