use super::*;

const CREDENTIAL: &str = "canary-credential-0123456789abcdef";

fn config(flags: &[&str]) -> Config {
    let required = ["--service-credential", CREDENTIAL];
    Config::from_args(required.iter().chain(flags)).unwrap()
}

fn complaint(flags: &[&str]) -> String {
    config(flags).check().unwrap_err().to_string()
}

#[test]
fn the_defaults_are_good() {
    let config = config(&[]);
    assert!(config.check().is_ok());
    assert_eq!(config.token_lifetime, Duration::from_secs(1_800));
    assert_eq!(config.session_idle_lifetime, Duration::from_secs(7 * 86_400));
    assert_eq!(config.session_lifetime, Duration::from_secs(30 * 86_400));
    assert_eq!(config.bcrypt_cost, "12".parse().unwrap());
    assert_eq!(config.store.to_string(), "embedded:./tenantry-data/auth.redb");
}

#[test]
fn a_bad_setting_names_itself() {
    assert!(complaint(&["--issuer", ""]).starts_with("AUTH_ISSUER: "));
    assert!(complaint(&["--audience", ""]).starts_with("AUTH_AUDIENCE: "));
    for lifetime in ["0s", "25h", "1500ms"] {
        assert!(complaint(&["--token-lifetime", lifetime]).starts_with("AUTH_TOKEN_LIFETIME: "));
    }
    assert!(complaint(&["--pepper", ""]).starts_with("AUTH_PEPPER: "));
    assert!(complaint(&["--pepper", "a", "--pepper-file", "b"]).starts_with("AUTH_PEPPER: "));
    assert!(complaint(&["--pepper", &"a".repeat(31)]).starts_with("AUTH_PEPPER: "));
    for (flags, name) in [
        (["--session-idle-lifetime", "29m"], "AUTH_SESSION_IDLE_LIFETIME: "),
        (["--session-idle-lifetime", "31d"], "AUTH_SESSION_LIFETIME: "),
        (["--session-lifetime", "366d"], "AUTH_SESSION_LIFETIME: "),
        (["--session-lifetime", "604800500ms"], "AUTH_SESSION_LIFETIME: "),
    ] {
        assert!(complaint(&flags).starts_with(name), "{flags:?}");
    }
    assert!(complaint(&["--operator-email", "a@example.com"]).starts_with("AUTH_OPERATOR_PASSWORD: "));
    assert!(complaint(&["--operator-password", "correct horse"]).starts_with("AUTH_OPERATOR_EMAIL: "));
    let short = [
        "--operator-email",
        "a@example.com",
        "--operator-password",
        "short",
    ];
    assert!(complaint(&short).starts_with("AUTH_OPERATOR_PASSWORD: "));
    let personal = [
        "--operator-email",
        "ada.lovelace@example.com",
        "--operator-password",
        "AdaLovelace1815",
    ];
    assert!(complaint(&personal).starts_with("AUTH_OPERATOR_PASSWORD: "));
    let too_cheap = if cfg!(feature = "failpoints") { "3" } else { "9" };
    for flags in [
        ["--bcrypt-cost", too_cheap],
        ["--bcrypt-cost", "15"],
        ["--hash-queue", "0"],
        ["--hash-threads", "0"],
        ["--login-email-limit", "10"],
        ["--login-network-limit", "10/0s"],
        ["--store", "redis://x"],
        ["--operator-email", "nobody"],
    ] {
        let error = Config::from_args(flags).unwrap_err().to_string();
        assert!(error.contains(flags[0]), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let flags = [
        "--pepper",
        "canary-pepper",
        "--operator-email",
        "canary@example.com",
        "--operator-password",
        "canary-password",
        "--store",
        "mongodb://user:canary-url@localhost/auth",
    ];
    let shown = format!("{:?}", config(&flags));
    assert!(!shown.contains("canary"), "{shown}");
}
