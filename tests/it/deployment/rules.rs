//! What must hold of the Dockerfile and the compose file, together and against the servers.

use std::time::Duration;

use super::{
    compose::{Compose, Service, parse},
    dockerfile::{Dockerfile, Stage, command},
    references,
    settings::{Environment, SERVERS, Server, Started},
};

/// Where the Dockerfile is.
pub const DOCKERFILE: &str = "deploy/Dockerfile";
/// Where compose puts a container's secrets.
const SECRETS: &str = "/run/secrets/";
/// The port that `mongo` listens on when nothing is said.
const MONGODB_PORT: u16 = 27017;
/// What a container has beyond the drain, to close its store and leave.
const MARGIN: Duration = Duration::from_secs(5);

/// What is wrong with the two files, in sentences.
pub fn complaints(dockerfile: &str, compose: &str) -> Vec<String> {
    let dockerfile = Dockerfile::parse(dockerfile);
    let compose = match parse(compose) {
        Ok(compose) => compose,
        Err(error) => return vec![error],
    };
    let mut complaints = Complaints(Vec::new());
    for server in &SERVERS {
        match compose.services.get(server.binary) {
            Some(service) => Deployed {
                server,
                service,
                compose: &compose,
            }
            .check(&dockerfile, &mut complaints),
            None => complaints.add(format!("no service {}", server.binary)),
        }
    }
    check_images(&dockerfile, &mut complaints);
    references::check(&dockerfile, &compose, &mut complaints);
    complaints.0
}

/// What is wrong, in sentences.
pub struct Complaints(Vec<String>);

impl Complaints {
    pub fn add(&mut self, complaint: String) {
        self.0.push(complaint);
    }

    pub fn add_unless(&mut self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.0.push(complaint());
        }
    }
}

/// A server of ours and the service that it is in the compose file.
struct Deployed<'a> {
    server: &'a Server,
    service: &'a Service,
    compose: &'a Compose,
}

impl Deployed<'_> {
    fn check(&self, dockerfile: &Dockerfile, complaints: &mut Complaints) {
        let name = self.server.binary;
        let build = self
            .service
            .build
            .as_ref()
            .filter(|build| build.context == "." && build.dockerfile == DOCKERFILE);
        let Some(stage) = build.and_then(|build| dockerfile.stage(&build.target)) else {
            return complaints.add(format!("{name}: is not built from a stage of {DOCKERFILE}"));
        };
        self.check_binary(dockerfile, stage, complaints);
        let mut environment = stage.environment();
        environment.extend(self.service.environment.clone());
        self.check_names(&environment, complaints);
        self.check_secrets(&environment, complaints);
        match self.server.started(&environment) {
            Ok(started) => self.check_started(&started, stage, &environment, complaints),
            Err(error) => complaints.add(format!("{name}: does not start: {error}")),
        }
    }

    /// The stage holds this server's binary, starts it and asks it for its health.
    fn check_binary(&self, dockerfile: &Dockerfile, stage: &Stage, complaints: &mut Complaints) {
        let name = self.server.binary;
        let builds = dockerfile.stages.iter().flat_map(|stage| stage.all("RUN"));
        let built = builds.filter(|run| run.contains("cargo build")).any(|run| {
            let words: Vec<_> = run.split_whitespace().collect();
            words.windows(2).any(|pair| pair == ["--bin", name])
                && words.contains(&format!("target/release/{name}").as_str())
        });
        complaints.add_unless(built, || format!("{name}: the binary is not built"));
        let path = format!("/usr/local/bin/{name}");
        let copied = stage
            .all("COPY")
            .any(|copy| copy.ends_with(&format!(" /out/{name} {path}")));
        complaints.add_unless(copied, || format!("{name}: the binary is not copied to {path}"));
        let started = command(dockerfile.said(stage, "ENTRYPOINT").unwrap_or_default());
        complaints.add_unless(started == [path.as_str()], || {
            format!("{name}: the entry point is not {path}")
        });
        match command(dockerfile.said(stage, "HEALTHCHECK").unwrap_or_default()).as_slice() {
            [asked, subcommand] if *asked == path && self.server.has_subcommand(subcommand) => {}
            asked => complaints.add(format!("{name}: {asked:?} does not ask for its health")),
        }
    }

    /// Every variable is a setting, every needed one is there, and secrets come from files.
    fn check_names(&self, environment: &Environment, complaints: &mut Complaints) {
        let Self { server, service, .. } = self;
        let name = server.binary;
        for variable in environment.keys() {
            complaints.add_unless(server.knows(variable), || {
                format!("{name}: there is no setting {variable}")
            });
            let is_secret = server.knows(&format!("{variable}_FILE"));
            complaints.add_unless(!is_secret, || {
                format!("{name}: {variable} is a secret and not from a file")
            });
        }
        for needed in server.needed {
            complaints.add_unless(environment.contains_key(*needed), || {
                format!("{name}: {needed} is left out")
            });
        }
        let chosen = service.environment.contains_key(server.store);
        complaints.add_unless(chosen, || {
            format!("{name}: {} is left to the image", server.store)
        });
    }

    /// Every file is a secret that the service is given, and every given one is read.
    fn check_secrets(&self, environment: &Environment, complaints: &mut Complaints) {
        let Self {
            server: Server { binary: name, .. },
            service,
            ..
        } = self;
        let files = environment
            .iter()
            .filter(|(variable, _)| variable.ends_with("_FILE"));
        let read: Vec<_> = files
            .map(|(_, path)| path.strip_prefix(SECRETS).unwrap_or(path))
            .collect();
        for file in &read {
            complaints.add_unless(service.secrets.iter().any(|secret| secret == file), || {
                format!("{name}: is not given the secret {file}")
            });
        }
        for secret in &service.secrets {
            complaints.add_unless(read.contains(&secret.as_str()), || {
                format!("{name}: does not read the secret {secret}")
            });
        }
    }

    fn check_started(
        &self,
        started: &Started,
        stage: &Stage,
        environment: &Environment,
        complaints: &mut Complaints,
    ) {
        let Self {
            server: Server { binary: name, .. },
            service,
            ..
        } = self;
        let Started { listen, drain } = started;
        let port = listen.port().to_string();
        complaints.add_unless(listen.ip().is_unspecified(), || {
            format!("{name}: {listen} is not reached from outside its container")
        });
        complaints.add_unless(stage.all("EXPOSE").eq([port.as_str()]), || {
            format!("{name}: the image does not expose {port} alone")
        });
        let published = format!("127.0.0.1:{port}:{port}");
        complaints.add_unless(service.ports == [published.as_str()], || {
            format!("{name}: the ports are not {published} alone")
        });
        let grace = humantime::parse_duration(&service.stop_grace_period).unwrap_or_default();
        complaints.add_unless(grace >= *drain + MARGIN, || {
            format!("{name}: {grace:?} do not suffice for a drain of {drain:?}")
        });
        for url in environment.values().filter(|value| value.contains("://")) {
            self.check_peer(url, complaints);
        }
    }

    /// The URL names a service that is waited for, and where it listens.
    fn check_peer(&self, url: &str, complaints: &mut Complaints) {
        let name = self.server.binary;
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let Some(peer) = self.compose.services.get(host) else {
            return complaints.add(format!("{name}: {url} names no service"));
        };
        complaints.add_unless(self.service.depends_on.contains_key(host), || {
            format!("{name}: does not wait for {host}")
        });
        let listens = if scheme == "mongodb" {
            MONGODB_PORT.to_string()
        } else {
            published_port(peer)
        };
        complaints.add_unless(port == listens, || {
            format!("{name}: {host} does not listen on {port}")
        });
        if scheme == "mongodb" {
            check_replica_set(name, host, url, peer, complaints);
        }
    }
}

fn published_port(service: &Service) -> String {
    service
        .ports
        .first()
        .and_then(|port| port.rsplit(':').next())
        .unwrap_or_default()
        .to_owned()
}

/// The URL names the replica set that the server is started with and that the first health check makes.
fn check_replica_set(name: &str, host: &str, url: &str, mongodb: &Service, complaints: &mut Complaints) {
    let set = url
        .split_once("replicaSet=")
        .map_or("", |(_, set)| set.split('&').next().unwrap_or_default());
    let started = mongodb.command.windows(2).any(|pair| pair == ["--replSet", set]);
    complaints.add_unless(started, || {
        format!("{name}: {host} is not started as the replica set {set:?}")
    });
    let made = format!("rs.initiate({{_id: '{set}', members: [{{_id: 0, host: '{host}:{MONGODB_PORT}'}}]}})");
    let initiates = mongodb
        .healthcheck
        .iter()
        .flat_map(|check| &check.test)
        .any(|word| word.contains(&made));
    complaints.add_unless(initiates, || {
        format!("{name}: nothing makes the replica set {set:?} of {host}")
    });
}

/// What is the same for every image.
fn check_images(dockerfile: &Dockerfile, complaints: &mut Complaints) {
    let all = || dockerfile.stages.iter();
    for stage in all().filter(|stage| stage.all("ENTRYPOINT").next().is_some()) {
        let name = &stage.name;
        let known = SERVERS.iter().any(|server| server.binary == name);
        complaints.add_unless(known, || format!("the stage {name} is for no server"));
        let user = dockerfile.said(stage, "USER").unwrap_or_default();
        let numeric = user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0));
        complaints.add_unless(numeric, || {
            format!("{name}: {user:?} is not the number of a user without rights")
        });
        let signal = dockerfile.said(stage, "STOPSIGNAL");
        complaints.add_unless(signal == Some("SIGTERM"), || {
            format!("{name}: is not stopped by SIGTERM")
        });
        let origin = dockerfile.origin(stage);
        let bare = origin.starts_with("gcr.io/distroless/cc-") && origin.ends_with(":nonroot");
        complaints.add_unless(bare, || format!("{name}: {origin} is not a distroless image"));
    }
    for build in all()
        .flat_map(|stage| stage.all("RUN"))
        .filter(|run| run.contains("cargo build"))
    {
        complaints.add_unless(build.contains(" --locked "), || {
            "cargo build runs without --locked".into()
        });
    }
    for source in all()
        .flat_map(|stage| stage.all("COPY"))
        .filter_map(|copy| copy.split_once("--from="))
    {
        let from = source.1.split_whitespace().next().unwrap_or_default();
        complaints.add_unless(dockerfile.stage(from).is_some(), || {
            format!("there is no stage {from} to copy from")
        });
    }
}
