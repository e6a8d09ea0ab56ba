//! `dataset`: sets that know nothing of each other, a manifest that holds, a card that shows them.

use super::{Collected, span, table};
use crate::support::{assert_same, exits_with_one_error, parquet};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use tidegauge_model::Day;

/// Where the chain's days are cut: first, last of training, last of validation, last.
struct Cuts([Day; 4]);

impl Cuts {
    fn of(collected: &Collected) -> Self {
        let rows = collected.features("rows.csv", &["--recompute"]);
        let (first, last) = span(&rows);
        Self([first, first.plus_days(12), first.plus_days(22), last])
    }

    fn arguments(&self) -> Vec<String> {
        let flags = ["--from", "--train-until", "--validate-until", "--to"];
        flags
            .into_iter()
            .zip(&self.0)
            .flat_map(|(flag, day)| [flag.to_owned(), day.to_string()])
            .collect()
    }
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
}

/// Every file that the manifest names is as it says, and there is no other.
fn holds(folder: &Path) {
    let manifest = manifest(folder);
    let files = manifest["files"].as_array().unwrap();
    for file in files {
        let path = folder.join(file["name"].as_str().unwrap());
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(file["bytes"], bytes.len() as u64, "{}", path.display());
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(file["sha256"], digest, "{}", path.display());
    }
    let mut found = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found += 1;
            }
        }
    }
    assert_eq!(found, files.len() + 1);
}

#[test]
fn sets_are_the_rows_of_their_days_and_labels_stay_inside() {
    let collected = Collected::new();
    let cuts = Cuts::of(&collected);
    let all = table(&collected.path("rows.csv"));
    let out = collected.path("sets").display().to_string();
    let mut arguments = vec![
        "dataset".to_owned(),
        "--leak-check".to_owned(),
        "--folds".to_owned(),
        "2".to_owned(),
        "--embargo-days".to_owned(),
        "1".to_owned(),
    ];
    arguments.extend(cuts.arguments());
    arguments.extend(["--out".to_owned(), out.clone()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = collected.program(&arguments).succeed();
    let folder = collected.path("sets");
    holds(&folder);
    let manifest = manifest(&folder);
    let [first, train, validate, last] = cuts.0;
    let sets = manifest["sets"].as_array().unwrap();
    let mut checked = 0;
    for (set, from, to, next) in [
        (
            "train",
            first,
            train.minus_days(8),
            Some(train.plus_days(1)),
        ),
        (
            "validation",
            train.plus_days(1),
            validate.minus_days(8),
            Some(validate.plus_days(1)),
        ),
        ("test", validate.plus_days(1), last, None),
        (
            "fold-1/train",
            first,
            train.minus_days(8),
            Some(train.plus_days(1)),
        ),
        (
            "fold-1/validation",
            train.plus_days(1),
            train.plus_days(5),
            None,
        ),
        (
            "fold-2/train",
            first,
            train.minus_days(3),
            Some(train.plus_days(6)),
        ),
        ("fold-2/validation", train.plus_days(6), validate, None),
    ] {
        let (names, rows) = parquet(&folder.join(format!("{set}.parquet")));
        assert_eq!(names, all.names());
        let days = from.to_string()..=to.to_string();
        let expected = all.rows().iter().filter(|row| days.contains(&row[1]));
        assert_same(rows.iter(), expected, set);
        assert!(!rows.is_empty());
        checked += rows.len() as u64;
        let entry = sets.iter().find(|entry| entry["name"] == set).unwrap();
        assert_eq!(entry["rows"], rows.len() as u64);
        assert_eq!(entry["first_day"], from.to_string());
        assert_eq!(entry["last_day"], to.to_string());
        if let Some(next) = next {
            assert!(to.plus_days(7) < next, "{set}");
        }
    }
    assert_eq!(manifest["leak_checked_rows"], checked);
    assert_eq!(manifest["evidence"], "receipts");
    assert!(manifest["tip"]["hash"].as_str().unwrap().starts_with("0x"));
    assert_eq!(manifest["feature_set"].as_str().unwrap().len(), 16);
    assert!(said.contains("leak check"), "{said}");

    let page = std::fs::read_to_string(folder.join("data-card.html")).unwrap();
    assert!(page.matches("<svg").count() > 40);
    for outside in [
        "http:", "https:", "<script", "<link", "@import", "NaN", "inf\"",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let card = std::fs::read_to_string(folder.join("data-card.md")).unwrap();
    for words in [
        "## Drift",
        "| volume_usd_24h |",
        "Weakest evidence behind a block: receipts",
    ] {
        assert!(card.contains(words), "{words}");
    }
    exits_with_one_error(&collected.program(&arguments).run(), 2, &["sets exists"]);
}

#[test]
fn the_earlier_files_hold_the_same_counts() {
    let collected = Collected::new();
    let cuts = Cuts::of(&collected);
    let all = table(&collected.path("rows.csv"));
    let out = collected.path("csv").display().to_string();
    let mut arguments = vec![
        "dataset".to_owned(),
        "--format".to_owned(),
        "hermetik".to_owned(),
    ];
    arguments.extend(cuts.arguments());
    arguments.extend(["--out".to_owned(), out]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    collected.program(&arguments).succeed();
    let folder = collected.path("csv");
    holds(&folder);
    let latest = table(&folder.join("pool_dataset_latest.csv"));
    let counts =
        |[pool, date, count, users]: [&str; 4]| [pool, date, count, users].map(str::to_owned);
    let mut theirs: Vec<_> = latest
        .select(["poolAddress", "date", "tx_count", "unique_users"])
        .map(counts)
        .collect();
    let mut ours: Vec<_> = all
        .select(["pool_address", "date", "tx_count", "unique_users"])
        .map(counts)
        .collect();
    assert!(theirs.is_sorted(), "by pool and day");
    theirs.sort();
    ours.sort();
    assert_same(theirs, ours, "counts");
    let training = table(&folder.join("pool_training_data.csv"));
    let tested = table(&folder.join("pool_test_data.csv"));
    assert_eq!(training.names(), latest.names());
    assert!(span(&training).1 < cuts.0[2] && span(&tested).0 > cuts.0[2]);
}

#[test]
fn what_cannot_be_cut_is_refused_and_leaves_nothing() {
    let collected = Collected::new();
    let cuts = Cuts::of(&collected);
    let [first, _, validate, last] = cuts.0;
    let out = collected.path("sets").display().to_string();
    let far = last.plus_days(30).to_string();
    let with = |flag: &str, value: String| {
        let mut arguments = cuts.arguments();
        let at = arguments.iter().position(|a| a == flag).unwrap();
        arguments[at + 1] = value;
        arguments
    };
    let cases: [(Vec<String>, &[&str], &[&str]); 6] = [
        (
            with("--train-until", validate.to_string()),
            &[],
            &["do not follow"],
        ),
        (with("--to", far.clone()), &[], &[&far, "not whole"]),
        (
            with("--train-until", first.plus_days(3).to_string()),
            &[],
            &["no day is left of train"],
        ),
        (
            cuts.arguments(),
            &["--folds", "900", "--embargo-days", "1"],
            &["--folds 900"],
        ),
        (
            cuts.arguments(),
            &["--format", "hermetik", "--folds", "2"],
            &["has no folds"],
        ),
        (with("--from", "yesterday".to_owned()), &[], &["yesterday"]),
    ];
    for (arguments, more, words) in cases {
        let arguments: Vec<&str> = ["dataset", "--out", &out]
            .into_iter()
            .chain(arguments.iter().map(String::as_str))
            .chain(more.iter().copied())
            .collect();
        exits_with_one_error(&collected.program(&arguments).run(), 2, words);
        assert!(!collected.path("sets").exists() && !collected.path("sets.partial").exists());
    }
}
