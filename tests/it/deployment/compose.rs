//! What `docker-compose.yml` says, as far as we use the format. A key that is not known here is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "x-server")]
    _shared: IgnoredAny,
    pub services: BTreeMap<String, Service>,
    pub volumes: BTreeMap<String, Option<IgnoredAny>>,
    pub secrets: BTreeMap<String, Secret>,
}

/// One container.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub image: String,
    pub build: Option<Build>,
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub secrets: Vec<String>,
    #[serde(default)]
    pub ports: Vec<String>,
    #[serde(default)]
    pub volumes: Vec<String>,
    #[serde(default)]
    pub depends_on: BTreeMap<String, Dependency>,
    pub healthcheck: Option<HealthCheck>,
    pub stop_grace_period: String,
    #[serde(rename = "restart")]
    _restart: String,
    #[serde(rename = "read_only", default)]
    _read_only: bool,
    #[serde(rename = "cap_drop", default)]
    _cap_drop: Vec<String>,
    #[serde(rename = "security_opt", default)]
    _security_opt: Vec<String>,
}

/// How an image is made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub context: String,
    pub dockerfile: String,
    pub target: String,
}

/// What a container waits for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub condition: String,
}

/// How a container's health is found out, where its image does not say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    pub test: Vec<String>,
    #[serde(rename = "interval")]
    _interval: String,
    #[serde(rename = "timeout")]
    _timeout: String,
    #[serde(rename = "start_period")]
    _start_period: String,
    #[serde(rename = "retries")]
    _retries: u32,
}

/// A file that a container is given to read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    pub file: String,
}

/// Reads the file.
pub fn parse(yaml: &str) -> Result<Compose, String> {
    serde_saphyr::from_str(yaml).map_err(|error| format!("docker-compose.yml: {error}"))
}
