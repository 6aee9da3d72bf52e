//! Which package may use which: the arrows between the packages.

use std::{collections::BTreeSet, fs, path::Path};

use toml::{Table, Value};

/// Every package by its directory and name, with the packages of ours that it may use. Tests may use any: the real
/// neighbour is better than a copy of it.
pub const ARROWS: &[(&str, &str, &[&str])] = &[
    (".", "tenantry-proto", &[]),
    ("common", "tenantry-common", &["tenantry-proto"]),
    (
        "auth-service",
        "auth-service",
        &["tenantry-proto", "tenantry-common"],
    ),
    (
        "org-service",
        "org-service",
        &["tenantry-proto", "tenantry-common"],
    ),
    (
        "tenantry",
        "tenantry",
        &["tenantry-proto", "tenantry-common", "auth-service", "org-service"],
    ),
    ("chaos", "tenantry-chaos", &["tenantry-proto", "tenantry-common"]),
    (
        "bench",
        "tenantry-bench",
        &["tenantry-proto", "tenantry-common", "auth-service"],
    ),
    (
        "fuzz/promises",
        "tenantry-promises",
        &["tenantry-proto", "tenantry-common", "auth-service", "org-service"],
    ),
    ("xtask", "xtask", &[]),
];

/// The directories of the workspace's members.
pub fn members(workspace: &Table) -> BTreeSet<String> {
    let members = workspace["workspace"]["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| member.as_str().unwrap().to_owned())
        .collect()
}

/// The manifest in a directory of the repository.
pub fn manifest(root: &Path, directory: &str) -> Table {
    fs::read_to_string(root.join(directory).join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// The packages of ours that the manifest uses, outside tests, though it may not.
pub fn forbidden(manifest: &Table, allowed: &[&str]) -> BTreeSet<String> {
    let mut used = used(manifest);
    used.retain(|name| {
        ARROWS.iter().any(|(_, package, _)| package == name) && !allowed.contains(&name.as_str())
    });
    used
}

/// Everything that the manifest's tables of dependencies name, for any target, but not those for tests.
fn used(manifest: &Table) -> BTreeSet<String> {
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    let tables = places.flat_map(|place| ["dependencies", "build-dependencies"].map(|kind| place.get(kind)));
    let entries = tables.flatten().filter_map(Value::as_table).flatten();
    entries
        .map(|(key, how)| {
            how.get("package")
                .and_then(Value::as_str)
                .unwrap_or(key)
                .to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(manifest: &str, allowed: &[&str]) {
        assert_eq!(
            forbidden(&manifest.parse().unwrap(), allowed).len(),
            1,
            "{manifest}"
        );
    }

    #[test]
    fn an_arrow_that_points_up_is_refused() {
        refused(
            "[dependencies]\norg-service.workspace = true",
            &["tenantry-common"],
        );
        refused(
            "[dependencies]\nclap = \"4\"\nauth = { package = \"auth-service\", path = \"x\" }",
            &["tenantry-common"],
        );
        refused("[build-dependencies]\ntenantry-common.workspace = true", &[]);
        refused(
            "[target.'cfg(unix)'.dependencies]\ntenantry.workspace = true",
            &["tenantry-common"],
        );
    }

    #[test]
    fn tests_may_use_the_real_neighbour() {
        let manifest = "[dependencies]\ntenantry-common.workspace = true\n[dev-dependencies]\nauth-service.workspace = true";
        assert!(forbidden(&manifest.parse().unwrap(), &["tenantry-common"]).is_empty());
    }
}
