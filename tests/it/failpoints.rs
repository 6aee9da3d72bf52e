//! Failpoints and seeded bugs are for builds that ask for them: no other has anything of theirs.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::root;

/// The binaries that are delivered, and settings by which each is known to have been read.
const BINARIES: [(&str, &str); 3] = [
    ("auth-service", "AUTH_STORE"),
    ("org-service", "ORG_STORE"),
    ("tenantry", "TENANTRY_ORG_URL"),
];
/// Where points are named and bugs are listed.
const SOURCES: [&str; 3] = ["common/src", "auth-service/src", "org-service/src"];

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    output.stdout
}

/// Built as anybody builds them, with no feature named.
fn binary(name: &str) -> Vec<u8> {
    // This test's own binary lies in `deps` below them.
    let directory = env::current_exe().unwrap();
    let directory = directory.ancestors().nth(2).unwrap();
    fs::read(directory.join(name)).unwrap()
}

/// Which of the texts are somewhere in the bytes, in one pass.
fn found<'t>(bytes: &[u8], texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<&'t str> {
    let mut by_first = vec![Vec::new(); 256];
    for text in texts {
        by_first[usize::from(text.as_bytes()[0])].push(text);
    }
    let mut found = BTreeSet::new();
    for (at, first) in bytes.iter().enumerate() {
        for text in &by_first[usize::from(*first)] {
            if bytes[at..].starts_with(text.as_bytes()) {
                found.insert(*text);
            }
        }
    }
    found
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What is written in a source's string literals before the first test; they hold no quotes of their own.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code = product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split('"').skip(1).step_by(2))
}

/// Environment variables, the beginnings of points' names, and the names of bugs: what a build with the feature has.
fn traces() -> BTreeSet<String> {
    let mut traces = BTreeSet::new();
    let files = SOURCES.map(|directory| rust_files(&root().join(directory)));
    for file in files.iter().flatten() {
        let (name, source) = (file.to_str().unwrap(), fs::read_to_string(file).unwrap());
        let sign = match name {
            _ if name.contains("/failpoints") => '.',
            _ if name.ends_with("/seeded_bug.rs") => '-',
            _ => '\0',
        };
        let is_trace = |text: &&str| {
            let is_name = text.starts_with(|first: char| first.is_ascii_lowercase()) && text.contains(sign);
            let is_setting = sign != '\0' && text.starts_with("TENANTRY_");
            (is_name || is_setting) && !text.contains(['{', ' '])
        };
        traces.extend(literals(&source).filter(is_trace).map(str::to_owned));
        let passed = source.split("failpoint!(\"").skip(1);
        traces.extend(passed.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    traces
}

#[test]
fn nothing_that_is_built_without_being_asked_depends_on_failpoints() {
    let tree = cargo(&[
        "tree",
        "--workspace",
        "--offline",
        "--locked",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
    ]);
    let tree = String::from_utf8(tree).unwrap();
    let named = |name: &str| tree.lines().any(|line| line.starts_with(&format!("{name} v")));
    assert!(
        named("org-service") && named("redb") && named("tenantry-chaos"),
        "{tree}"
    );
    assert!(!named("fail"), "something turns the feature `failpoints` on");
}

#[test]
fn the_binaries_hold_no_failpoint_and_no_seeded_bug() {
    let traces = traces();
    for known in [
        "TENANTRY_FAILPOINTS",
        "TENANTRY_CLOCK_AHEAD",
        "TENANTRY_SEEDED_BUG",
        "org.store",
        "org.admins.prepare",
        "org.create",
        "auth.store",
        "drop-by-handle",
    ] {
        assert!(traces.contains(known), "{known} is not in {traces:?}");
    }
    cargo(&[
        "build",
        "--quiet",
        "-p",
        "auth-service",
        "-p",
        "org-service",
        "-p",
        "tenantry",
    ]);
    for (name, setting) in BINARIES {
        let sought = traces.iter().map(String::as_str).chain([setting]);
        assert_eq!(found(&binary(name), sought), BTreeSet::from([setting]), "{name}");
    }
}
