//! How `tenantry dev` starts and stops.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;

use crate::dev::{Dev, command, run};

/// The directory that auth-service's store is in.
fn data(dev: &Dev) -> PathBuf {
    let url = dev.store("auth-service");
    Path::new(url.strip_prefix("embedded:").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

#[test]
fn the_three_lines_work_as_pasted() {
    if Command::new("grpcurl").arg("-version").output().is_err() {
        std::io::Write::write_all(&mut std::io::stderr(), b"LEFT OUT: grpcurl is not on PATH\n").unwrap();
        return;
    }
    let dev = Dev::ephemeral();
    let lines: Vec<_> = dev
        .banner
        .lines()
        .filter(|line| line.contains("grpcurl "))
        .collect();
    assert_eq!(lines.len(), 3, "{}", dev.banner);
    let outcome = run(Command::new("sh").arg("-e"), &lines.join("\n"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    // Created once, and got once.
    assert_eq!(
        outcome
            .stdout
            .matches("\"collectionName\": \"org_acme_inc\"")
            .count(),
        2,
        "{outcome:?}"
    );
}

#[test]
fn the_commands_of_the_hint_work_as_pasted() {
    let dev = Dev::ephemeral();
    let ada = dev.person();
    let hint = dev
        .banner
        .lines()
        .find_map(|line| line.strip_prefix("The same with the CLI: "))
        .unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tenantry")).parent().unwrap();
    let commands: Vec<_> = hint
        .split("; ")
        .map(|command| format!("printf 'some password\\n' | {command}"))
        .collect();
    let mut shell = Command::new("sh");
    shell.env(
        "PATH",
        format!("{}:{}", program.display(), std::env::var("PATH").unwrap()),
    );
    let outcome = run(
        shell
            .arg("-e")
            .env("HOME", ada.home())
            .env_remove("XDG_STATE_HOME"),
        &commands.join("\n"),
    );
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(outcome.stdout.matches("org_acme_inc").count(), 2, "{outcome:?}");
}

#[test]
fn both_stop_on_request_and_an_ephemeral_directory_goes_with_them() {
    for signal in [Signal::TERM, Signal::INT] {
        let dev = Dev::ephemeral();
        let (auth, org, data) = (dev.auth, dev.org, data(&dev));
        assert!(data.join("auth.redb").exists() && data.join("org.redb").exists());
        assert!(dev.stop(signal).success(), "{signal:?}");
        assert!(!data.exists());
        assert!(TcpListener::bind(auth).is_ok() && TcpListener::bind(org).is_ok());
    }
}

#[test]
fn data_outlives_a_restart_and_the_operators_password_is_shown_once() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let arguments = ["--data-dir", directory.to_str().unwrap()];
    let password = "correct horse battery staple\n";

    let first = Dev::start(&arguments);
    assert!(first.banner.contains("operator@tenantry.localhost, password "));
    let acme = first.person().sign_up("Acme", "ada@example.com", password);
    assert!(first.stop(Signal::TERM).success());

    let second = Dev::start(&arguments);
    assert!(!second.banner.contains("operator@tenantry.localhost"));
    let ada = second.person();
    ada.json_with(&["login", "--email", "ada@example.com"], password);
    assert_eq!(ada.json(&["org", "get"]), acme);
    let kept = fs::read_to_string(directory.join("operator-password")).unwrap();
    second
        .person()
        .json_with(&["login", "--email", "operator@tenantry.localhost"], &kept);
}

#[test]
fn data_in_use_is_told() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let arguments = ["--data-dir", directory.to_str().unwrap()];
    let first = Dev::start(&arguments);
    let second = run(&mut command(home.path(), &arguments), "");
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("in use"), "{second:?}");
    assert!(second.stderr.contains(directory.to_str().unwrap()), "{second:?}");
    assert!(!second.stdout.contains("grpcurl"), "{second:?}");
    assert!(first.person().run(&["whoami"]).stderr.contains("TOKEN_MISSING"));
}

#[test]
fn a_port_in_use_is_told() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for flag in ["--auth-port", "--org-port"] {
        let mut command = crate::dev::program(home.path());
        let other = if flag == "--auth-port" {
            "--org-port"
        } else {
            "--auth-port"
        };
        let outcome = run(command.args(["dev", "--ephemeral", flag, &port, other, "0"]), "");
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(
            outcome.stderr.contains(&format!("127.0.0.1:{port}")),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("in use"), "{outcome:?}");
        assert!(outcome.stderr.contains(flag), "{outcome:?}");
    }
}

#[test]
fn a_bad_setting_of_either_server_is_told_before_anything_starts() {
    let home = tempfile::tempdir().unwrap();
    for (variable, value) in [("AUTH_BCRYPT_COST", "many"), ("ORG_SIGN_UP", "perhaps")] {
        let outcome = run(command(home.path(), &["--ephemeral"]).env(variable, value), "");
        assert_eq!(outcome.code, 64, "{outcome:?}");
        assert!(outcome.stderr.contains(variable), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn settings_come_from_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("elsewhere.redb");
    let url = format!("embedded:{}", store.display());
    let settings = [
        ("ORG_STORE", url.as_str()),
        ("AUTH_OPERATOR_EMAIL", "root@example.com"),
        ("AUTH_OPERATOR_PASSWORD", "open sesame"),
    ];
    let dev = Dev::start_with(&["--ephemeral"], &settings);
    assert_eq!(dev.store("org-service"), url);
    assert!(store.exists());
    assert!(!data(&dev).join("org.redb").exists());
    // The operator is the environment's, and no password is made up for another one.
    assert!(
        !dev.banner.contains("operator@tenantry.localhost"),
        "{}",
        dev.banner
    );
    let me = dev
        .person()
        .json_with(&["login", "--email", "root@example.com"], "open sesame\n");
    assert_eq!(me["admin"]["role"], "ROLE_OPERATOR");
}

#[test]
fn a_start_that_failed_does_not_use_up_the_one_showing_of_the_password() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let directory = directory.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = crate::dev::program(home.path());
    let failed = run(
        command.args(["dev", "--data-dir", directory, "--auth-port", &port]),
        "",
    );
    assert_eq!(failed.code, 1, "{failed:?}");
    let dev = Dev::start(&["--data-dir", directory]);
    let kept = fs::read_to_string(Path::new(directory).join("operator-password")).unwrap();
    let shown = format!("operator@tenantry.localhost, password {}", kept.trim_end());
    assert!(dev.banner.contains(&shown), "{}", dev.banner);
    dev.person()
        .json_with(&["login", "--email", "operator@tenantry.localhost"], &kept);
}
