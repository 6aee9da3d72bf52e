//! `tenantry verify` and `tenantry repair`, of running servers and over the stores of stopped ones.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tenantry_common::testing::mongo;

use crate::{
    dev::{Dev, Outcome, program, run},
    stopped::{PASSWORD, Stopped},
};

const CREDENTIAL: &str = "a-service-credential-of-32-bytes-or-more";

/// The kinds of the findings in a document, in the order of their names.
fn kinds(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap().iter();
    let kinds = findings.map(|finding| finding["kind"].as_str().unwrap());
    let mut kinds: Vec<_> = kinds
        .map(|kind| kind.strip_prefix("FINDING_KIND_").unwrap())
        .collect();
    kinds.sort_unstable();
    kinds
}

fn could_not_look(outcome: &Outcome, told: &str) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    assert!(outcome.stderr.contains(told), "{told}: {outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_damage_is_found_repaired_and_gone() {
    let stopped = Stopped::with_acme();
    let sound = stopped.json(&["verify"], 0);
    assert_eq!(
        (&sound["sound"], &sound["damage"], &sound["findings"]),
        (&true.into(), &0.into(), &Value::Array(vec![]))
    );
    assert_eq!(sound["checked"], 2, "one organization, one collection");
    let told = stopped.run(&["verify"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    assert!(told.stdout.starts_with("sound: 2 "), "{told:?}");

    let plant = stopped.plant().await;
    plant.move_collection_to("org_elsewhere").await;
    plant.create_for_nobody("org_nobody").await;
    let acme = plant.end().await;
    stopped.shut_gate(acme).await;

    let wrong = ["COLLECTION_MISPLACED", "COLLECTION_ORPHANED", "GATE_DISAGREES"];
    let damaged = stopped.json(&["verify"], 1);
    assert_eq!(kinds(&damaged), wrong, "{damaged:#}");
    assert_eq!(
        (&damaged["sound"], &damaged["damage"]),
        (&false.into(), &3.into())
    );
    let told = stopped.run(&["verify"]);
    assert_eq!(told.code, 1, "{told:?}");
    for text in wrong {
        let line = told.stdout.lines().find(|line| line.contains(text));
        assert!(line.unwrap().starts_with("DAMAGE "), "{told:?}");
    }
    assert!(told.stdout.contains(&format!("organization {acme}")), "{told:?}");
    assert!(told.stdout.contains("to do: run `tenantry repair"), "{told:?}");

    // Nothing happens unless it is asked for.
    let planned = stopped.json(&["repair", "--dry-run"], 1);
    assert_eq!(kinds(&planned), wrong);
    assert_eq!(stopped.run(&["repair"]).code, 64);
    assert_eq!(kinds(&stopped.json(&["verify"], 1)), wrong);

    let repaired = stopped.json(&["repair", "--yes"], 0);
    let repairs = repaired["repairs"].as_array().unwrap();
    assert_eq!(repairs.len(), 2, "acme once, org_nobody once: {repaired:#}");
    assert_eq!(repairs[0]["organizationId"], acme.to_string());
    assert_eq!(repairs[1]["collectionName"], "org_nobody");
    for repair in repairs {
        assert!(!repair["actions"].as_array().unwrap().is_empty(), "{repair}");
    }
    let now = stopped.json(&["verify"], 0);
    assert_eq!((&now["sound"], &now["damage"]), (&true.into(), &0.into()));
    // What was nobody's is still there.
    assert_eq!(kinds(&now), ["COLLECTION_SET_ASIDE"]);

    // The owner is let in again.
    let dev = Dev::start(&["--data-dir", stopped.home.path().join("data").to_str().unwrap()]);
    let ada = dev.person();
    ada.json_with(&["login", "--email", "ada@example.com"], PASSWORD);
    assert_eq!(ada.json(&["org", "get"])["collectionName"], "org_acme");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_repaired_is_left_and_told() {
    let stopped = Stopped::with_acme();
    let plant = stopped.plant().await;
    plant.drop_collection().await;
    let acme = plant.end().await.to_string();
    let repaired = stopped.json(&["repair", "--all", "--yes"], 1);
    assert_eq!(repaired["repairs"], Value::Array(vec![]));
    assert_eq!(kinds(&repaired), ["COLLECTION_MISSING"]);
    // Asked for by name it is tried, and no empty collection takes the place of the lost one.
    let tried = stopped.run(&["repair", &acme, "--yes"]);
    assert_eq!(tried.code, 1, "{tried:?}");
    assert!(
        tried
            .stdout
            .contains(&format!("NOT REPAIRED organization {acme}")),
        "{tried:?}"
    );
    assert!(tried.stdout.contains("OPERATION_HALTED"), "{tried:?}");
    assert_eq!(kinds(&stopped.json(&["verify"], 1)), ["OPERATION_HALTED"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_stalled_is_told_again_and_again_until_it_is_repaired() {
    let stopped = Stopped::with_acme();
    // As a server leaves it that was killed: the collection is elsewhere, and the operation has not ended.
    let plant = stopped.plant().await;
    plant.move_collection_to("org_elsewhere").await;
    drop(plant);
    for _ in 0..2 {
        // A look puts nothing right by itself.
        assert_eq!(kinds(&stopped.json(&["verify"], 1)), ["OPERATION_STALLED"]);
    }
    let told = stopped.run(&["repair", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stdout.starts_with("REPAIRED organization "), "{told:?}");
    assert!(told.stdout.contains("org_elsewhere"), "{told:?}");
    assert!(
        told.stdout.lines().last().unwrap().starts_with("sound: "),
        "{told:?}"
    );
}

#[test]
fn running_servers_tell_operators_and_who_has_the_credential() {
    let settings = [
        ("SERVICE_CREDENTIAL", CREDENTIAL),
        ("AUTH_OPERATOR_EMAIL", "root@example.com"),
        ("AUTH_OPERATOR_PASSWORD", "open sesame"),
    ];
    let dev = Dev::start_with(&["--ephemeral"], &settings);
    let (ada, root) = (dev.person(), dev.person());
    ada.sign_up("Acme", "ada@example.com", PASSWORD);
    root.json_with(&["login", "--email", "root@example.com"], "open sesame\n");

    assert_eq!(root.json(&["verify"])["sound"], true);
    let repaired = root.json(&["repair", "--yes"]);
    assert_eq!(
        (&repaired["repairs"], &repaired["sound"]),
        (&Value::Array(vec![]), &true.into())
    );

    let refused = ada.run(&["verify"]);
    could_not_look(&refused, "[PERMISSION_DENIED PERMISSION_DENIED]");
    could_not_look(&refused, "--service-credential-file");
    could_not_look(&ada.run(&["repair", "--yes"]), "PERMISSION_DENIED");
    let nobody = dev.person();
    could_not_look(&nobody.run(&["verify"]), "[UNAUTHENTICATED TOKEN_MISSING]");

    let file = nobody.home().join("credential");
    let arguments = ["verify", "--service-credential-file", file.to_str().unwrap()];
    fs::write(&file, format!("{CREDENTIAL}\n")).unwrap();
    assert_eq!(nobody.json(&arguments)["sound"], true);
    fs::write(&file, "x".repeat(40)).unwrap();
    could_not_look(&nobody.run(&arguments), "SERVICE_CREDENTIAL_INVALID");
    let by_environment = |variable: &str, value: &str| {
        let mut command = program(nobody.home());
        command.env("TENANTRY_ORG_URL", format!("http://{}", dev.org));
        run(command.arg("verify").env(variable, value), "")
    };
    assert_eq!(by_environment("SERVICE_CREDENTIAL", CREDENTIAL).code, 0);
    could_not_look(
        &by_environment("SERVICE_CREDENTIAL_FILE", file.to_str().unwrap()),
        "SERVICE_CREDENTIAL_INVALID",
    );

    // The servers have their stores to themselves.
    let store = dev.store("org-service");
    let outcome = nobody.run(&["verify", "--store", &store]);
    could_not_look(&outcome, "is in use");
    could_not_look(&outcome, "leave out --store");
    assert_eq!(root.json(&["verify"])["sound"], true);
}

#[test]
fn a_server_that_is_away_is_no_answer() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("credential");
    fs::write(&file, CREDENTIAL).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let arguments = [
        "--org-url",
        &url,
        "--service-credential-file",
        file.to_str().unwrap(),
        "-o",
        "json",
    ];
    for command in [&["verify"][..], &["repair", "--yes"]] {
        let outcome = run(program(home.path()).args(command).args(arguments), "");
        could_not_look(&outcome, &format!("cannot reach org-service at {url}"));
    }
    let nowhere = "mongodb://127.0.0.1:1/org";
    let elsewhere = "mongodb://127.0.0.1:1/auth";
    let outcome = run(
        program(home.path())
            .args(["verify", "--store", nowhere, "--auth-store", elsewhere])
            .args(["--timeout", "2s"]),
        "",
    );
    could_not_look(&outcome, "did not open within 2s");
}

#[test]
fn a_missing_store_is_told_and_stays_missing() {
    let home = tempfile::tempdir().unwrap();
    let verify = |arguments: &[&str]| run(program(home.path()).arg("verify").args(arguments), "");
    let files = || fs::read_dir(home.path()).unwrap().count();
    could_not_look(
        &verify(&["--store", "embedded:data/org.redb"]),
        "there is no file data/org.redb",
    );
    assert_eq!(files(), 0);
    // A store without its partner is not opened either.
    let stopped = Stopped::with_acme();
    fs::copy(data(&stopped, "org.redb"), home.path().join("org.redb")).unwrap();
    could_not_look(
        &verify(&["--store", "embedded:org.redb"]),
        "there is no file auth.redb",
    );
    assert_eq!(files(), 1);
    fs::write(home.path().join("auth.redb"), b"no database").unwrap();
    could_not_look(&verify(&["--store", "embedded:org.redb"]), "damaged");
    assert_eq!(fs::read(home.path().join("auth.redb")).unwrap(), b"no database");
}

fn data(stopped: &Stopped, file: &str) -> PathBuf {
    Path::new(stopped.home.path()).join("data").join(file)
}

#[test]
fn what_cannot_be_meant_is_a_misuse() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["verify", "--auth-store", "embedded:a"][..],
        &["verify", "--store", "a"],
        &["verify", "--store", "mongodb://h/db"],
        &[
            "verify",
            "--store",
            "embedded:a",
            "--service-credential-file",
            "f",
        ],
        &["verify", "--service-credential-file", "/nonexistent"],
        &["repair", "acme"],
        &["repair", "--all", "org_acme"],
        &["repair"],
    ] {
        let outcome = run(program(home.path()).args(arguments), "");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{outcome:?}");
    }
    let help = run(program(home.path()).args(["verify", "--help"]), "");
    assert!(help.stdout.contains("1 there is damage"), "{help:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_on_mongodb_are_looked_at_without_their_servers_too() {
    let (Some(auth), Some(org)) = (mongo().await, mongo().await) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut command = program(home.path());
    command.args(["verify", "-o", "json", "--timeout", "1m"]);
    command.args(["--store", org.url().expose(), "--auth-store", auth.url().expose()]);
    let outcome = run(&mut command, "");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&document["checked"], &document["sound"]),
        (&0.into(), &true.into())
    );
}
