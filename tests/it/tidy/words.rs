//! Words that must not stand in any file, and the first line that must.

use super::{files, rust_files};
use crate::support::root;

/// Unfinished business, in halves so that this file does not name it.
const UNFINISHED: [(&str, &str); 6] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("dbg", "!("),
    ("todo", "!("),
    ("unimplemented", "!("),
    ("#[ign", "ore"),
];
/// Names of files and folders without a responsibility.
const NO_RESPONSIBILITY: [&str; 5] = ["utils", "util", "helpers", "common", "misc"];

#[test]
fn nothing_is_left_unfinished() {
    for (path, text) in rust_files()
        .into_iter()
        .chain(files("scripts", ""))
        .chain(files("tests/evm", ".mjs"))
    {
        for (a, b) in UNFINISHED {
            assert!(
                !text.contains(&format!("{a}{b}")),
                "{}: {a}{b}",
                path.display()
            );
        }
        for part in path.with_extension("").iter() {
            assert!(
                !NO_RESPONSIBILITY.iter().any(|n| part == *n),
                "{}: name it by what it does",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    let mut silent = Vec::new();
    for (path, text) in rust_files() {
        silent.extend((!text.starts_with("//! ")).then_some(path));
    }
    for (path, text) in files("tests/evm", ".mjs") {
        silent.extend((!text.starts_with("// ")).then_some(path));
    }
    for (path, text) in files("scripts", "") {
        let second = text.lines().nth(1).unwrap_or_default();
        silent.extend((!second.starts_with("# ")).then_some(path));
    }
    assert!(
        silent.is_empty(),
        "the first line does not say what they are: {silent:?}"
    );
}

#[test]
fn errors_have_classes() {
    for folder in [
        "chain", "storage", "simchain", "objects", "sync", "cloud", "predict", "alerts",
    ] {
        let path = root().join(folder).join("src/error.rs");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("pub fn class(&self) -> ErrorClass"),
            "{}: each error has a class",
            path.display()
        );
    }
}
