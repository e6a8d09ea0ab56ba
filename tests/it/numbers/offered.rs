//! `predictions import`: forecasts of models of one's own, whole or not at all, and what they were
//! worth.

use super::{Collected, table};
use crate::support::{Program, exits_with_one_error};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use tidegauge_model::Day;

/// Blocks of a day.
const DAY_BLOCKS: u64 = 72;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A store that knows the chain's first two thirds, and its last final day.
fn early(collected: &Collected) -> (std::path::PathBuf, Day) {
    let early = collected.path("early");
    let to = (20 * DAY_BLOCKS + 5).to_string();
    let url = &collected.chain.url;
    Program::on(&early, url, &["backfill", "--from", "0", "--to", &to]).succeed();
    let made = read(&Program::on(&early, url, &["predict", "--fit", "--json"]).succeed());
    (early, made["day"].as_str().unwrap().parse().unwrap())
}

/// What persistence says of a store's last final day, as somebody else's table.
fn rows_of_another(collected: &Collected, store: &Path, out: &str) -> String {
    let path = collected.path(out);
    let file = path.display().to_string();
    let url = &collected.chain.url;
    Program::on(store, url, &["predict", "--model", "naive", "--out", &file]).succeed();
    let table = table(&path);
    let wanted = ["pool_address", "date", "target", "value"];
    let mut csv = wanted.join(",") + "\n";
    for cells in table.select(wanted) {
        csv += &(cells.join(",") + "\n");
    }
    csv
}

#[test]
fn a_models_rows_are_kept_whole_and_scored_when_they_mature() {
    let collected = Collected::new();
    let (store, day) = early(&collected);
    let url = collected.chain.url.clone();
    let program = |arguments: &[&str]| Program::on(&store, &url, arguments);
    let csv = rows_of_another(&collected, &store, "naive.csv");
    let file = collected.path("growth.csv");
    let name = file.display().to_string();
    std::fs::write(&file, &csv).unwrap();
    let import = ["predictions", "import", &name, "--model", "growth"];
    let said = program(&import).succeed();
    assert!(said.contains(&format!("{day} growth (sha256:")), "{said}");
    let said = program(&import).succeed();
    assert!(said.contains("which were there already"), "{said}");

    // What was kept is what was said, and what is written is taken again, in each shape.
    let values = |file: &Path| {
        let table = table(file);
        let rows = table.select(["pool_address", "target", "value"]);
        // By target they may be written in another order.
        rows.map(|row| row.map(str::to_owned))
            .collect::<BTreeSet<_>>()
    };
    for shape in ["csv", "json", "parquet"] {
        let out = collected.path(&format!("kept.{shape}"));
        let path = out.display().to_string();
        program(&["predict", "--model", "growth", "--out", &path]).succeed();
        if shape == "csv" {
            assert_eq!(values(&out), values(&file));
        }
        let said = read(&program(&["predictions", "import", &path, "--json"]).succeed());
        assert_eq!(said["days"][0]["is_new"], false, "{shape}: {said}");
        assert_eq!(said["days"][0]["date"], day.to_string());
    }

    // Fewer rows replace them.
    let fewer: Vec<&str> = csv.lines().take(1 + 8).collect();
    std::fs::write(&file, fewer.join("\n")).unwrap();
    let said = read(&program(&[&import[..], &["--json"]].concat()).succeed());
    let expected = json!([1, 8, true]);
    let of_day = &said["days"][0];
    assert_eq!(
        json!([of_day["pools"], of_day["forecasts"], of_day["is_new"]]),
        expected
    );
    std::fs::write(&file, &csv).unwrap();
    program(&import).succeed();

    // The rest of the chain: they mature.
    let to = collected.chain.head.to_string();
    program(&["backfill", "--from", "0", "--to", &to]).succeed();
    program(&["predict", "--fit"]).succeed();
    let models = read(&program(&["models", "--json"]).succeed());
    let rows = collected.features("rows.csv", &[]);
    let outcomes = rows
        .select(["date", "target_fee_apr_7d"])
        .filter(|[date, outcome]| *date == day.to_string() && !outcome.is_empty())
        .count();
    let line = models["scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["model"] == "growth" && line["target"] == "target_fee_apr_7d")
        .unwrap_or_else(|| panic!("{models:#}"));
    assert_eq!(line["count"], outcomes, "{line}");
    assert_eq!(line["skill_over_naive"], 0.0, "{line}");
    assert!(line["mae"].as_f64().unwrap() > 0.0 && line["coverage"].is_null());
}

#[test]
fn what_is_not_a_forecast_of_today_is_refused_and_nothing_is_kept() {
    let collected = Collected::new();
    let (store, day) = early(&collected);
    let url = collected.chain.url.clone();
    let program = |arguments: &[&str]| Program::on(&store, &url, arguments);
    let csv = rows_of_another(&collected, &store, "naive.csv");
    let mut lines = csv.lines();
    let (head, first) = (lines.next().unwrap(), lines.next().unwrap());
    let pool = first.split(',').next().unwrap();
    let unknown = format!("0x{}", "ab".repeat(20));
    let today = day.to_string();
    let file = collected.path("other.csv");
    let name = file.display().to_string();
    let mut twice = csv.clone();
    twice += first;
    for (text, model, words) in [
        (
            csv.clone(),
            "naive",
            ["comes with the program", "nothing was kept"],
        ),
        (
            csv.replace(&today, &day.plus_days(1).to_string()),
            "other",
            ["not complete and final", "date"],
        ),
        (
            csv.replace(&today, &day.minus_days(2).to_string()),
            "other",
            ["it is past", "date"],
        ),
        (
            csv.replacen(pool, &unknown, 1),
            "other",
            ["row 1: pool_address", "no swap of pool"],
        ),
        (twice, "other", ["the same pool, date and target", "row 1"]),
        (
            format!("{head}\n{pool},{today},target_fee_apr_7d,NaN\n"),
            "other",
            ["row 1", "not finite"],
        ),
        (
            format!("{head}\n"),
            "other",
            ["there is no row", "other.csv"],
        ),
        (csv.clone(), "no/name", ["--model", "letters"]),
    ] {
        std::fs::write(&file, text).unwrap();
        let outcome = program(&["predictions", "import", &name, "--model", model]).run();
        exits_with_one_error(&outcome, 2, &words);
    }
    // Sparse, and longer than may be read.
    let long = collected.path("long.csv");
    std::fs::File::create(&long)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let path = long.display().to_string();
    let outcome = program(&["predictions", "import", &path, "--model", "other"]).run();
    exits_with_one_error(&outcome, 2, &["1024 MiB", "day by day"]);
    let outcome = program(&["predictions", "import", "growth.txt", "--model", "other"]).run();
    exits_with_one_error(&outcome, 2, &["growth.txt", ".parquet"]);
    let models = read(&program(&["models", "--json"]).succeed());
    let names = models["models"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .map(|model| model["model"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ewma", "naive", "seasonal_naive"]);
}
