//! The binary itself: settings, exit codes, a port that is taken.

use std::process::{Command, Output, Stdio};

use crate::harness::CREDENTIAL;

fn org_service(settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_org-service"));
    command
        .env_clear()
        .stdin(Stdio::null())
        .envs(settings.iter().copied());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_bad_setting_is_named_and_ends_with_64() {
    let credential = ("SERVICE_CREDENTIAL", CREDENTIAL);
    for (name, value) in [
        ("ORG_LISTEN", "nowhere"),
        ("ORG_STORE", "redis://localhost"),
        ("ORG_STORE", "mongodb://localhost"),
        ("ORG_AUTH_URL", "https://127.0.0.1:1"),
        ("ORG_AUTH_URL", "nonsense"),
        ("ORG_SIGN_UP", "maybe"),
        ("ORG_RETENTION", "soon"),
        ("ORG_RETENTION", "200years"),
        ("ORG_LEASE", "1h"),
        ("ORG_RECONCILE_INTERVAL", "1ms"),
        ("ORG_RECONCILE_INTERVAL", "1h"),
        ("ORG_HANDLE_REST", "20s"),
        ("LOG_LEVEL", "org_service=loud"),
    ] {
        let output = org_service(&[credential, (name, value)]);
        assert_eq!(
            output.status.code(),
            Some(64),
            "{name}={value}: {}",
            text(&output)
        );
        let flag = format!(
            "--{}",
            name.trim_start_matches("ORG_").to_lowercase().replace('_', "-")
        );
        assert!(
            text(&output).contains(name) || text(&output).contains(&flag),
            "{name}={value}: {}",
            text(&output)
        );
    }
    for settings in [&[][..], &[("SERVICE_CREDENTIAL", "too short")]] {
        let output = org_service(settings);
        assert_eq!(output.status.code(), Some(64));
        assert!(text(&output).contains("SERVICE_CREDENTIAL"));
    }
    let everywhere = org_service(&[credential, ("ORG_LISTEN", "0.0.0.0:0")]);
    assert_eq!(everywhere.status.code(), Some(64));
    assert!(text(&everywhere).contains("ALLOW_PLAINTEXT"));
}

#[test]
fn a_port_that_is_taken_and_a_file_in_use_are_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = org_service(&[("SERVICE_CREDENTIAL", CREDENTIAL), ("ORG_LISTEN", &address)]);
    assert!(!output.status.success());
    assert!(text(&output).contains(&address), "{}", text(&output));

    let place = tenantry_common::testing::EmbeddedTest::new();
    let _open = place.open();
    let store = place.url().to_string();
    let settings = [
        ("SERVICE_CREDENTIAL", CREDENTIAL),
        ("ORG_LISTEN", "127.0.0.1:0"),
        ("ORG_STORE", &store),
    ];
    let output = org_service(&settings);
    assert!(!output.status.success());
    assert!(text(&output).contains("in use"), "{}", text(&output));
}
