//! What ARCHITECTURE.md names is there, and the invariants it numbers are checked and tested.

use super::{architecture, has_word};
use crate::support::root;
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_storage::verify::INVARIANTS;

#[test]
fn every_path_that_is_named_exists() {
    let text = architecture();
    let mut paths = 0;
    for name in quoted(&text) {
        let plain = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
        let path = name.contains('/')
            || [".rs", ".toml", ".md", ".mjs", ".sol"]
                .iter()
                .any(|end| name.ends_with(end));
        if plain && path && !name.starts_with('/') {
            assert!(
                root().join(name).exists(),
                "ARCHITECTURE.md names {name}, which is not there"
            );
            paths += 1;
        }
    }
    assert!(paths > 20, "only {paths} paths found");
}

#[test]
fn every_promise_has_a_check_and_a_test() {
    let text = architecture();
    let rows = numbered(&text, "## Promises");
    assert_eq!(rows.len(), 8);
    for (number, cells) in rows {
        let [_, check, test] = cells.as_slice() else {
            panic!("promise {number}: claim, check and test are expected")
        };
        for place in quoted(check).chain(quoted(test)) {
            is_defined(place);
        }
        assert!(
            quoted(check).next().is_some() && quoted(test).next().is_some(),
            "promise {number} lacks its check or its test"
        );
    }
}

#[test]
fn the_stores_invariants_are_those_in_the_code_each_with_its_test() {
    let text = architecture();
    let rows = numbered(&text, "## The store's invariants");
    let claims: BTreeMap<u8, &str> = INVARIANTS.iter().map(|i| (i.number, i.claim)).collect();
    let written: BTreeMap<u8, &str> = rows
        .iter()
        .map(|(number, cells)| (*number, cells[0]))
        .collect();
    assert_eq!(written, claims);
    for cells in rows.values() {
        for place in quoted(cells[1]).chain(quoted(cells[2])) {
            is_defined(place);
        }
        assert!(
            quoted(cells[1]).next().is_some() && quoted(cells[2]).next().is_some(),
            "{cells:?}"
        );
    }
}

#[test]
fn every_fault_has_an_outcome_and_a_test_of_its_own() {
    let text = std::fs::read_to_string(root().join("docs/faults.md")).expect("docs/faults.md");
    let mut tests = BTreeSet::new();
    let mut rows = 0;
    for headline in [
        "## The endpoint",
        "## The chain",
        "## The machine",
        "## Postgres",
        "## The bucket",
        "## Whoever asks over HTTP",
    ] {
        for (number, cells) in numbered(&text, headline) {
            let [_, outcome, test] = cells.as_slice() else {
                panic!("fault {number}: fault, outcome and test are expected")
            };
            assert!(
                ["corrected", "refused", "stopped"]
                    .iter()
                    .any(|word| outcome.starts_with(word)),
                "fault {number}: {outcome}"
            );
            let place = quoted(test)
                .next()
                .unwrap_or_else(|| panic!("fault {number}: no test"));
            is_defined(place);
            assert!(
                tests.insert(place.to_owned()),
                "fault {number}: {place} is another's test"
            );
            rows += 1;
            assert_eq!(usize::from(number), rows, "numbered in order");
        }
    }
    assert!(rows >= 30, "{rows} faults");
}

/// `path/to/file.rs::name`: the file has a function or constant of that name.
fn is_defined(place: &str) {
    let (path, name) = place
        .rsplit_once("::")
        .unwrap_or_else(|| panic!("`{place}`: file.rs::name is expected"));
    let text =
        std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("`{path}`: {e}"));
    let defined = ["fn ", "const "]
        .iter()
        .any(|kind| has_word(&text, &format!("{kind}{name}")))
        || has_word(&text, &format!("{name} ="));
    assert!(defined, "{name} is named, but {path} does not define it");
}

/// The rows of the table under a headline whose first cell is a number.
fn numbered<'a>(text: &'a str, headline: &str) -> BTreeMap<u8, Vec<&'a str>> {
    let section = text
        .split(headline)
        .nth(1)
        .unwrap_or_else(|| panic!("no `{headline}`"));
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| {
            let mut cells = line
                .strip_prefix('|')?
                .strip_suffix('|')?
                .split('|')
                .map(str::trim);
            Some((cells.next()?.parse().ok()?, cells.collect()))
        })
        .collect()
}

/// What stands between backticks outside of fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| {
        prose
            .lines()
            .flat_map(|line| line.split('`').skip(1).step_by(2))
    })
}
