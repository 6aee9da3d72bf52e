//! A server's process from outside: exit codes, texts, signals.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader},
    net::TcpListener as StdListener,
    path::Path,
    process,
};

use rustix::process::{Pid, Signal, kill_process};
use tracing::Instrument;

use super::*;
use crate::config::StoreUrl;

/// Settings like a server's.
#[derive(Args, Clone, Debug)]
struct Config {
    #[arg(long, env = "TENANTRY_TEST_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[arg(long, env = "TENANTRY_TEST_STORE", default_value = "embedded:x")]
    store: StoreUrl,
    #[command(flatten)]
    server: ServerSettings,
}

impl ServiceConfig for Config {
    fn listen(&self) -> SocketAddr {
        self.listen
    }

    fn server(&self) -> &ServerSettings {
        &self.server
    }

    fn check(&self) -> Result<(), SettingError> {
        match &self.store {
            StoreUrl::Embedded(path) if path == Path::new("bad") => {
                Err(SettingError::new("X_STORE", "is bad"))
            }
            _ => Ok(()),
        }
    }
}

async fn returns(_: Config, _: TcpListener, _: Shutdown) -> Result<(), Infallible> {
    Ok(())
}

async fn must_not_run(_: Config, _: TcpListener, _: Shutdown) -> Result<(), Infallible> {
    panic!("a server with bad settings was run")
}

async fn fails(_: Config, _: TcpListener, _: Shutdown) -> Result<(), io::Error> {
    Err(io::Error::other("the store burns"))
}

fn started<F, E>(
    arguments: &[&str],
    run: impl FnOnce(Config, TcpListener, Shutdown) -> F,
) -> Result<u8, Failed>
where
    F: Future<Output = Result<(), E>>,
    E: Error,
{
    // Without logs: they, and the panic hook with them, are the whole process's.
    started_with(|_| Ok(()), arguments, run)
}

fn started_with<F, E>(
    log: fn(&LogSettings) -> Result<(), SettingError>,
    arguments: &[&str],
    run: impl FnOnce(Config, TcpListener, Shutdown) -> F,
) -> Result<u8, Failed>
where
    F: Future<Output = Result<(), E>>,
    E: Error,
{
    let arguments = std::iter::once("server")
        .chain(arguments.iter().copied())
        .map(OsString::from);
    main_with(command::<Config>("server", "Serves."), arguments, log, run)
}

#[test]
fn a_server_that_ends_well_exits_with_0() {
    assert_eq!(started(&[], returns).unwrap(), 0);
    assert_eq!(started(&["--help"], must_not_run).unwrap(), 0);
    assert_eq!(started(&["--version"], must_not_run).unwrap(), 0);
}

#[test]
fn help_begins_with_what_the_server_does_and_tells_every_variable() {
    let help = command::<Config>("server", "Serves.")
        .render_long_help()
        .to_string();
    assert!(help.starts_with("Serves.\n"), "{help}");
    for variable in [
        "TENANTRY_TEST_LISTEN",
        "REQUEST_TIMEOUT",
        "DRAIN_TIMEOUT",
        "LOG_LEVEL",
        "LOG_FORMAT",
    ] {
        assert!(help.contains(&format!("[env: {variable}=")), "{variable}: {help}");
    }
}

#[test]
fn a_server_that_fails_exits_with_1_and_says_why() {
    let failed = started(&[], fails).unwrap_err();
    assert_eq!(
        (failed.code, failed.text.as_str()),
        (EXIT_FAILURE, "the store burns")
    );
}

#[test]
fn a_bad_setting_names_itself_and_exits_with_64() {
    for (argument, named) in [
        ("--listen=nowhere", "TENANTRY_TEST_LISTEN (--listen): "),
        (
            "--store=redis://h",
            "TENANTRY_TEST_STORE (--store): must be embedded:PATH",
        ),
        ("--store=embedded:bad", "X_STORE: is bad"),
        ("--listen=0.0.0.0:0", "ALLOW_PLAINTEXT: 0.0.0.0:0 can be reached"),
        ("--request-timeout=0s", "REQUEST_TIMEOUT: "),
        ("--request-timeout=soon", "REQUEST_TIMEOUT (--request-timeout): "),
        ("--request-timeout=10000years", "REQUEST_TIMEOUT: "),
        ("--drain-timeout=2h", "DRAIN_TIMEOUT: "),
        ("--reflection=perhaps", "REFLECTION (--reflection): "),
        ("--log-level=a=loud", "LOG_LEVEL: "),
        ("--log-format=xml", "LOG_FORMAT (--log-format): "),
        ("--no-such", "--no-such"),
        ("no-such", "no-such"),
    ] {
        let failed = started(&[argument], must_not_run).unwrap_err();
        assert_eq!(failed.code, EXIT_USAGE, "{argument}: {}", failed.text);
        assert!(failed.text.contains(named), "{argument}: {}", failed.text);
    }
}

#[test]
fn a_store_url_that_is_refused_does_not_show_its_password() {
    let failed = started(&["--store=mongodb://ada:hunter2@host"], must_not_run).unwrap_err();
    assert!(
        failed.text.starts_with("TENANTRY_TEST_STORE (--store): "),
        "{}",
        failed.text
    );
    assert!(!failed.text.contains("hunter2"), "{}", failed.text);
}

#[test]
fn plaintext_for_other_hosts_can_be_allowed() {
    for argument in [
        "--allow-plaintext",
        "--allow-plaintext=true",
        "--allow-plaintext=1",
    ] {
        assert_eq!(started(&["--listen=0.0.0.0:0", argument], returns).unwrap(), 0);
    }
}

#[test]
fn a_taken_port_is_told_with_its_address_and_setting() {
    let taken = StdListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = started(&[&format!("--listen={address}")], must_not_run).unwrap_err();
    assert_eq!(failed.code, EXIT_UNAVAILABLE);
    assert!(
        failed.text.contains(&address) && failed.text.contains("TENANTRY_TEST_LISTEN (--listen)"),
        "{}",
        failed.text
    );
}

#[test]
fn health_says_1_where_nobody_listens_and_64_for_no_url() {
    let unused = StdListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let failed = started(&["health", &format!("--address=http://{address}")], must_not_run).unwrap_err();
    assert_eq!(failed.code, EXIT_FAILURE);
    assert!(
        failed.text.contains(&address.to_string()) && failed.text.contains("refused"),
        "{}",
        failed.text
    );
    assert_eq!(
        started(&["health", "--address=no url"], must_not_run)
            .unwrap_err()
            .code,
        EXIT_USAGE
    );
}

#[test]
fn a_server_on_every_address_is_asked_on_loopback() {
    for (listen, url) in [
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:2", "http://[::1]:2"),
        ("10.0.0.1:3", "http://10.0.0.1:3"),
    ] {
        assert_eq!(health::url_of(listen.parse().unwrap()), url);
    }
}

/// Runs one of the tests below that are none, in a process of its own.
fn child(name: &str) -> process::Child {
    process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("process::tests::{name}"),
            "--ignored",
            "--nocapture",
        ])
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn a_server_that_never_drains() {
    let outcome = started_with(
        telemetry::init,
        &["--log-format=json"],
        |_, _, shutdown| async move {
            shutdown.await;
            let _ = writeln!(io::stderr(), "DRAINING");
            std::future::pending::<Result<(), Infallible>>().await
        },
    );
    panic!("it ended by itself: {outcome:?}");
}

#[test]
fn a_first_signal_drains_and_a_second_ends_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut child = child("a_server_that_never_drains");
        let pid = Pid::from_child(&child);
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert!(lines.any(|line| line.contains(r#""msg":"listening""#)));
        kill_process(pid, signal).unwrap();
        assert!(lines.any(|line| line == "DRAINING"));
        kill_process(pid, signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn a_server_with_a_bug() {
    let outcome = started_with(telemetry::init, &["--log-format=json"], |_, _, _| async move {
        assert_eq!(
            telemetry::init(&LogSettings::default()),
            Ok(()),
            "a second start is no error"
        );
        let bug = async { panic!("the bug's text") };
        let caught = tokio::spawn(bug.instrument(tracing::error_span!("call", request_id = "r-1"))).await;
        assert!(caught.is_err());
        Ok::<_, Infallible>(())
    });
    assert_eq!(outcome.unwrap(), 0);
}

#[test]
fn a_panic_is_one_line_in_the_log_with_the_request_id() {
    let output = child("a_server_with_a_bug").wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("the bug's text"))
        .collect();
    assert_eq!(lines.len(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(
        (&line["level"], &line["request_id"]),
        (&"ERROR".into(), &"r-1".into())
    );
    assert!(line["panic"].as_str().unwrap().contains("tests.rs"), "{line}");
}
