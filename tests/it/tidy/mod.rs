//! The architecture as a test: crate edges, walls, cycles, words, and what ARCHITECTURE.md names.

mod crates;
mod cycles;
mod picture;
mod words;

use crate::support::root;
use std::path::{Path, PathBuf};

/// The crates: their folders, and where their code lies.
const CRATES: [(&str, &str); 12] = [
    ("model", "model/src"),
    ("chain", "chain/src"),
    ("features", "features/src"),
    ("storage", "storage/src"),
    ("objects", "objects/src"),
    ("sync", "sync/src"),
    ("cloud", "cloud/src"),
    ("simchain", "simchain/src"),
    ("predict", "predict/src"),
    ("alerts", "alerts/src"),
    ("onnx", "onnx/src"),
    ("src", "src"),
];

/// All files below a folder of the repository whose names end so, with their texts, by path from the root.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|e| panic!("{}: {e}", next.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What builds leave behind is not ours.
                if !path.ends_with("target") && !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else if path.to_string_lossy().ends_with(ending) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

/// Every Rust file of the project.
fn rust_files() -> Vec<(PathBuf, String)> {
    let mut all: Vec<_> = [
        "model", "chain", "features", "storage", "objects", "sync", "cloud", "simchain", "predict",
        "alerts", "src", "tests",
    ]
    .into_iter()
    .flat_map(|folder| files(folder, ".rs"))
    .collect();
    if root().join("benches").exists() {
        all.extend(files("benches", ".rs"));
    }
    all
}

fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// Code without line comments and without its unit tests.
fn code(text: &str) -> String {
    let until = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..until]
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Where a name stands as a word of its own.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part)
            && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}

fn starts_with(path: &Path, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}
