//! `features`: the same values in every format and from every engine; what cannot be answered is
//! refused by name.

use super::{Collected, DAYS, span, table};
use crate::support::{Daemon, Table, assert_same, exits_with_one_error, parquet};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[test]
fn formats_hold_the_same_values() {
    let collected = Collected::new();
    let csv = collected.features("f.csv", &["--recompute"]);
    let (names, rows) = parquet(&collected.write("f.parquet", &["features", "--recompute"]));
    assert_eq!(names, csv.names());
    assert_same(rows.iter(), csv.rows(), "Parquet and CSV");
    let json = collected.write("f.json", &["features", "--recompute"]);
    let json: Vec<BTreeMap<String, Box<RawValue>>> =
        serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let texts = json.iter().map(|row| {
        let text = |name: &String| match row[name].get() {
            "null" => String::new(),
            text if text.starts_with('"') => serde_json::from_str(text).unwrap(),
            number => number.to_owned(),
        };
        names.iter().map(text).collect::<Vec<_>>()
    });
    assert_same(texts, csv.rows().to_vec(), "JSON and CSV");
    let standard = collected
        .program(&["features", "--recompute", "--out", "-"])
        .succeed();
    assert_eq!(
        standard,
        std::fs::read_to_string(collected.path("f.csv")).unwrap()
    );
}

#[test]
fn every_row_is_what_the_chain_says_and_engines_agree() {
    let collected = Collected::new();
    let stored = collected.features("stored.csv", &[]);
    let fold = collected.features("fold.csv", &["--engine", "fold"]);
    let oracle = collected.features("oracle.csv", &["--engine", "oracle"]);
    assert_same(fold.rows(), oracle.rows(), "fold and oracle");
    assert_same(stored.rows(), oracle.rows(), "store and oracle");
    let (first, last) = span(&fold);
    assert!(
        last.number() - first.number() + 2 >= DAYS,
        "{first} to {last}"
    );

    let places: Vec<_> = fold.select(["date", "pool_address"]).collect();
    assert!(places.is_sorted() && !places.is_empty());
    let swaps = table(&collected.write("swaps.csv", &["export", "swaps"]));
    let mut counted: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for [pool, timestamp] in swaps.select(["pool_address", "timestamp"]) {
        let at = tidegauge_model::UnixSeconds(timestamp.parse().unwrap());
        let day = tidegauge_model::Day::of(at);
        if day <= last {
            *counted.entry((day.to_string(), pool)).or_default() += 1;
        }
    }
    let found = fold.select(["date", "pool_address", "tx_count"]);
    assert_same(
        found.map(|[date, pool, count]| ((date.to_owned(), pool), count.parse().unwrap())),
        counted,
        "swaps by day and pool",
    );
    // The chain prices its pools: numbers that nobody could compute would prove nothing.
    let priced = fold.select(["volume_usd_24h", "fee_apr_7d", "target_volume_usd_7d"]);
    assert!(
        priced
            .filter(|cells| cells.iter().all(|c| !c.is_empty()))
            .count()
            > 20
    );
}

/// A store that begins in the middle of a day: the first days are left out, the first rows know
/// less, and what rests on them alone is the same as of the whole chain.
#[test]
fn a_store_that_begins_late_says_what_it_knows() {
    let whole = Collected::new();
    let late = Collected::from(whole.chain.head / 3 + 7);
    let rows = late.features("stored.csv", &[]);
    let fold = late.features("fold.csv", &["--recompute"]);
    let oracle = late.features("oracle.csv", &["--engine", "oracle"]);
    assert_same(rows.rows(), fold.rows(), "store and fold");
    assert_same(rows.rows(), oracle.rows(), "store and oracle");
    let (first, last) = span(&rows);
    let all = whole.features("all.csv", &[]);
    let (origin, _) = span(&all);
    assert!(
        first.number() > origin.number() + 8,
        "{first} after {origin}"
    );
    let of_days = |table: &Table| -> Vec<[String; 5]> {
        let columns = [
            "date",
            "pool_address",
            "tx_count",
            "volume_usd_24h",
            "swap_count_24h",
        ];
        let rows = table.select(columns).map(|row| row.map(str::to_owned));
        rows.filter(|[date, ..]| (first.to_string()..=last.to_string()).contains(date))
            .filter(|[_, _, count, ..]| count != "0")
            .collect()
    };
    assert_same(of_days(&rows), of_days(&all), "late and whole");
    let begun = rows.select(["left_censored"]);
    assert!(begun.into_iter().any(|[censored]| censored == "true"));
}

#[test]
fn the_subgraphs_numbers_stand_beside_ours() {
    let collected = Collected::new();
    let ours = collected.features("ours.csv", &["--recompute"]);
    let theirs = collected.features("theirs.csv", &["--pricing", "subgraph"]);
    let number = |text: &str| text.parse::<f64>().unwrap();
    let of_ours: BTreeMap<[&str; 2], (f64, &str)> = ours
        .select(["pool_address", "date", "tx_count", "volume_usd_24h"])
        .map(|[pool, date, swaps, volume]| ([pool, date], (number(swaps), volume)))
        .collect();
    let (mut both, mut near) = (0, 0);
    let columns = ["pool_address", "date", "tx_count", "volume_usd"];
    for [pool, date, events, volume] in theirs.select(columns) {
        let Some((swaps, value)) = of_ours.get(&[pool, date]) else {
            continue;
        };
        both += 1;
        assert!(number(events) >= *swaps, "every swap is an event");
        let (theirs, ours) = (number(volume), value.parse().unwrap_or(0.0));
        near += usize::from(theirs > 0.0 && (theirs - ours).abs() < 0.1 * ours);
    }
    assert_eq!(both, ours.len(), "a day with a swap is a day of theirs");
    assert!(near > 10, "{near} of {both} volumes are near");
    exits_with_one_error(
        &collected
            .program(&[
                "features",
                "--pricing",
                "subgraph",
                "--recompute",
                "--out",
                "-",
            ])
            .run(),
        2,
        &["--pricing", "--recompute"],
    );
}

#[test]
fn a_part_is_cut_from_the_whole() {
    let collected = Collected::new();
    let all = collected.features("all.csv", &["--recompute"]);
    let (first, last) = span(&all);
    let (from, to) = (first.plus_days(9), last.minus_days(9));
    let pool = all.rows()[0][0].clone();
    let some = collected.features(
        "some.csv",
        &[
            "--recompute",
            "--from",
            &from.to_string(),
            "--to",
            &to.to_string(),
            "--pool",
            &pool,
        ],
    );
    let kept = |row: &&Vec<String>| {
        row[0] == pool && (from.to_string()..=to.to_string()).contains(&row[1])
    };
    assert_same(some.rows().iter(), all.rows().iter().filter(kept), "a part");
    let latest = collected.features("latest.csv", &["--recompute", "--last", "1w"]);
    assert_eq!(span(&latest), (last.minus_days(6), last));
}

#[test]
fn days_known_in_part_are_marked_and_change_no_other() {
    let collected = Collected::new();
    let whole = collected.features("whole.csv", &["--recompute"]);
    let all = collected.features("all.csv", &["--recompute", "--allow-partial"]);
    let status = all
        .names()
        .iter()
        .position(|name| name == "status")
        .unwrap();
    let (_, last) = span(&whole);
    let (partial, rest): (Vec<_>, Vec<_>) =
        all.rows().iter().partition(|row| row[status] == "partial");
    assert_same(rest, whole.rows().iter(), "whole days");
    assert!(!partial.is_empty());
    for row in partial {
        assert_eq!(row[1], last.plus_days(1).to_string());
        for (name, cell) in all.names().iter().zip(row) {
            assert!(
                !name.starts_with("target_") || cell.is_empty(),
                "{name}: {cell}"
            );
        }
    }
}

#[test]
fn a_running_collector_is_read_beside() {
    let collected = Collected::new();
    let before = collected.features("before.csv", &["--recompute"]);
    let daemon = Daemon::start(&collected.store(), &collected.chain.url, &[]);
    let beside = collected.features("beside.csv", &["--recompute"]);
    assert_same(beside.rows(), before.rows(), "beside a collector");
    daemon.stop();
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let collected = Collected::new();
    let (first, last) = span(&collected.features("f.csv", &["--recompute"]));
    let day = |n: u32| last.plus_days(n).to_string();
    let (tomorrow, far) = (day(1), day(400));
    let early = first.minus_days(3).to_string();
    let taken = collected.path("f.csv").display().to_string();
    let odd = collected.path("f.txt").display().to_string();
    let nowhere = collected.path("none/f.csv").display().to_string();
    let out = collected.path("out.csv").display().to_string();
    let cases: &[(&[&str], &str, &[&str])] = &[
        (
            &["--from", "2026-01-10", "--to", "2026-01-09"],
            &out,
            &["range is empty", "2026-01-09"],
        ),
        (
            &["--to", &far],
            &out,
            &[&tomorrow, &far, "not whole", &last.to_string()],
        ),
        (&["--to", &tomorrow], &out, &[&tomorrow, "--allow-partial"]),
        (
            &["--to", &far, "--allow-partial"],
            &out,
            &["not known at all", &far],
        ),
        (
            &["--from", &early],
            &out,
            &[&early, "not whole", &first.to_string()],
        ),
        (&["--from", "2026-02-30"], &out, &["2026-02-30"]),
        (&["--last", "36h"], &out, &["36h", "30d"]),
        (
            &["--last", "3d", "--from", "2026-01-10"],
            &out,
            &["--last", "--from"],
        ),
        (
            &["--pool", "0x00000000000000000000000000000000000000aa"],
            &out,
            &["no pool", "aa"],
        ),
        (&["--pool", "WETH"], &out, &["WETH"]),
        (
            &["--recompute", "--engine", "oracle"],
            &out,
            &["--recompute", "--engine"],
        ),
        (&[], &odd, &["f.txt", ".parquet", ".csv", ".json"]),
        (&[], &taken, &["f.csv exists"]),
    ];
    for (flags, out, words) in cases {
        let arguments = [&["features"], *flags, &["--out", out]].concat();
        exits_with_one_error(&collected.program(&arguments).run(), 2, words);
    }
    let arguments = ["features", "--recompute", "--out", &nowhere];
    exits_with_one_error(&collected.program(&arguments).run(), 1, &[&nowhere]);
    let left = std::fs::read_dir(collected.folder.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["f.csv", "store"]);
}
