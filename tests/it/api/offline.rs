//! A store that is there is served, whether or not an endpoint answers.

use super::client::Client;
use crate::numbers::Collected;
use crate::support::{Daemon, Program, exits_with_one_error};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn a_store_is_served_while_no_endpoint_answers() {
    let collected = Collected::new();
    for (command, stage) in [
        (&["run"][..], "connecting"),
        (&["run", "--offline"], "waiting"),
    ] {
        let daemon = Daemon::start_as(&collected.store(), NOWHERE, &[], command);
        let status = daemon.wait_until("a word on the collector", |status| {
            !status["collector"]["last_error"].is_null()
        });
        let found = &status["collector"]["stage"];
        assert!(*found == stage || *found == "waiting", "{found}");
        let client = Client::of(&daemon);
        let pool = status["latest_swaps"][0]["pool"].as_str().unwrap();
        let now = client.document(&format!("/api/features/{pool}"));
        assert_eq!(now["as_of"]["hash"], status["tip"]["hash"]);
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(client.get("/readyz").status, 503);
        daemon.stop();
    }
}

#[test]
fn numbers_of_another_feature_set_are_served_as_they_are() {
    let collected = Collected::new();
    let other = "--set=features.user=recipient";
    let refused = Program::on(&collected.store(), NOWHERE, &[other, "run"]).run();
    exits_with_one_error(&refused, 1, &["another feature set", "--rebuild"]);
    let daemon = Daemon::start_as(&collected.store(), NOWHERE, &[other], &["run", "--offline"]);
    let client = Client::of(&daemon);
    let last = client.get("/api/pools/9999-12-31").json()["error"]["progress"]["last_complete"]
        .as_str()
        .unwrap()
        .to_owned();
    let day = client.document(&format!("/api/pools/{last}"));
    assert_eq!(day["rows"][0]["features"]["user_key"], "origin");
    daemon.stop();
}

#[test]
fn without_a_store_there_is_nothing_to_serve() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let outcome = Program::on(&store, NOWHERE, &["run", "--offline"]).run();
    exits_with_one_error(&outcome, 1, &["store"]);
    assert!(!store.exists());
}
