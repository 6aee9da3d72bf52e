//! `bench login-flood`. What a figure is, is nobody's business here: only that each was measured.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// So few, so cheap and so short that a round takes a few seconds.
const TINY: [&str; 19] = [
    "login-flood",
    "--rounds",
    "1",
    "--tries",
    "1",
    "--flood",
    "2,16",
    "--hash-threads",
    "1",
    "--hash-queue",
    "2",
    "--rate",
    "200",
    "--seconds",
    "0.3",
    "--bcrypt-cost",
    "10",
    // So that most of sixteen find the queue full, however fast the machine is.
    "--burst",
    "--json",
];

fn bench(arguments: &[&str], json: &Path) -> Output {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.args(TINY).arg(json).args(arguments).output().unwrap()
}

fn number(value: &Value, path: &str) -> f64 {
    let value = value.pointer(path).and_then(Value::as_f64);
    assert!(value.is_some(), "there is no number {path}");
    value.unwrap()
}

#[test]
fn a_round_measures_everything_that_is_promised() {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("figures.json");
    let output = bench(&[], &json);
    let (told, said) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}");
    for part in ["with 16 logins", "P99 RATIO", "REFUSED/S", "BCRYPT/S", "median"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let figures: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    for flood in ["/floods/0", "/floods/1"] {
        let of_the_flood = |figure: &str| number(&figures, &format!("{flood}{figure}"));
        assert!(of_the_flood("/p99_ratio") > 0.0);
        for probed in ["quiet", "flood"] {
            let probed = format!("/rounds/0/{probed}");
            assert!(
                (of_the_flood(&format!("{probed}/latency/count")) - 60.0).abs() < 0.5,
                "{told}"
            );
        }
        assert!(
            of_the_flood("/failed_calls") + of_the_flood("/failed_logins") < 0.5,
            "{told}"
        );
    }
    assert!(
        number(&figures, "/floods/0/refused/count") < 0.5,
        "two fit into the queue: {told}"
    );
    assert!(
        number(&figures, "/floods/1/refused/count") > 0.5,
        "sixteen do not: {told}"
    );
    assert!(number(&figures, "/floods/1/refused/p99_us") > 0.0);
    assert!(number(&figures, "/logins/ratio") > 0.0);
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let output = bench(&["--server-cpus", "1000"], &directory.path().join("figures.json"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("auth-service did not start"), "{said}");
}
