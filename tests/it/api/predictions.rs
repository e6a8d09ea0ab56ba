//! Forecasts over HTTP are those that files have.

use super::Served;
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn forecasts_are_made_by_the_daemon_and_served_as_files_have_them() {
    let served = Served::with(&[]);
    let client = &served.client;
    // The daily job forecasts; the next day's waits for its end.
    served.daemon.wait_until("forecasts", |status| {
        status["daily"]["jobs"][1]["ended_at"].is_u64()
    });
    let tag = || client.get("/api/models").header("etag").to_owned();
    let before = tag();
    // By hand there is nothing left to forecast, and nothing changes.
    let said = served.collected.program(&["predict", "--fit"]).succeed();
    assert!(said.contains(" 0 forecasts that were not there"), "{said}");
    assert_eq!(before, tag());
    let models = client.document("/api/models");
    let names: Vec<&str> = models["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["model"].as_str().unwrap())
        .collect();
    // Ridge has too little to train on.
    assert_eq!(names, ["ewma", "naive", "seasonal_naive"]);
    for model in &names {
        let name = format!("{model}.json");
        let path = served
            .collected
            .write(&name, &["predict", "--model", model]);
        let expected: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let answer = client.document(&format!("/api/predictions/{model}"));
        let found = answer["rows"].as_array().unwrap();
        assert!(!found.is_empty() && answer["next"].is_null());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            for (name, value) in found.as_object().unwrap() {
                // Files say moments as text.
                if name != "made_at" {
                    assert_eq!(*value, expected[name.as_str()], "{model}.{name}");
                }
            }
        }
        pages_hold_everything_once(&served, model, found);
    }
    a_day_of_pools_says_what_is_to_come(&served, models["models"][0]["last_day"].as_str().unwrap());
    wrong_questions(&served);
    served.daemon.stop();
}

fn pages_hold_everything_once(served: &Served, model: &str, expected: &[Value]) {
    let mut found = Vec::new();
    let mut path = format!("/api/predictions/{model}?limit=3");
    loop {
        let page = served.client.document(&path);
        found.extend(page["rows"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/predictions/{model}?limit=3&cursor={next}");
    }
    assert_eq!(found, expected);
    let pool = expected[0]["pool_address"].as_str().unwrap();
    let one = served
        .client
        .document(&format!("/api/predictions/{model}?pool={pool}"));
    let expected: Vec<_> = expected
        .iter()
        .filter(|row| row["pool_address"] == pool)
        .cloned()
        .collect();
    assert_eq!(*one["rows"].as_array().unwrap(), expected);
}

fn a_day_of_pools_says_what_is_to_come(served: &Served, day: &str) {
    let rates: BTreeMap<String, f64> = ["naive"]
        .into_iter()
        .flat_map(|model| {
            let path = format!("/api/predictions/{model}?date={day}");
            let answer = served.client.document(&path);
            let rows = answer["rows"].as_array().unwrap().clone();
            rows.into_iter()
                .filter(|row| row["target"] == "target_fee_apr_7d")
                .map(move |row| {
                    let pool = row["pool_address"].as_str().unwrap();
                    (format!("{model} {pool}"), row["value"].as_f64().unwrap())
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let answer = served.client.document(&format!("/api/pools/{day}"));
    let mut checked = 0;
    for row in answer["rows"].as_array().unwrap() {
        let prediction = &row["prediction"];
        if prediction.is_null() {
            continue;
        }
        let pool = row["pool_address"].as_str().unwrap();
        let rate = rates[&format!("{} {pool}", prediction["model"].as_str().unwrap())];
        let expected = (1.0 + rate / 365.0).powi(365) - 1.0;
        let found = prediction["apy_forecast_7d"].as_f64().unwrap();
        assert!(
            (found - expected).abs() <= 1e-9 * (1.0 + expected),
            "{pool}"
        );
        checked += 1;
    }
    assert!(checked > 0);
}

fn wrong_questions(served: &Served) {
    for (path, status, code) in [
        ("/api/predictions/oracle", 404, "unknown_model"),
        ("/api/predictions/.hidden", 404, "unknown_model"),
        (
            "/api/predictions/naive?date=1999-01-01",
            404,
            "unknown_model",
        ),
        ("/api/predictions/naive?date=yesterday", 400, "bad_date"),
        ("/api/predictions/naive?limit=0", 400, "bad_limit"),
        ("/api/predictions/naive?cursor=x", 400, "bad_cursor"),
        ("/api/predictions/naive?pool=0x1", 400, "bad_pool"),
        ("/api/models?all=1", 400, "bad_query"),
    ] {
        let answer = served.client.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(answer.json()["error"]["code"], code, "{path}");
    }
}
