//! The Dockerfile and the compose file say what the servers understand, and all that they need.

mod compose;
mod dockerfile;
mod references;
mod rules;
mod settings;

use std::fs;

use self::rules::{DOCKERFILE, complaints};
use crate::root;

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

#[test]
fn the_deployment_fits_the_servers() {
    let complaints = complaints(&read(DOCKERFILE), &read("docker-compose.yml"));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn the_secrets_are_kept_out_of_git_and_of_images() {
    let has_line = |file: &str, line: &str| read(file).lines().any(|found| found == line);
    assert!(has_line(".gitignore", "/deploy/secrets/"));
    assert!(has_line("deploy/Dockerfile.dockerignore", "deploy/secrets"));
}

#[test]
fn the_compose_file_tells_how_its_secrets_are_made() {
    let compose = read("docker-compose.yml");
    let (head, rest) = compose.split_once("\nservices:\n").unwrap();
    for name in compose::parse(&compose).unwrap().secrets.keys() {
        assert!(head.contains(name), "{name} is not in the head");
        assert!(rest.contains(&format!("./deploy/secrets/{name}.txt")));
    }
}

/// A mistake in one of the files is complained of, in words that hold `complaint`.
#[track_caller]
fn planted(file: &str, from: &str, to: &str, complaint: &str) {
    let sound = read(file);
    let spoiled = sound.replace(from, to);
    assert_ne!(sound, spoiled, "{file} does not say {from:?}");
    let found = if file == DOCKERFILE {
        complaints(&spoiled, &read("docker-compose.yml"))
    } else {
        complaints(&read(DOCKERFILE), &spoiled)
    };
    assert!(
        found.iter().any(|found| found.contains(complaint)),
        "{complaint:?} is not among {found:?}"
    );
}

#[track_caller]
fn in_compose(from: &str, to: &str, complaint: &str) {
    planted("docker-compose.yml", from, to, complaint);
}

#[track_caller]
fn in_dockerfile(from: &str, to: &str, complaint: &str) {
    planted(DOCKERFILE, from, to, complaint);
}

#[test]
fn a_setting_that_does_not_exist_is_noticed() {
    in_compose(
        "AUTH_OPERATOR_EMAIL:",
        "AUTH_OPERATOR_MAIL:",
        "no setting AUTH_OPERATOR_MAIL",
    );
    in_compose(
        "ORG_AUTH_URL:",
        "AUTH_STORE:",
        "org-service: there is no setting AUTH_STORE",
    );
    in_dockerfile("ENV ORG_LISTEN", "ENV ORG_ADDRESS", "no setting ORG_ADDRESS");
    in_compose("restart: unless-stopped", "restarts: unless-stopped", "restarts");
}

#[test]
fn a_setting_that_is_left_out_is_noticed() {
    in_compose(
        "      SERVICE_CREDENTIAL_FILE: /run/secrets/service-credential\n",
        "",
        "SERVICE_CREDENTIAL_FILE is left out",
    );
    in_compose(
        "      ORG_AUTH_URL: http://auth-service:50051\n",
        "",
        "ORG_AUTH_URL is left out",
    );
    in_compose(
        "      AUTH_OPERATOR_EMAIL: operator@example.com\n",
        "",
        "AUTH_OPERATOR_EMAIL is left out",
    );
    in_compose(
        "      ALLOW_PLAINTEXT: \"true\"\n",
        "",
        "does not start: ALLOW_PLAINTEXT",
    );
    in_compose(
        "      ORG_STORE: mongodb://mongo:27017/tenantry_org?replicaSet=rs0\n",
        "",
        "ORG_STORE is left to the image",
    );
    in_dockerfile(
        "ENV AUTH_LISTEN=0.0.0.0:50051 ",
        "ENV ",
        "AUTH_LISTEN is left out",
    );
}

#[test]
fn a_value_that_a_server_refuses_is_noticed() {
    in_compose("tenantry_auth?", "?", "does not start: AUTH_STORE");
    in_compose(
        "http://auth-service:50051",
        "auth service",
        "does not start: ORG_AUTH_URL",
    );
    in_compose(
        "operator@example.com\n",
        "nobody\n",
        "does not start: AUTH_OPERATOR_EMAIL",
    );
    in_dockerfile("0.0.0.0:50052", "127.0.0.1:50052", "not reached from outside");
}

#[test]
fn a_wrong_port_is_noticed() {
    in_compose(
        "127.0.0.1:50051:50051",
        "127.0.0.1:50051:50052",
        "the ports are not",
    );
    in_compose("127.0.0.1:50051:50051", "50051:50051", "the ports are not");
    in_compose(
        "http://auth-service:50051",
        "http://auth-service:50052",
        "does not listen on 50052",
    );
    in_compose(
        "mongo:27017/tenantry_org",
        "mongo:27018/tenantry_org",
        "does not listen on 27018",
    );
    in_dockerfile("EXPOSE 50051", "EXPOSE 50052", "does not expose 50051");
    in_dockerfile("0.0.0.0:50051", "0.0.0.0:50053", "does not expose 50053");
}

#[test]
fn a_wrong_binary_or_stage_is_noticed() {
    in_compose(
        "target: org-service",
        "target: organizations",
        "is not built from a stage",
    );
    in_compose("deploy/Dockerfile,", "Dockerfile,", "is not built from a stage");
    in_dockerfile(
        "--bin org-service",
        "--bin organizations",
        "the binary is not built",
    );
    in_dockerfile(
        "/out/org-service",
        "/out/auth-service",
        "the binary is not copied",
    );
    in_dockerfile(
        "ENTRYPOINT [\"/usr/local/bin/org",
        "ENTRYPOINT [\"/usr/local/bin/auth",
        "the entry point is not",
    );
    in_dockerfile(
        "ENTRYPOINT [\"/usr/local/bin/org-service\"]",
        "ENTRYPOINT /usr/local/bin/org-service",
        "the entry point is not",
    );
    in_dockerfile("\"health\"", "\"healthy\"", "does not ask for its health");
    in_dockerfile(
        "--from=build /out/org",
        "--from=builder /out/org",
        "no stage builder",
    );
}

#[test]
fn an_image_with_rights_it_does_not_need_is_noticed() {
    in_dockerfile(
        "USER 65532:65532",
        "USER root",
        "not the number of a user without rights",
    );
    in_dockerfile(
        "USER 65532:65532",
        "USER 0",
        "not the number of a user without rights",
    );
    in_dockerfile(
        "USER 65532:65532\n",
        "",
        "not the number of a user without rights",
    );
    in_dockerfile(
        "STOPSIGNAL SIGTERM",
        "STOPSIGNAL SIGINT",
        "not stopped by SIGTERM",
    );
    in_dockerfile(
        "gcr.io/distroless/cc-debian12:nonroot",
        "debian:bookworm",
        "not a distroless image",
    );
    in_dockerfile(" --locked", "", "without --locked");
}

#[test]
fn a_secret_that_goes_astray_is_noticed() {
    in_compose(
        "secrets: [service-credential]",
        "secrets: []",
        "is not given the secret service-credential",
    );
    in_compose(
        "secrets: [service-credential]",
        "secrets: [service-credential, operator-password]",
        "does not read the secret",
    );
    in_compose(
        "/run/secrets/operator-password",
        "/run/secrets/operator",
        "is not given the secret operator",
    );
    in_compose(
        "AUTH_OPERATOR_PASSWORD_FILE: /run/secrets/operator-password",
        "AUTH_OPERATOR_PASSWORD: hunter22",
        "not from a file",
    );
    in_compose(
        "./deploy/secrets/operator-password.txt",
        "./operator-password.txt",
        "is not in ./deploy/secrets",
    );
    in_compose(
        "  operator-password:\n    file: ./deploy/secrets/operator-password.txt\n",
        "",
        "no secret operator-password",
    );
}

#[test]
fn a_container_that_is_not_waited_for_is_noticed() {
    in_compose(
        "      auth-service: {condition: service_healthy}\n",
        "",
        "does not wait for auth-service",
    );
    in_compose(
        "condition: service_healthy",
        "condition: service_started",
        "cannot wait until",
    );
    in_compose(
        "http://auth-service:50051",
        "http://auth:50051",
        "names no service",
    );
    in_compose(
        "stop_grace_period: 30s",
        "stop_grace_period: 15s",
        "do not suffice for a drain",
    );
}

#[test]
fn a_mongodb_that_is_no_replica_set_is_noticed() {
    in_compose(
        "tenantry_org?replicaSet=rs0",
        "tenantry_org?replicaSet=rs1",
        "not started as the replica set",
    );
    in_compose("\"--replSet\", \"rs0\", ", "", "not started as the replica set");
    in_compose(
        "host: 'mongo:27017'",
        "host: 'localhost:27017'",
        "nothing makes the replica set",
    );
    in_compose(
        "mongo-data:/data/db",
        "mongo-data:/data",
        "MongoDB's data is on no volume",
    );
    in_compose("  mongo-config:\n", "", "not those that are mounted");
    in_compose("image: mongo:8", "image: mongo", "has no version");
}
