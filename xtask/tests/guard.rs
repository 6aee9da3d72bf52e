//! The guard of the test MongoDB, with a shell in the server's place.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

fn guard(directory: &Path, script: &str) -> Child {
    let mut guard = Command::new(env!("CARGO_BIN_EXE_xtask"));
    guard
        .args(["guard", "--directory"])
        .arg(directory)
        .args(["--", "sh", "-c", script]);
    guard.stdin(Stdio::piped()).spawn().unwrap()
}

/// The log once it has a line that begins with `start`.
fn await_line(directory: &Path, start: &str) -> String {
    loop {
        let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
        if let Some(line) = log
            .split_inclusive('\n')
            .find(|line| line.starts_with(start) && line.ends_with('\n'))
        {
            return line.trim_end().to_owned();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn is_alive(process: &str) -> bool {
    Command::new("kill")
        .args(["-0", process])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn the_server_and_its_directory_go_when_standard_input_ends() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("server");
    let mut guard = guard(&directory, "echo process $$; exec sleep 1000");
    let line = await_line(&directory, "process ");
    let process = line.trim_start_matches("process ");
    assert!(is_alive(process));

    drop(guard.stdin.take());
    assert!(guard.wait().unwrap().success());
    assert!(!is_alive(process));
    assert!(!directory.exists());
}

#[test]
fn a_server_that_ends_by_itself_leaves_its_last_words_until_then() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("server");
    let mut guard = guard(&directory, "echo last words >&2; exit 7");
    assert_eq!(
        await_line(&directory, "the server ended"),
        "the server ended: exit status: 7"
    );
    assert_eq!(await_line(&directory, "last"), "last words");

    drop(guard.stdin.take());
    assert!(guard.wait().unwrap().success());
    assert!(!directory.exists());
}

#[test]
fn a_server_that_minds_its_standard_input_ends_with_a_killed_guard() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("server");
    let mut guard = guard(&directory, "echo process $$; exec cat");
    let line = await_line(&directory, "process ");
    guard.kill().unwrap();
    guard.wait().unwrap();
    while is_alive(line.trim_start_matches("process ")) {
        thread::sleep(Duration::from_millis(5));
    }
}
