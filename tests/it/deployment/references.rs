//! What the compose file names is there.

use super::{
    compose::{Compose, Service},
    dockerfile::Dockerfile,
    rules::Complaints,
    settings::SERVERS,
};

/// What the compose file names is there, and what is there is used.
pub fn check(dockerfile: &Dockerfile, compose: &Compose, complaints: &mut Complaints) {
    for (name, service) in &compose.services {
        let ours = SERVERS.iter().any(|server| server.binary == name);
        complaints.add_unless(ours || service.build.is_none(), || {
            format!("{name}: is no server of ours")
        });
        let pinned = service.build.is_some() || service.image.contains(':');
        complaints.add_unless(pinned, || format!("{name}: {} has no version", service.image));
        for (awaited, how) in &service.depends_on {
            let healthy = compose
                .services
                .get(awaited)
                .is_some_and(|awaited| has_health(dockerfile, awaited));
            let waits = healthy && how.condition == "service_healthy";
            complaints.add_unless(waits, || {
                format!("{name}: cannot wait until {awaited} is healthy")
            });
        }
    }
    let mounts = compose.services.values().flat_map(|service| &service.volumes);
    let mounted: Vec<_> = mounts.filter_map(|volume| volume.split(':').next()).collect();
    let kept: Vec<_> = compose.volumes.keys().map(String::as_str).collect();
    let same = mounted.iter().all(|volume| kept.contains(volume))
        && kept.iter().all(|volume| mounted.contains(volume));
    complaints.add_unless(same, || {
        format!("the volumes {kept:?} are not those that are mounted: {mounted:?}")
    });
    let on_volume = compose
        .services
        .get("mongo")
        .is_some_and(|mongo| mongo.volumes.iter().any(|volume| volume.ends_with(":/data/db")));
    complaints.add_unless(on_volume, || "MongoDB's data is on no volume".into());
    check_secret_files(compose, complaints);
}

fn check_secret_files(compose: &Compose, complaints: &mut Complaints) {
    let given: Vec<_> = compose
        .services
        .values()
        .flat_map(|service| &service.secrets)
        .collect();
    for (name, secret) in &compose.secrets {
        let file = format!("./deploy/secrets/{name}.txt");
        complaints.add_unless(secret.file == file, || {
            format!("the secret {name} is not in {file}")
        });
        complaints.add_unless(given.contains(&name), || {
            format!("the secret {name} is given to nobody")
        });
    }
    for name in given {
        complaints.add_unless(compose.secrets.contains_key(name), || {
            format!("there is no secret {name}")
        });
    }
}

fn has_health(dockerfile: &Dockerfile, service: &Service) -> bool {
    let stage = service
        .build
        .as_ref()
        .and_then(|build| dockerfile.stage(&build.target));
    service.healthcheck.is_some()
        || stage.is_some_and(|stage| dockerfile.said(stage, "HEALTHCHECK").is_some())
}
