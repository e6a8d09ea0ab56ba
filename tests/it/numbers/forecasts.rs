//! `predict` and `models`: what is forecast, from nothing that came after.

use super::{Collected, table};
use crate::support::{Chain, Program, Table};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tidegauge_model::Day;

/// Blocks of a day.
const DAY_BLOCKS: u64 = 72;

fn fit(store: &Path, url: &str) -> Value {
    let said = Program::on(store, url, &["predict", "--fit", "--json"]).succeed();
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// Forecasts by model, pool and target, with what they say.
fn forecasts(store: &Path, url: &str, out: &Path, day: &str) -> BTreeMap<[String; 3], [String; 5]> {
    let path = out.display().to_string();
    Program::on(store, url, &["predict", "--date", day, "--out", &path]).succeed();
    let table = table(out);
    let keys = table.select(["model", "pool_address", "target"]);
    let said = [
        "value",
        "interval_low",
        "interval_high",
        "confidence",
        "as_of_block",
    ];
    let rows: BTreeMap<_, _> = keys
        .map(|key| key.map(str::to_owned))
        .zip(table.select(said).map(|cells| cells.map(str::to_owned)))
        .collect();
    assert!(!rows.is_empty());
    rows
}

#[test]
fn a_forecast_is_made_once_and_knows_nothing_of_what_came_after() {
    let collected = Collected::new();
    let (store, url) = (collected.store(), &collected.chain.url);
    let made = fit(&store, url);
    let last: Day = made["day"].as_str().unwrap().parse().unwrap();
    assert!(made["forecasts"].as_u64().unwrap() > 1_000, "{made}");
    let again = fit(&store, url);
    assert_eq!(
        (&again["day"], &again["forecasts"]),
        (&made["day"], &Value::from(0))
    );

    // Who knew only the chain's first two thirds said the same.
    let early = collected.path("early");
    let to = (20 * DAY_BLOCKS + 5).to_string();
    Program::on(&early, url, &["backfill", "--from", "0", "--to", &to]).succeed();
    let made = fit(&early, url);
    let day = made["day"].as_str().unwrap();
    assert!(day.parse::<Day>().unwrap() < last);
    let before = forecasts(&early, url, &collected.path("before.csv"), day);
    let after = forecasts(&store, url, &collected.path("after.csv"), day);
    assert_eq!(before, after);
    let is_claimed = |said: &[String; 5]| !said[3].is_empty();
    assert!(after.values().any(is_claimed));
}

#[test]
fn persistence_is_the_mean_of_the_last_week() {
    let collected = Collected::new();
    let (store, url) = (collected.store(), &collected.chain.url);
    let made = fit(&store, url);
    let day = made["day"].as_str().unwrap();
    let last: Day = day.parse().unwrap();
    let rows = collected.features("rows.csv", &[]);
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    let mut volumes: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    for [pool, date, count, volume] in
        rows.select(["pool_address", "date", "swap_count_24h", "volume_usd_24h"])
    {
        let date: Day = date.parse().unwrap();
        if last.minus_days(6) <= date && date <= last {
            *counts.entry(pool).or_default() += count.parse::<f64>().unwrap();
            let sum = volumes.entry(pool).or_insert(Some(0.0));
            *sum = sum.and_then(|sum| Some(sum + volume.parse::<f64>().ok()?));
        }
    }
    let said = forecasts(&store, url, &collected.path("said.csv"), day);
    let mut checked = 0;
    for ([model, pool, target], [value, ..]) in &said {
        let expected = match (model.as_str(), target.as_str()) {
            ("naive", "target_tx_7d_avg_ahead") => Some(counts[pool.as_str()] / 7.0),
            ("naive", "target_volume_usd_7d") => volumes[pool.as_str()],
            _ => None,
        };
        if let Some(expected) = expected {
            let value: f64 = value.parse().unwrap();
            let off = (value - expected).abs();
            assert!(
                off <= 1e-9 * expected,
                "{pool} {target}: {value}, not {expected}"
            );
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
    scores_are_told(&collected, &rows);
}

fn scores_are_told(collected: &Collected, rows: &Table) {
    let said = collected.program(&["models", "--json"]).succeed();
    let models: Value = serde_json::from_str(&said).unwrap();
    let names: Vec<&str> = models["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["model"].as_str().unwrap())
        .collect();
    // Ridge has too little to train on.
    assert_eq!(names, ["ewma", "naive", "seasonal_naive"]);
    // As many outcomes as rows whose horizon has ended since the walk began.
    let outcomes = rows
        .select(["target_tx_7d_ahead"])
        .filter(|[outcome]| !outcome.is_empty())
        .count();
    let line = models["scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| {
            line["model"] == "naive"
                && line["target"] == "target_tx_7d_ahead"
                && line["class"].is_null()
        })
        .unwrap();
    assert_eq!(line["count"], outcomes);
    assert_eq!(line["skill_over_naive"], 0.0);
    let said = collected.program(&["models"]).succeed();
    assert!(said.contains("over seasonal"), "{said}");
}

#[test]
fn what_was_never_forecast_is_said_with_a_way_out() {
    let collected = Collected::new();
    for (arguments, hint) in [
        (&["predict", "--out", "-"][..], "predict --fit"),
        (
            &["predict", "--model", "a/b", "--out", "-"],
            "a model's name",
        ),
        (&["predict"], "--fit"),
        (&["predict", "--out", "forecasts.txt"], ".parquet"),
    ] {
        let outcome = collected.program(arguments).run();
        assert!(!outcome.status.success(), "{arguments:?}");
        assert!(
            outcome.stderr.contains(hint),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
    let said = collected.program(&["models"]).succeed();
    assert!(said.contains("predict --fit"), "{said}");
}

#[test]
fn what_was_forecast_of_days_long_past_is_dropped() {
    let chain = Chain::simulate(&[
        "--seed",
        "12",
        "--frozen",
        "--block-time",
        "3600",
        "--history-days",
        "60",
        "--swaps-per-block",
        "4",
        "--pool-count",
        "5",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (store, url) = (folder.path().join("store"), &chain.url);
    let collected_to = |block: u64| {
        let to = block.to_string();
        Program::on(&store, url, &["backfill", "--from", "0", "--to", &to]).succeed();
    };
    collected_to(20 * 24);
    let first = fit(&store, url);
    let early = first["day"].as_str().unwrap().to_owned();
    forecasts(&store, url, &folder.path().join("early.csv"), &early);
    collected_to(chain.head);
    let keeping = ["predict", "--fit", "--json"];
    let keeping = [&["--set=predictions.keep_days=42"][..], &keeping].concat();
    let said = Program::on(&store, url, &keeping).succeed();
    let made: Value = serde_json::from_str(&said).unwrap();
    let of = |day: &Value| day.as_str().unwrap().parse::<Day>().unwrap();
    let past = of(&made["day"]).minus_days(42);
    // Whether or not that day is among them: the border itself goes, what comes after it stays.
    let dropped = made["dropped_days"].as_u64().unwrap();
    assert!(dropped > 0, "{made}");
    let is_there = |day: Day| {
        let asked = ["predict", "--date", &day.to_string(), "--out", "-"];
        Program::on(&store, url, &asked).run().status.success()
    };
    assert!(!is_there(past));
    assert_eq!(
        is_there(past.plus_days(1)),
        past.plus_days(1) <= of(&first["day"])
    );
    assert!(is_there(of(&made["day"])));
    // No day is dropped twice.
    let again = Program::on(&store, url, &keeping).succeed();
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["dropped_days"], 0, "{again}");
}
