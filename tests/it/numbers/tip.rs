//! Features as of the tip, by HTTP.

use super::Collected;
use crate::support::Daemon;
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

#[test]
fn the_last_24_hours_of_a_pool_are_counted_to_the_second() {
    let collected = Collected::new();
    let json = collected.write("rows.json", &["features"]);
    let rows: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let swaps = super::table(&collected.write("swaps.csv", &["export", "swaps"]));
    let daemon = Daemon::start(&collected.store(), &collected.chain.url, &[]);
    let status = daemon.wait_until("the tip", |status| status["tip"].is_object());
    let mut last_24h: BTreeMap<&str, u64> = BTreeMap::new();
    let tip = status["tip"]["timestamp"].as_u64().unwrap();
    for [pool, timestamp] in swaps.select(["pool_address", "timestamp"]) {
        let count = last_24h.entry(pool).or_default();
        *count += u64::from(timestamp.parse::<u64>().unwrap() > tip - DAY_S);
    }
    assert!(last_24h.values().any(|count| *count > 10), "{last_24h:?}");
    for (pool, swaps) in &last_24h {
        let now = daemon.get(&format!("/api/features/{pool}")).unwrap();
        assert_eq!(now["pool_address"], *pool);
        assert_eq!(now["as_of"]["hash"], status["tip"]["hash"], "{now:#}");
        assert_eq!(now["at"], tip + 1);
        assert_eq!(now["covered_24h"], true);
        assert_eq!(now["features"]["swap_count_24h"], *swaps, "{pool}");
        // The last whole day is the row that everybody reads.
        let last = &now["last_day"];
        let row = rows
            .iter()
            .rfind(|row| row["pool_address"] == *pool)
            .unwrap();
        assert_eq!(last["date"], row["date"], "{pool}");
        for part in ["features", "targets"] {
            for (name, value) in last[part].as_object().unwrap() {
                assert_eq!(*value, row[name.as_str()], "{pool} {name}");
            }
        }
    }
    for (path, said) in [
        (
            "0x00000000000000000000000000000000000000aa",
            "0x00000000000000000000000000000000000000aa",
        ),
        ("nonsense", "no pool address"),
    ] {
        let refused = daemon.get(&format!("/api/features/{path}")).unwrap();
        let error = refused["error"].to_string();
        assert!(error.contains(said), "{refused:#}");
    }
    daemon.stop();
}
