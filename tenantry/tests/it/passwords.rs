//! `tenantry password` and `tenantry admin`.

use std::fs;

use serde_json::json;

use crate::{
    person::Person,
    platform::{OPERATOR, OPERATOR_PASSWORD, Platform, log_in},
};

const ADA: &str = "ada@example.com";
const OLD: &str = "a kettle for the crew";
const NEW: &str = "two kettles for the crew";

/// Hashes of `correct horse battery` as other systems wrote them: Python's bcrypt, passlib and argon2-cffi, like those of
/// auth-service's own tests.
const HASHES: [&str; 3] = [
    "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2",
    "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$HwysB.Ke0YuzHEd/zzqZI6iTbuC8ephxy6jSfQdwV8M",
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$69I7qCjDTsQwhQqFvpQJiqEI0lGQvxC84fXE0Ktxca4",
];
const IMPORTED: &str = "correct horse battery";

fn sign_up(platform: &Platform, name: &str, email: &str) -> Person {
    let person = platform.person();
    person.sign_up(name, email, &format!("{OLD}\n"));
    person
}

fn is_refused(person: &Person, email: &str, password: &str) {
    let outcome = person.run_with(&["login", "--email", email], &format!("{password}\n"));
    assert!(outcome.stderr.contains(" CREDENTIALS_INVALID]"), "{outcome:?}");
}

#[test]
fn a_changed_password_ends_the_other_sessions_and_keeps_this_one() {
    let platform = Platform::start();
    let (here, there) = (sign_up(&platform, "Acme", ADA), platform.person());
    log_in(&there, ADA, OLD);
    let admin = here.json_with(&["password", "change"], &format!("{OLD}\n{NEW}\n"));
    assert_eq!(admin["email"], ADA);
    here.json(&["whoami"]);
    platform.outlive_access_tokens();
    here.json(&["whoami"]);
    there.refused(&["whoami"], "TOKEN_REVOKED");
    is_refused(&there, ADA, OLD);
    log_in(&there, ADA, NEW);
}

#[test]
fn a_password_that_is_not_changed_says_why() {
    let platform = Platform::start();
    let ada = sign_up(&platform, "Acme", ADA);
    for (input, code, told) in [
        (
            format!("{NEW}\n{NEW}\n"),
            1,
            "[UNAUTHENTICATED CREDENTIALS_INVALID]",
        ),
        (format!("{OLD}\nshort\n"), 1, "\n  field new_password: "),
        (format!("{OLD}\n{ADA}\n"), 1, "\n  field new_password: "),
        (format!("{OLD}\n"), 64, "the new password, a second line"),
        (String::new(), 64, "there is no password"),
    ] {
        let outcome = ada.run_with(&["password", "change"], &input);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (code, ""),
            "{input:?}: {outcome:?}"
        );
        assert!(outcome.stderr.contains(told), "{input:?}: {outcome:?}");
    }
    log_in(&ada, ADA, OLD);
}

#[test]
fn an_operator_sets_a_lost_password_by_e_mail_or_id() {
    let platform = Platform::start();
    let (ada, operator) = (sign_up(&platform, "Acme", ADA), platform.operator());
    let id = ada.json(&["whoami"])["admin"]["id"].as_str().unwrap().to_owned();
    for (name, password) in [(["--email", "Ada@Example.com"], NEW), (["--id", &id], OLD)] {
        let arguments = [&["admin", "set-password"], &name[..]].concat();
        let admin = operator.json_with(&arguments, &format!("{password}\n"));
        assert_eq!(admin["id"], id);
        ada.refused(&["whoami"], "TOKEN_REVOKED");
        log_in(&ada, ADA, password);
        ada.json(&["whoami"]);
    }
    operator.json(&["whoami"]);
}

#[test]
fn setting_a_password_is_refused_with_the_reason() {
    let platform = Platform::start();
    let (ada, operator) = (sign_up(&platform, "Acme", ADA), platform.operator());
    let set = |person: &Person, arguments: &[&str], password: &str| {
        person.run_with(
            &[&["admin", "set-password"], arguments].concat(),
            &format!("{password}\n"),
        )
    };
    let denied = set(&ada, &["--email", ADA], NEW);
    assert!(
        denied.stderr.contains("[PERMISSION_DENIED PERMISSION_DENIED]"),
        "{denied:?}"
    );
    assert!(denied.stderr.contains("operators alone may"), "{denied:?}");
    let missing = set(&operator, &["--email", "bob@example.com"], NEW);
    assert!(
        missing.stderr.contains("[NOT_FOUND ADMIN_NOT_FOUND]"),
        "{missing:?}"
    );
    let short = set(&operator, &["--email", ADA], "short");
    assert!(short.stderr.contains("\n  field new_password: "), "{short:?}");
    for outcome in [denied, missing, short] {
        assert_eq!(outcome.code, 1, "{outcome:?}");
    }
    let id = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    for arguments in [&[][..], &["--email", ADA, "--id", id], &["--id", "ada"]] {
        assert_eq!(set(&operator, arguments, NEW).code, 64, "{arguments:?}");
    }
    log_in(&ada, ADA, OLD);
}

#[test]
fn who_sets_the_own_password_has_to_log_in_again() {
    let platform = Platform::start();
    let operator = platform.operator();
    let outcome = operator.run_with(
        &["admin", "set-password", "--email", OPERATOR],
        &format!("{NEW}\n"),
    );
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.contains("removed from"), "{outcome:?}");
    assert_eq!(operator.saved(), None);
    is_refused(&operator, OPERATOR, OPERATOR_PASSWORD);
    log_in(&operator, OPERATOR, NEW);
}

#[test]
fn hashes_of_other_systems_are_imported_and_a_bad_line_does_not_keep_the_rest_from_it() {
    let platform = Platform::start();
    let emails = [ADA, "bob@example.com", "cyd@example.com"];
    let people: Vec<_> = emails
        .iter()
        .map(|email| sign_up(&platform, &email[..3], email))
        .collect();
    let operator = platform.operator();
    let id = people[2].json(&["whoami"])["admin"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let lines = [
        json!({"email": "Ada@Example.com", "password_hash": HASHES[0]}).to_string(),
        String::new(),
        json!({"email": "nobody@example.com", "password_hash": HASHES[0]}).to_string(),
        json!({"email": ADA, "hash": HASHES[0]}).to_string(),
        json!({"email": emails[1], "password_hash": HASHES[1]}).to_string(),
        json!({"email": ADA, "password_hash": &HASHES[0][..20]}).to_string(),
        json!({"admin_id": id, "password_hash": HASHES[2]}).to_string(),
    ];
    let outcome = operator.run_with(&["admin", "import", "-o", "json"], &lines.join("\n"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{outcome:?}");
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&document["imported"], &document["failed"]),
        (&json!(3), &json!(3))
    );
    let failures = document["failures"].as_array().unwrap();
    for (failure, (line, told)) in failures.iter().zip([
        (3, "[NOT_FOUND ADMIN_NOT_FOUND]"),
        (4, "and nothing else"),
        (6, "field password_hash: "),
    ]) {
        assert_eq!(failure["line"], line);
        assert!(failure["error"].as_str().unwrap().contains(told), "{failure}");
    }
    for (person, email) in people.iter().zip(emails) {
        person.refused(&["whoami"], "TOKEN_REVOKED");
        is_refused(person, email, OLD);
        log_in(person, email, IMPORTED);
        person.json(&["whoami"]);
    }
}

#[test]
fn an_import_from_a_file_tells_people_what_came_of_it_and_shows_no_hash() {
    let platform = Platform::start();
    let (ada, operator) = (sign_up(&platform, "Acme", ADA), platform.operator());
    let file = operator.home().join("hashes.jsonl");
    let line = |email| json!({"email": email, "password_hash": HASHES[0]}).to_string() + "\n";
    let import = |person: &Person| person.run(&["admin", "import", file.to_str().unwrap()]);
    fs::write(&file, line(ADA)).unwrap();
    let outcome = import(&operator);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (0, "1 imported, 0 not\n"),
        "{outcome:?}"
    );
    log_in(&ada, ADA, IMPORTED);

    fs::write(&file, line("bob@example.com") + HASHES[0]).unwrap();
    let outcome = import(&operator);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    for told in [
        "NOT IMPORTED line 1 bob@example.com\n",
        "NOT IMPORTED line 2\n",
        "0 imported, 2 not\n",
    ] {
        assert!(outcome.stdout.contains(told), "{outcome:?}");
    }
    assert!(!format!("{outcome:?}").contains(&HASHES[0][7..20]), "{outcome:?}");

    let denied = import(&ada);
    assert_eq!(
        (denied.code, denied.stdout.as_str()),
        (1, "broken off at line 1: 0 imported, 0 not\n")
    );
    assert!(denied.stderr.contains("operators alone may"), "{denied:?}");
    fs::remove_file(&file).unwrap();
    assert_eq!(import(&operator).code, 74);
}
