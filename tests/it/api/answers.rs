//! Every answer is what the store says, to the last digit.

use super::Served;
use crate::numbers::table;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

fn rows(served: &Served) -> Vec<Value> {
    let path = served.collected.write("rows.json", &["features"]);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_same_cells(found: &Value, expected: &Value) {
    for part in ["features", "targets"] {
        let cells = found[part].as_object().unwrap();
        assert!(!cells.is_empty());
        for (name, value) in cells {
            assert_eq!(*value, expected[name.as_str()], "{part}.{name}");
        }
    }
}

#[test]
fn days_of_pools_are_the_rows_that_files_have() {
    let served = Served::with(&[]);
    let client = &served.client;
    let rows = rows(&served);
    let days: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["date"].as_str().unwrap())
        .collect();
    for day in &days {
        let answer = client.document(&format!("/api/pools/{day}"));
        let expected: Vec<&Value> = rows.iter().filter(|row| row["date"] == *day).collect();
        let found = answer["rows"].as_array().unwrap();
        assert_eq!(
            (found.len(), &answer["next"]),
            (expected.len(), &Value::Null)
        );
        assert_eq!(answer["total"], expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found["pool_address"], expected["pool_address"], "{day}");
            assert_same_cells(found, expected);
            assert_eq!(answer["status"], expected["status"]);
        }
    }
    history_agrees(&served, &rows);
    pages_hold_everything_once(&served, days.last().unwrap());
    served.daemon.stop();
}

fn history_agrees(served: &Served, rows: &[Value]) {
    let pool = rows[0]["pool_address"].as_str().unwrap();
    let expected: Vec<&Value> = rows.iter().filter(|r| r["pool_address"] == pool).collect();
    let (first, last) = (&expected[0]["date"], &expected[expected.len() - 1]["date"]);
    let (first, last) = (first.as_str().unwrap(), last.as_str().unwrap());
    let path = format!("/api/features/{pool}/history?from={first}&to={last}");
    let answer = served.client.document(&path);
    let found = answer["rows"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found["date"], expected["date"]);
        assert_same_cells(found, expected);
    }
    let month = served
        .client
        .document(&format!("/api/features/{pool}/history"));
    assert_eq!(
        month["rows"].as_array().unwrap().len(),
        30,
        "by default a month"
    );
    let path = format!("/api/features/{pool}/history?days=1000");
    let all = served.client.document(&path);
    assert_eq!(all["rows"], answer["rows"], "as many as there are");
}

fn pages_hold_everything_once(served: &Served, day: &str) {
    for sort in [
        "",
        "sort=-volume_usd_24h&",
        "sort=swap_count_24h&",
        "sort=-pool_address&",
    ] {
        let whole = served.client.document(&format!("/api/pools/{day}?{sort}"));
        let whole: Vec<Value> = whole["rows"].as_array().unwrap().clone();
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/pools/{day}?{sort}limit=3{cursor}");
            let page = served.client.document(&path);
            paged.extend(page["rows"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{sort}");
        let volumes: Vec<f64> = whole
            .iter()
            .map(|row| row["features"]["volume_usd_24h"].as_f64().unwrap_or(-1.0))
            .collect();
        if sort.contains("-volume") {
            assert!(volumes.is_sorted_by(|a, b| a >= b), "{volumes:?}");
        }
    }
    let all = served.client.document(&format!("/api/pools/{day}"));
    let class = all["rows"][0]["features"]["pool_class"].as_str().unwrap();
    let of_class = served
        .client
        .document(&format!("/api/pools/{day}?class={class}"));
    let expected: Vec<&Value> = all["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["features"]["pool_class"] == class)
        .collect();
    let found: Vec<&Value> = of_class["rows"].as_array().unwrap().iter().collect();
    assert_eq!(found, expected);
}

#[test]
fn swaps_are_the_rows_that_files_have() {
    let served = Served::with(&[]);
    let exported = table(&served.collected.write("swaps.csv", &["export", "swaps"]));
    let names = exported.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let (pool_at, time_at) = (place("pool_address"), place("timestamp"));
    let all = exported.rows();
    let pool = &all[0][pool_at];
    let expected: Vec<&Vec<String>> = all.iter().filter(|row| row[pool_at] == *pool).collect();
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/swaps/{pool}?limit=97{cursor}");
        let page = served.client.document(&path);
        found.extend(page["rows"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        for (name, text) in names.iter().zip(expected.iter()) {
            let value = match &found[*name] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(value, *text, "{name}");
        }
    }
    // Days bound what blocks would.
    let middle: u64 = expected[expected.len() / 2][time_at].parse().unwrap();
    let day = tidegauge_model::Day::of(tidegauge_model::UnixSeconds(middle));
    let seconds = day.start().0;
    let of_day = expected.iter().filter(|row| {
        let at: u64 = row[time_at].parse().unwrap();
        (seconds..seconds + 86_400).contains(&at)
    });
    let path = format!("/api/swaps/{pool}?from={day}&to={day}&limit=10000");
    let answer = served.client.document(&path);
    let count = of_day.count();
    assert!(count > 0, "the chain has that day");
    assert_eq!(answer["rows"].as_array().unwrap().len(), count);
    served.daemon.stop();
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let served = Served::with(&[]);
    let status = served.daemon.wait_until("the tip", |status| {
        // Forecasts of the daily job are another reason why answers change.
        status["collector"]["stage"] == "following"
            && status["tip"].is_object()
            && status["daily"]["jobs"][1]["ended_at"].is_u64()
    });
    let pool = status["latest_swaps"][0]["pool"].as_str().unwrap();
    for path in [
        format!("/api/features/{pool}"),
        format!("/api/features/{pool}/history"),
        format!("/api/swaps/{pool}"),
        "/api/coverage".to_owned(),
        "/api/search?q=a".to_owned(),
    ] {
        let first = served.client.get(&path);
        assert_eq!(first.status, 200, "{path}");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        assert_eq!(first.header("cache-control"), "no-cache");
        let known = [("if-none-match", tag.as_str())];
        let again = served.client.ask(Method::GET, &path, &known);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), tag);
        let other = [("if-none-match", "W/\"0-0-0-0-0\"")];
        assert_eq!(served.client.ask(Method::GET, &path, &other).status, 200);
    }
    let plain = served.client.get(&format!("/api/features/{pool}"));
    // What is long is packed; what is short goes faster as it is.
    let accepts = [("accept-encoding", "gzip")];
    let encoding = |path: &str| {
        let answer = served.client.ask(Method::HEAD, path, &accepts);
        answer.header("content-encoding").to_owned()
    };
    assert_eq!(encoding("/api/openapi.json"), "gzip");
    assert_eq!(encoding(&format!("/api/features/{pool}")), "");
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    served.daemon.stop();
}

#[test]
fn pools_are_found_by_symbol_and_address() {
    let served = Served::with(&[]);
    let status = served
        .daemon
        .wait_until("the tip", |status| status["tip"].is_object());
    let swap = &status["latest_swaps"][0];
    let (pool, name) = (
        swap["pool"].as_str().unwrap(),
        swap["pool_name"].as_str().unwrap(),
    );
    let symbols = name.split(' ').next().unwrap();
    for query in [
        pool.to_owned(),
        pool[..12].to_owned(),
        symbols.to_owned(),
        symbols.to_lowercase(),
        symbols.replace('/', "%20"),
    ] {
        let found = served.client.document(&format!("/api/search?q={query}"));
        let rows = found["rows"].as_array().unwrap();
        assert!(
            rows.iter().any(|row| row["pool_address"] == pool),
            "{query}: {found:#}"
        );
        assert!(found["as_of"]["hash"].is_string());
    }
    let none = served.client.document("/api/search?q=nosuchtoken");
    assert_eq!(none["rows"].as_array().unwrap().len(), 0);
    served.daemon.stop();
}
