//! How a login goes on: the program refreshes it by itself.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tenantry_common::clock::{Clock, SystemClock};

use crate::{
    person::Person,
    platform::{OPERATOR, OPERATOR_PASSWORD, Platform, log_in},
};

const PAST: &str = "2020-01-01T00:00:00Z";

/// This far from now, in RFC 3339.
fn after(time: Duration) -> String {
    prost_types::Timestamp::from(SystemClock.now() + time).to_string()
}

/// How often the saved login was refreshed: the counter in the middle of its refresh token.
fn refreshes(person: &Person) -> u64 {
    let saved = person.saved().unwrap();
    let token = saved["refresh_token"].as_str().unwrap();
    token.split('.').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_access_token_that_is_over_or_nearly_is_refreshed_before_the_call() {
    let platform = Platform::start();
    let operator = platform.operator();
    for (end, refreshed) in [
        (PAST.to_owned(), true),
        (after(Duration::from_secs(20)), true),
        (after(Duration::from_secs(300)), false),
    ] {
        operator.tamper(json!({ "expire_time": end }));
        let before = operator.saved().unwrap();
        let me = operator.json(&["whoami"]);
        let now = operator.saved().unwrap();
        for token in ["access_token", "refresh_token"] {
            assert_eq!(now[token] != before[token], refreshed, "{token}, {end}");
        }
        assert_eq!(now["expire_time"] != before["expire_time"], refreshed, "{end}");
        assert_eq!(
            (&me["expireTime"], &me["refreshExpireTime"]),
            (&now["expire_time"], &now["refresh_expire_time"])
        );
    }
    assert_eq!(refreshes(&operator), 2);
    let mode = fs::metadata(operator.credentials()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let beside = fs::read_dir(operator.credentials().parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 2, "the login and its lock");
}

#[test]
fn a_call_that_is_refused_for_its_tokens_age_is_made_again_with_the_next_one() {
    let platform = Platform::start();
    let operator = platform.operator();
    for (done, arguments) in [
        &["whoami"][..],
        &["org", "list"],
        &["sessions", "list"],
        &["verify"],
    ]
    .iter()
    .enumerate()
    {
        platform.outlive_access_tokens();
        operator.json(arguments);
        assert_eq!(refreshes(&operator), done as u64 + 1, "{arguments:?}");
    }
}

#[test]
fn of_many_processes_at_once_one_refreshes_and_all_stay_logged_in() {
    let platform = Platform::start();
    let operator = platform.operator();
    let all_at_once = || {
        thread::scope(|scope| {
            let running: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| operator.run(&["whoami"])))
                .collect();
            for process in running {
                let outcome = process.join().unwrap();
                assert_eq!(outcome.code, 0, "{outcome:?}");
            }
        });
    };
    operator.tamper(json!({ "expire_time": PAST }));
    all_at_once();
    assert_eq!(refreshes(&operator), 1);
    platform.outlive_access_tokens();
    all_at_once();
    assert_eq!(refreshes(&operator), 2);
    // Nobody has shown a token that was used up: the session is still there.
    platform.outlive_access_tokens();
    operator.json(&["whoami"]);
}

#[test]
fn who_changes_the_login_waits_for_others_who_do() {
    let platform = Platform::start();
    let operator = platform.operator();
    operator.tamper(json!({ "expire_time": PAST }));
    let before = operator.saved();
    let lock = operator.credentials().with_file_name("credentials.json.lock");
    let lock = fs::File::create(lock).unwrap();
    lock.lock().unwrap();
    for arguments in [&["whoami"][..], &["logout"], &["logout", "--local"]] {
        let outcome = operator.run(&[arguments, &["--timeout", "3s"]].concat());
        assert_eq!(outcome.code, 74, "{arguments:?}: {outcome:?}");
        assert!(
            outcome.stderr.contains("another `tenantry` is changing it"),
            "{outcome:?}"
        );
        assert_eq!(operator.saved(), before, "{arguments:?}");
    }
    // A new login waits with what it has got.
    let other = platform.operator();
    thread::scope(|scope| {
        let login = scope.spawn(|| log_in(&operator, OPERATOR, OPERATOR_PASSWORD));
        while other.json(&["sessions", "list"])["sessions"]
            .as_array()
            .unwrap()
            .len()
            < 3
        {
            assert!(!login.is_finished());
        }
        assert_eq!(operator.saved(), before);
        drop(lock);
        login.join().unwrap();
    });
    assert_ne!(operator.saved(), before);
    operator.json(&["whoami"]);
}

#[test]
fn a_login_that_cannot_be_refreshed_is_told_and_stays_in_its_file() {
    let platform = Platform::start();
    let ended = platform.operator();
    let (forged, idle) = (platform.operator(), platform.operator());
    let sessions = ended.json(&["sessions", "list"]);
    let current = |session: &&Value| session["current"] == true;
    let session = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(current)
        .unwrap();
    idle.json(&["whoami"]);
    assert_eq!(
        idle.run(&["sessions", "revoke", session["id"].as_str().unwrap()])
            .code,
        0
    );
    forged.tamper(json!({ "refresh_token": "rt_forged" }));
    for (person, wait, reason) in [
        (&ended, 31 * 60, "TOKEN_REVOKED"),
        (&forged, 31 * 60, "TOKEN_INVALID"),
        (&idle, 8 * 86_400, "TOKEN_EXPIRED"),
    ] {
        platform.advance(Duration::from_secs(wait));
        let before = person.saved();
        for locally in [false, true] {
            let outcome = person.refused(&["whoami"], reason);
            assert!(
                outcome.stderr.contains("log in again with `tenantry login`"),
                "{outcome:?}"
            );
            if !locally {
                assert_eq!(person.saved(), before);
                person.tamper(json!({ "expire_time": PAST }));
            }
        }
        log_in(person, OPERATOR, OPERATOR_PASSWORD);
        person.json(&["whoami"]);
    }
}

#[test]
fn a_login_that_an_older_version_kept_lasts_as_long_as_its_access_token() {
    let platform = Platform::start();
    let operator = platform.operator();
    operator.tamper(json!({ "refresh_token": null, "refresh_expire_time": null }));
    operator.json(&["whoami"]);
    platform.outlive_access_tokens();
    let outcome = operator.refused(&["whoami"], "TOKEN_EXPIRED");
    assert!(
        outcome.stderr.contains("log in again with `tenantry login`"),
        "{outcome:?}"
    );
}

/// An import that waits for its next line.
struct Import {
    child: Child,
    told: BufReader<std::process::ChildStdout>,
}

impl Import {
    fn begin(person: &Person) -> Self {
        let mut command = person.command(&["admin", "import", "-"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, told }
    }

    /// Gives a line about nobody, and waits until it is told so.
    fn nobody(&mut self) {
        self.line();
        let mut block = String::new();
        while !block.contains("[NOT_FOUND ADMIN_NOT_FOUND]") {
            assert_ne!(self.told.read_line(&mut block).unwrap(), 0, "it ended: {block}");
        }
    }

    fn line(&mut self) {
        let hash = "$2b$10$abcdefghijklmnopqrstuuCj7fyLDJytXL.TfOiOeiv0fQvSOK1/2";
        let line = json!({"email": "nobody@example.com", "password_hash": hash});
        let mut stdin = self.child.stdin.as_ref().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// How it ends after its last line, and what it tells.
    fn end(mut self) -> (i32, String, String) {
        drop(self.child.stdin.take());
        let mut stdout = String::new();
        while self.told.read_line(&mut stdout).unwrap() > 0 {}
        let output = self.child.wait_with_output().unwrap();
        (
            output.status.code().unwrap(),
            stdout,
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

#[test]
fn long_work_survives_the_end_of_its_access_token() {
    let platform = Platform::start();
    let operator = platform.operator();
    let mut import = Import::begin(&operator);
    for refreshed in 0..3 {
        import.nobody();
        assert_eq!(refreshes(&operator), refreshed);
        platform.outlive_access_tokens();
    }
    let (code, stdout, stderr) = import.end();
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    assert!(stdout.ends_with("0 imported, 3 not\n"), "{stdout}");
}

#[test]
fn long_work_takes_over_what_another_process_has_refreshed() {
    let platform = Platform::start();
    let operator = platform.operator();
    let mut import = Import::begin(&operator);
    import.nobody();
    platform.outlive_access_tokens();
    operator.json(&["whoami"]);
    // From now on the refresh token that the import began with would end the session.
    platform.advance(Duration::from_secs(11));
    import.nobody();
    assert_eq!(refreshes(&operator), 1);
    let (code, stdout, stderr) = import.end();
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    operator.json(&["whoami"]);
}

#[test]
fn long_work_does_not_go_on_as_somebody_else() {
    let platform = Platform::start();
    let operator = platform.operator();
    platform
        .person()
        .sign_up("Acme", "ada@example.com", "a kettle for the crew\n");
    let mut import = Import::begin(&operator);
    import.nobody();
    log_in(&operator, "ada@example.com", "a kettle for the crew");
    let before = operator.saved();
    platform.outlive_access_tokens();
    import.line();
    let (code, stdout, stderr) = import.end();
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("another one took its place"), "{stderr}");
    assert!(
        stdout.ends_with("broken off at line 2: 0 imported, 1 not\n"),
        "{stdout}"
    );
    assert_eq!(operator.saved(), before);
}
