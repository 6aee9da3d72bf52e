//! `bench login-timing`. What a figure is, is nobody's business here: only that each was measured.

use std::{fs, process::Command};

use serde_json::Value;
use tenantry_common::testing;

/// The figures, and what was told, of twenty logins of each class.
fn bench(arguments: &[&str]) -> (Value, String) {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("figures.json");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.args(["login-timing", "--samples", "20", "--seed", "1", "--json"]);
    let output = bench.arg(&json).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let figures = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    (figures, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_class_is_measured_as_often_as_unknown() {
    let classes = "old-cost,imported";
    let (figures, told) = bench(&["--classes", classes, "--bcrypt-cost", "11"]);
    let compared = figures["comparisons"].as_array().unwrap();
    let named: Vec<_> = compared
        .iter()
        .map(|figures| figures["class"].as_str().unwrap())
        .collect();
    assert_eq!(named.join(","), classes);
    for figures in compared {
        let raw = &figures["all"]["raw"];
        assert_eq!(
            (&raw["class"]["n"], &raw["unknown"]["n"]),
            (&20.into(), &20.into()),
            "{told}"
        );
        // At cost 11, more than a millisecond on any machine, and less than ten seconds.
        let mean = raw["class"]["mean"].as_f64().unwrap();
        assert!((1e3..1e7).contains(&mean), "{told}");
        assert!(
            raw["difference"]["t"].is_f64() && raw["difference"]["low"].is_f64(),
            "{told}"
        );
        assert!(figures["all"]["cropped"]["class"]["n"].as_u64().unwrap() <= 20);
        assert_eq!(figures["all"]["blocks"]["class"]["n"], 2);
    }
    assert!(figures["largest_t"].is_f64());
    assert!(told.contains("The largest |t| is"), "{told}");
}

#[test]
fn servers_share_the_samples() {
    // As many servers as there may be; where there is one CPU, one.
    let (figures, told) = bench(&["--classes", "wrong,nul,1000-bytes"]);
    let servers = figures["servers"].as_array().unwrap().len();
    let comparison = &figures["comparisons"][0];
    let each = comparison["servers"].as_array().unwrap();
    assert_eq!(each.len(), servers);
    for figures in each {
        assert_eq!(
            figures["raw"]["class"]["n"].as_u64().unwrap(),
            20 / servers as u64,
            "{told}"
        );
    }
    assert_eq!(comparison["all"]["raw"]["class"]["n"], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_is_measured_and_nothing_stays_there() {
    let Some(test) = testing::mongo().await else {
        return;
    };
    let store = test.url().expose();
    // Were anything left of the first time, the second would refuse to use it.
    for _ in 0..2 {
        let (figures, told) = bench(&["--store", store]);
        assert_eq!(figures["setting"]["store"], test.url().to_string(), "{told}");
        assert_eq!(figures["comparisons"][0]["all"]["raw"]["class"]["n"], 20);
    }
}
