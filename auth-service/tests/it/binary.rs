//! The binary itself.

use std::process::{Command, Output};

use crate::harness::CREDENTIAL;

const TOO_CHEAP: &str = if cfg!(feature = "failpoints") { "3" } else { "9" };

fn auth_service(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .args(flags)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn a_bad_setting_names_itself_and_exits_64() {
    for (flags, name) in [
        (vec![], "SERVICE_CREDENTIAL"),
        (vec!["--service-credential", "secret"], "SERVICE_CREDENTIAL"),
        (
            vec!["--service-credential", CREDENTIAL, "--issuer", ""],
            "AUTH_ISSUER",
        ),
        (
            vec!["--service-credential", CREDENTIAL, "--bcrypt-cost", TOO_CHEAP],
            "--bcrypt-cost",
        ),
        (
            vec!["--service-credential", CREDENTIAL, "--listen", "0.0.0.0:0"],
            "ALLOW_PLAINTEXT",
        ),
    ] {
        let output = auth_service(&flags);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{flags:?}: {said}");
        assert!(said.contains(name), "{flags:?}: {said}");
    }
}

#[test]
fn help_names_every_setting_and_shows_no_secret() {
    let help = Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .arg("--help")
        .env_clear()
        .env("AUTH_PEPPER", "canary-pepper")
        .env("SERVICE_CREDENTIAL", "canary-credential")
        .env("AUTH_OPERATOR_PASSWORD", "canary-password")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&help.stdout);
    for name in [
        "AUTH_LISTEN",
        "AUTH_STORE",
        "AUTH_BCRYPT_COST",
        "AUTH_PEPPER_FILE",
        "AUTH_HASH_QUEUE",
        "AUTH_ISSUER",
    ] {
        assert!(said.contains(name), "{name}");
    }
    assert!(!said.contains("canary"), "{said}");
}
