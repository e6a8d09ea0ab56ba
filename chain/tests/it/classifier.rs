//! Every recorded `eth_getLogs` error has the cause that people found behind it.

use crate::data;
use serde_json::Value;
use tidegauge_chain::{FaultKind, classify};

#[test]
fn recorded_errors_have_their_cause() {
    let Some(folder) = data::folder() else { return };
    let cases: Vec<Value> =
        serde_json::from_str(&data::text(&folder.join("rpc/getlogs_errors.json"))).unwrap();
    assert!(cases.len() >= 22);
    for case in &cases {
        let expected = match case["kind"].as_str().unwrap() {
            "results" | "timeout" => FaultKind::Density,
            "range" => FaultKind::Span,
            // "limit exceeded" says nothing about which limit: wait first; a page that
            // keeps failing so is split.
            "rate" | "rate-or-range" => FaultKind::Rate,
            "head" => FaultKind::Beyond,
            "pruned" => FaultKind::Depth,
            "params" => FaultKind::Params,
            other => panic!("a new kind: {other}"),
        };
        let http = case["http"].as_u64().map(|status| status as u16);
        for key in ["error", "alt"] {
            if let Some(error) = case.get(key) {
                let fault = classify(http, Some(&error.to_string()));
                assert_eq!(fault.kind, expected, "{error}");
            }
        }
    }
}

#[test]
fn recorded_limits_are_read() {
    let Some(folder) = data::folder() else { return };
    let cases: Vec<Value> =
        serde_json::from_str(&data::text(&folder.join("rpc/getlogs_errors.json"))).unwrap();
    let spans: Vec<(String, Option<u64>)> = cases
        .iter()
        .map(|case| classify(None, Some(&case["error"].to_string())))
        .filter(|fault| fault.kind == FaultKind::Span)
        .map(|fault| (fault.message, fault.limit))
        .collect();
    let limits: Vec<u64> = spans
        .iter()
        .map(|(message, limit)| limit.unwrap_or_else(|| panic!("no limit read in {message}")))
        .collect();
    assert_eq!(
        limits,
        [
            500, 500, 10_000, 2_000, 5_000, 10_000, 1_000, 1_024, 3_500, 1_000
        ]
    );
}
