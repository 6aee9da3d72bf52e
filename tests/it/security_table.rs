//! docs/security.md names tests as evidence: each of them is there, and is a test.

use std::{collections::BTreeMap, fs};

use crate::root;

/// The rows of the table that a test must hold by now.
const HELD: [std::ops::RangeInclusive<u32>; 5] = [1..=25, 31..=31, 33..=33, 35..=36, 39..=39];
const ROWS: u32 = 39;
/// How a row that no test holds begins.
const OPEN: [&str; 2] = ["Next", "Cannot"];

/// A row's number, and what holds it.
fn rows(page: &str) -> BTreeMap<u32, String> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split(" | ")
            .collect();
        let number = cells.first()?.parse().ok()?;
        assert_eq!(cells.len(), 3, "{line}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
        Some((number, cells[2].to_owned()))
    });
    let numbers: Vec<_> = rows.clone().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
    rows.collect()
}

/// The tests that a text names: `path.rs::test`, or `::another` of the same file.
fn tests(text: &str) -> Vec<(String, String)> {
    let mut file = "";
    let mut tests = Vec::new();
    for quoted in text.split('`').skip(1).step_by(2) {
        let Some((path, test)) = quoted.split_once("::") else {
            continue;
        };
        if !path.is_empty() {
            file = path;
        }
        tests.push((file.to_owned(), test.to_owned()));
    }
    tests
}

/// Whether this source has a test of that name: by attribute, or in a list of cases that makes one of each per store.
fn has_test(source: &str, test: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
        name == Some(test)
    };
    let is_marked = lines.iter().position(|line| declares(line)).is_some_and(|at| {
        let mut attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        attributes.any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
    });
    is_marked || cases(&lines).any(|case| case == test)
}

/// The names in the lists of cases of a source.
fn cases<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let mut inside = false;
    lines.iter().filter_map(move |line| {
        let begins = ["for_each_backend! {", "conformance! {"]
            .iter()
            .any(|list| line.ends_with(list));
        inside = (inside || begins) && *line != "}";
        let case = line.trim_end_matches(',');
        (inside && !begins).then_some(case)
    })
}

fn complaints(page: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, test) in tests(page) {
        match read(&file) {
            None => complaints.push(format!("{file} is not there")),
            Some(source) if !has_test(&source, &test) => {
                complaints.push(format!("{file} has no test {test}"))
            }
            Some(_) => {}
        }
    }
    complaints
}

#[test]
fn every_row_is_held_by_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    for (number, held_by) in rows(&page) {
        let tests = tests(&held_by);
        if HELD.iter().any(|rows| rows.contains(&number)) {
            assert!(!tests.is_empty(), "row {number}: {held_by}");
        } else {
            let is_open = OPEN.iter().any(|word| held_by.starts_with(word));
            assert!(is_open || !tests.is_empty(), "row {number}: {held_by}");
        }
    }
    let complaints = complaints(&page, |file| fs::read_to_string(root().join(file)).ok());
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn a_test_that_is_gone_or_none_is_noticed() {
    let source = "for_each_backend! {\n    listed\n}\n#[test]\nfn marked() {}\n\nasync fn listed(place: Place) {}\nfn neither() {}\n";
    let read = |file: &str| (file == "a.rs").then(|| source.to_owned());
    assert_eq!(
        complaints("`a.rs::marked`, `::listed`, `x`", read),
        Vec::<String>::new()
    );
    assert_eq!(
        complaints("`a.rs::neither`, `::missing`; `b.rs::marked`", read),
        [
            "a.rs has no test neither",
            "a.rs has no test missing",
            "b.rs is not there"
        ]
    );
}
