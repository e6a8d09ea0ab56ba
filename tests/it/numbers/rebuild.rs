//! `features --rebuild`: the same numbers again, others where the definitions changed, and a clear
//! refusal before.

use super::Collected;
use crate::support::{Daemon, exits_with_one_error};
use std::time::Duration;

fn digest(collected: &Collected) -> String {
    let status = collected.program(&["status", "--digest", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.succeed()).unwrap();
    status["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn what_is_rebuilt_is_the_same() {
    let collected = Collected::new();
    let before = digest(&collected);
    collected.program(&["features", "--rebuild"]).succeed();
    assert_eq!(digest(&collected), before, "without a daemon");
    let daemon = Daemon::start(&collected.store(), &collected.chain.url, &[]);
    daemon.wait_until("the tip", |status| status["tip"].is_object());
    let said = collected.program(&["features", "--rebuild"]).succeed();
    assert!(said.contains("derived"), "{said}");
    daemon.stop();
    assert_eq!(digest(&collected), before, "by the daemon");
}

#[test]
fn a_changed_definition_is_refused_until_all_is_computed_by_it() {
    let collected = Collected::new();
    let ours = collected.features("origin.csv", &[]);
    let to = collected.chain.head.to_string();
    let changed = "--set=features.user=sender";
    let refused = collected.program(&[changed, "backfill", "--from", "0", "--to", &to]);
    exits_with_one_error(
        &refused.run(),
        1,
        &["another feature set", "user sender", "features --rebuild"],
    );
    collected
        .program(&[changed, "features", "--rebuild"])
        .succeed();
    let theirs = collected.features("sender.csv", &[]);
    assert_eq!(ours.len(), theirs.len());
    let keys: Vec<_> = theirs.select(["user_key"]).map(|[key]| key).collect();
    assert!(keys.iter().all(|key| *key == "sender"), "{keys:?}");
    let users = |table: &crate::support::Table| {
        let users = table.select(["unique_users"]);
        users.map(|[users]| users.to_owned()).collect::<Vec<_>>()
    };
    assert_ne!(users(&ours), users(&theirs));
    let counts = |table: &crate::support::Table| {
        let counts = table.select(["date", "pool_address", "tx_count", "volume_usd_24h"]);
        counts.map(|row| row.map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&ours), counts(&theirs));
}

/// Killed at any moment, a rebuild goes on where it was, and the numbers in force stay whole.
#[test]
fn a_killed_rebuild_goes_on() {
    let collected = Collected::new();
    let before = digest(&collected);
    let mut kills = 0;
    for life_ms in (10..400).step_by(30) {
        let life = Duration::from_millis(life_ms);
        let rebuild = collected.program(&["features", "--rebuild"]);
        kills += u32::from(rebuild.kill_after(life).is_some());
        assert_eq!(digest(&collected), before, "killed after {life:?}");
    }
    assert!(kills > 1, "{kills} kills");
    collected.program(&["features", "--rebuild"]).succeed();
    assert_eq!(digest(&collected), before, "finished");
}
