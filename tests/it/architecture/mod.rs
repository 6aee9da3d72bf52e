//! The arrows: wire crate ← common ← services ← command line, and what the modules within may name.

mod manifests;
mod paths;
mod rules;

use std::{collections::BTreeSet, fs, path::Path};

use self::{
    manifests::{ARROWS, forbidden, manifest, members},
    rules::{EXCEPTIONS, RULES},
};
use crate::root;

/// Packages whose sources the rules bind; xtask is no part of the product.
const PACKAGES: [&str; 4] = ["common", "auth-service", "org-service", "tenantry"];
/// Longest that a `main.rs` may be: everything is in a library.
const LONGEST_MAIN: usize = 20;

/// Every Rust file below `directory`, by its path from the repository's root, with its text.
fn sources(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn product() -> Vec<(String, String)> {
    let sources: Vec<_> = PACKAGES
        .iter()
        .flat_map(|package| sources(&root().join(package).join("src")))
        .collect();
    assert!(sources.len() > 50, "only {} sources found", sources.len());
    sources
}

#[test]
fn packages_use_only_what_lies_below_them() {
    let known: BTreeSet<_> = ARROWS
        .iter()
        .map(|(directory, ..)| (*directory).to_owned())
        .collect();
    assert_eq!(
        members(&manifest(root(), ".")),
        known,
        "every member has a place in ARROWS"
    );
    for (directory, name, allowed) in ARROWS {
        let manifest = manifest(root(), directory);
        assert_eq!(manifest["package"]["name"].as_str(), Some(*name));
        let forbidden = forbidden(&manifest, allowed);
        assert!(forbidden.is_empty(), "{name} must not use {forbidden:?}");
    }
}

#[test]
fn modules_name_only_what_they_may() {
    let sources = product();
    let complaints = RULES.iter().flat_map(|rule| {
        let broken = sources.iter().flat_map(move |(file, source)| {
            let paths = rule.violations(file, source);
            paths
                .into_iter()
                .map(move |path| format!("{file} names {path}: {}", rule.text))
        });
        broken.collect::<Vec<_>>()
    });
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_exception_is_still_needed() {
    let sources = product();
    for exception in EXCEPTIONS {
        let needed = sources
            .iter()
            .any(|(file, source)| exception.is_needed(file, source));
        assert!(needed, "not needed any more: {exception}");
    }
}

#[test]
fn a_main_is_only_a_door() {
    let packages = ARROWS.iter().filter(|(directory, ..)| *directory != ".");
    let sources = packages.flat_map(|(directory, ..)| sources(&root().join(directory).join("src")));
    let mains: Vec<_> = sources
        .filter(|(file, _)| file.ends_with("src/main.rs"))
        .collect();
    assert_eq!(
        mains.len(),
        6,
        "auth-service, org-service, tenantry, chaos, bench, xtask"
    );
    for (file, source) in mains {
        let lines = source.lines().count();
        assert!(
            lines <= LONGEST_MAIN,
            "{file} has {lines} lines, more than {LONGEST_MAIN}"
        );
    }
}
