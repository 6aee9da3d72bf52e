//! One fuzz target for each promise, which does nothing but ask for it.

use std::{collections::BTreeSet, fs};

use tenantry_promises::ALL;

use crate::{fuzz, names};

#[test]
fn every_promise_has_its_fuzz_target() {
    let expected: Vec<_> = ALL.map(|(name, _)| format!("{name}.rs")).to_vec();
    assert_eq!(names(&fuzz().join("fuzz_targets")), expected);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let declared: BTreeSet<_> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .collect();
    assert_eq!(declared, ALL.map(|(name, _)| name).into());
    for (name, _) in ALL {
        let target = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            target.contains(&format!("tenantry_promises::{name}(bytes)")),
            "{name}"
        );
    }
}
