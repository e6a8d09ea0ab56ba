//! `compare`: a file that is right differs in nothing but meaning; what is wrong with it is named.

use super::{Collected, span, table};
use crate::support::{exits_with_one_error, shared};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use tidegauge_model::{ChainId, PoolVerdict, Refusal};
use tidegauge_storage::{Create, Store, StoreOptions};

/// The earlier pipeline's file, as it would have been made from this store.
fn earlier_file(collected: &Collected) -> String {
    let rows = collected.features("rows.csv", &["--recompute"]);
    let (first, last) = span(&rows);
    let out = collected.path("csv").display().to_string();
    collected
        .program(&[
            "dataset",
            "--format",
            "hermetik",
            "--from",
            &first.to_string(),
            "--train-until",
            &first.plus_days(12).to_string(),
            "--validate-until",
            &first.plus_days(22).to_string(),
            "--to",
            &last.to_string(),
            "--out",
            &out,
        ])
        .succeed();
    std::fs::read_to_string(collected.path("csv/pool_dataset_latest.csv")).unwrap()
}

fn report(collected: &Collected, file: &Path) -> Value {
    let file = file.display().to_string();
    let said = collected.program(&["compare", &file, "--json"]).succeed();
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

fn column<'a>(report: &'a Value, name: &str) -> &'a Value {
    let columns = report["columns"].as_array().unwrap();
    columns
        .iter()
        .find(|column| column["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// The text with a row's field set; rows count from 1, behind the header.
fn doctored(text: &str, row: usize, field: &str, value: impl Fn(&str) -> String) -> String {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == field).unwrap();
    let lines = text.lines().enumerate().map(|(n, line)| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if n == row {
            fields[at] = value(&fields[at]);
        }
        fields.join(",")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A contract that looks like a pool and is another factory's.
fn fork_pool(collected: &Collected) -> String {
    let mut options = StoreOptions::new(ChainId(1337));
    options.create = Create::Never;
    let store = Store::open(&collected.store(), &options).unwrap();
    let reader = store.reader();
    let view = reader.view().unwrap();
    let found = view.pools().unwrap().find_map(|verdict| match verdict {
        Ok(PoolVerdict::Refused {
            id,
            refusal: Refusal::ForeignFactory,
        }) => Some(id),
        _ => None,
    });
    format!("{:#x}", found.expect("a pool of another factory").0)
}

#[test]
fn a_file_made_from_the_same_chain_differs_in_meaning_alone() {
    let collected = Collected::new();
    let text = earlier_file(&collected);
    let rows = text.lines().count() as u64 - 1;
    let zipped = collected.path("rows.csv.gz");
    let mut encoder = GzEncoder::new(std::fs::File::create(&zipped).unwrap(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
    let report = report(&collected, &zipped);
    let coverage = &report["coverage"];
    assert_eq!(
        [
            &coverage["theirs"],
            &coverage["both"],
            &coverage["only_theirs"],
            &coverage["only_ours"],
            &coverage["not_covered"]
        ],
        [rows, rows, 0, 0, 0].map(Value::from).each_ref(),
    );
    for name in [
        "fee",
        "fee_percentage",
        "tx_count",
        "unique_users",
        "tx_count_cumulative",
        "days_since_start",
        "day_number",
        "pool_name",
    ] {
        assert_eq!(column(&report, name)["equal"], rows, "{name}");
    }
    for name in [
        "tx_count_3d_avg",
        "tx_count_7d_avg",
        "tx_count_7d_std",
        "tx_growth_rate",
        "target_tx_3d_ahead",
        "target_tx_7d_ahead",
        "target_tx_3d_avg_ahead",
        "target_tx_7d_avg_ahead",
    ] {
        assert_eq!(
            column(&report, name)["unexplained"],
            0,
            "{name}: {:#}",
            column(&report, name)
        );
    }
}

#[test]
fn what_is_wrong_with_a_file_is_counted_by_its_reason() {
    let collected = Collected::new();
    let text = earlier_file(&collected);
    let swaps = table(&collected.write("swaps.csv", &["export", "swaps"]));
    let lines: Vec<&str> = text.lines().collect();
    let field = |row: usize, at: usize| lines[row].split(',').nth(at).unwrap();
    let last_day = lines[1..]
        .iter()
        .map(|line| line.split(',').nth(1).unwrap())
        .max()
        .unwrap();

    // Routers for users: the distinct senders of a day with fewer of them than users.
    let senders = |row: usize| {
        let (pool, day) = (field(row, 0), field(row, 1));
        let of_day = swaps
            .select(["pool_address", "timestamp", "sender"])
            .filter(|[p, at, _]| {
                let at = tidegauge_model::UnixSeconds(at.parse().unwrap());
                *p == pool && tidegauge_model::Day::of(at).to_string() == day
            });
        of_day
            .map(|[_, _, sender]| sender)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    let routed = (1..lines.len())
        .find(|row| field(*row, 1) != last_day && senders(*row).to_string() != field(*row, 9))
        .expect("a day on which senders are not users");
    let wrong = doctored(&text, routed, "unique_users", |_| {
        senders(routed).to_string()
    });
    // A last day that was read too early, and a day of which a request failed.
    let short = (1..lines.len())
        .find(|row| field(*row, 1) == last_day && field(*row, 8) != "1")
        .expect("a last day with swaps");
    let wrong = doctored(&wrong, short, "tx_count", |_| "1".to_owned());
    let failed = (2..lines.len() - 1)
        .find(|row| *row != routed && (row - 1..=row + 1).all(|r| field(r, 0) == field(*row, 0)))
        .expect("a day between two others");
    let wrong = doctored(&wrong, failed, "tx_count", |_| "0".to_owned());
    // A day that is not there at all, and a contract that is no pool.
    let lost = (2..lines.len() - 1)
        .rfind(|row| {
            ![routed, short, failed].contains(row)
                && (row - 1..=row + 1).all(|r| field(r, 0) == field(*row, 0))
        })
        .expect("a day between two others");
    let mut kept: Vec<&str> = wrong
        .lines()
        .enumerate()
        .filter(|(n, _)| *n != lost)
        .map(|(_, l)| l)
        .collect();
    let stranger = lines[1].replacen(field(1, 0), "0x00000000000000000000000000000000000000aa", 1);
    let fork = lines[1].replacen(field(1, 0), &fork_pool(&collected), 1);
    let uncovered = lines[1].replacen(field(1, 1), "2019-01-01", 1);
    kept.extend([stranger.as_str(), fork.as_str(), uncovered.as_str()]);
    let file = collected.path("wrong.csv");
    std::fs::write(&file, kept.join("\n")).unwrap();

    let report = report(&collected, &file);
    assert_eq!(
        column(&report, "unique_users")["reasons"]["users_are_senders"],
        1,
        "{report:#}"
    );
    assert_eq!(
        column(&report, "tx_count")["reasons"]["partial_last_day"],
        1
    );
    assert_eq!(column(&report, "tx_count")["reasons"]["failed_request"], 1);
    let coverage = &report["coverage"];
    assert_eq!(coverage["why_only_theirs"]["never_met"], 1);
    assert_eq!(coverage["why_only_theirs"]["not_genuine"], 1);
    assert_eq!(coverage["why_only_ours"]["day_lost"], 1);
    assert_eq!(coverage["not_covered"], 1);

    let page = collected.path("report.html").display().to_string();
    let file = file.display().to_string();
    let said = collected
        .program(&["compare", &file, "--out", &page])
        .succeed();
    assert!(said.contains("routers"), "{said}");
    let page_text = std::fs::read_to_string(&page).unwrap();
    assert!(page_text.contains("Rows that differ most") && !page_text.contains("http"));
    let again = collected.program(&["compare", &file, "--out", &page]).run();
    exits_with_one_error(&again, 2, &["report.html exists"]);
}

#[test]
fn a_published_file_is_read() {
    let Some(file) = shared("hermetik/pool_test_data.csv.gz") else {
        return;
    };
    let collected = Collected::new();
    let report = report(&collected, &file);
    assert_eq!(report["first_day"], "2025-10-27");
    assert_eq!(report["last_day"], "2025-11-02");
    let coverage = &report["coverage"];
    assert!(coverage["theirs"].as_u64().unwrap() > 1_000);
    assert_eq!(coverage["theirs"], coverage["not_covered"]);
}

#[test]
fn hostile_files_are_refused_by_line_and_column() {
    let collected = Collected::new();
    let text = earlier_file(&collected);
    let lines: Vec<&str> = text.lines().collect();
    let with = |row: usize, line: String| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[row] = line;
        lines.join("\n").into_bytes()
    };
    let cases: [(Vec<u8>, &[&str]); 8] = [
        (Vec::new(), &["is empty"]),
        (
            b"a,b\n1,2\n".to_vec(),
            &["lacks the columns poolAddress, date"],
        ),
        (
            with(0, lines[0].replace("tx_count_7d_std", "std")),
            &["lacks the columns tx_count_7d_std"],
        ),
        (
            with(3, lines[3].replacen("0x", "zz", 1)),
            &["line 4", "poolAddress"],
        ),
        (with(3, "1,2,3".to_owned()), &["line 4", "3 fields"]),
        (with(3, "a".repeat(200_000)), &["line 4", "longer"]),
        (with(3, lines[2].to_owned()), &["line 4", "second row"]),
        ([&[0x1f, 0x8b][..], b"not gzip"].concat(), &["hostile.csv"]),
    ];
    let file = collected.path("hostile.csv");
    for (bytes, words) in cases {
        std::fs::write(&file, bytes).unwrap();
        let outcome = collected
            .program(&["compare", &file.display().to_string()])
            .run();
        let code = if words == ["hostile.csv"] { 1 } else { 2 };
        exits_with_one_error(&outcome, code, words);
    }
}
