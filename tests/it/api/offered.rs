//! `PUT /api/predictions/{model}`: forecasts of somebody else's model, by token, whole or not at all.

use super::Served;
use super::access::token;
use reqwest::Method;
use serde_json::{Value, json};

#[test]
fn forecasts_are_put_once_by_who_may() {
    let (writer, line) = token(&["trainer", "--scope", "write", "--scope", "read"]);
    let served = Served::with(&[&format!("--set=api.tokens={line}")]);
    let client = &served.client;
    let bearer = format!("Bearer {writer}");
    let with_token = ("authorization", bearer.as_str());
    let get = |path: &str| client.ask(Method::GET, path, &[with_token]);
    let begun = std::time::Instant::now();
    // The daily job forecasts; the next day's waits for its end.
    let is_done = || get("/api/status").json()["daily"]["jobs"][1]["ended_at"].is_u64();
    while !is_done() {
        assert!(begun.elapsed().as_secs() < 120);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let naive = get("/api/predictions/naive").json();
    let rows: Vec<Value> = naive["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!({
                "pool_address": row["pool_address"], "date": row["date"], "target": row["target"],
                "value": row["value"], "interval_low": 0, "interval_high": 1e12, "confidence": 0.5,
                "model_version": "v7",
            })
        })
        .collect();
    let body = serde_json::to_vec(&rows).unwrap();
    let path = "/api/predictions/growth";
    let put = |headers: &[(&str, &str)], body: &[u8]| {
        client.send(Method::PUT, path, headers, body.to_vec())
    };
    assert_eq!(put(&[], &body).status, 401);
    assert_eq!(get(path).status, 404);
    let tag = || get("/api/models").header("etag").to_owned();
    let before = tag();
    let answer = put(&[with_token], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let of_day = &answer.json()["days"][0];
    assert_eq!(of_day["forecasts"], rows.len());
    assert_eq!(
        (&of_day["is_new"], &of_day["model_version"]),
        (&json!(true), &json!("v7"))
    );
    let after = tag();
    assert_ne!(before, after);
    // Once more: nothing changes.
    assert_eq!(put(&[with_token], &body).json()["days"][0]["is_new"], false);
    assert_eq!(tag(), after);
    let found = get(path).json();
    let found = found["rows"].as_array().unwrap();
    assert_eq!(found.len(), rows.len());
    for said in &rows {
        let is_same = |row: &&Value| {
            row["pool_address"] == said["pool_address"] && row["target"] == said["target"]
        };
        let found = found.iter().find(is_same).unwrap();
        for (name, value) in said.as_object().unwrap() {
            let same = match (found[name].as_f64(), value.as_f64()) {
                (Some(found), Some(said)) => found == said,
                _ => found[name] == *value,
            };
            assert!(same, "{name}: {found} {said}");
        }
    }
    // The command hands over to the daemon.
    let csv = format!(
        "pool_address,date,target,value\n{},{},{},1.5\n",
        rows[0]["pool_address"].as_str().unwrap(),
        naive["date"].as_str().unwrap(),
        rows[0]["target"].as_str().unwrap()
    );
    let file = served.collected.path("one.csv");
    std::fs::write(&file, &csv).unwrap();
    let name = file.display().to_string();
    let import = ["predictions", "import", &name, "--model", "other"];
    let said = served.collected.program(&import).succeed();
    assert!(said.contains("1 forecasts of 1 pools"), "{said}");
    assert_eq!(
        get("/api/predictions/other").json()["rows"][0]["value"],
        1.5
    );

    let csv_type = [with_token, ("content-type", "text/csv")];
    assert_eq!(put(&csv_type, csv.as_bytes()).status, 200);
    for (headers, body, status, code) in [
        (
            &[with_token, ("content-type", "text/html")][..],
            csv.as_bytes(),
            415,
            "unknown_type",
        ),
        (&csv_type, b"pool_address,date\n1,2\n", 422, "bad_forecasts"),
        (&[with_token], b"{", 422, "bad_forecasts"),
        (&[with_token], b"", 422, "bad_forecasts"),
    ] {
        let answer = put(headers, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.json()["error"]["code"], code);
    }
    let bad = client.send(
        Method::PUT,
        "/api/predictions/.x",
        &[with_token],
        body.clone(),
    );
    assert_eq!(bad.status, 400, "{bad:?}");
    let own = client.send(Method::PUT, "/api/predictions/ridge", &[with_token], body);
    assert_eq!(own.status, 422, "{own:?}");
    served.daemon.stop();
}
