//! Bad input of every kind: one clear error each, no panic, and the store as good as before.

mod endpoint;
mod machine;
mod settings;

use crate::support::{Chain, Program, store_holds};
use serde_json::Value;
use std::path::Path;

/// The blocks that a store holds before something bad happens to it.
const BEFORE: &str = "200";

/// Makes such a store.
fn begin(store: &Path, chain: &Chain, method: &str) {
    Program::on(
        store,
        &chain.url,
        &[
            "backfill", "--from", "0", "--to", BEFORE, "--method", method,
        ],
    )
    .succeed();
}

/// Every invariant holds, what was there is there, and from the honest chain it becomes what it would have become.
fn intact(store: &Path, chain: &Chain, method: &str, context: &str) {
    store_holds(store, &chain.url);
    let tip = status(store, chain)["tip"]["number"]
        .as_u64()
        .expect("a tip");
    assert!(
        tip >= BEFORE.parse().unwrap(),
        "{context}: the tip went back to {tip}"
    );
    complete(store, chain, method);
    let undisturbed = tempfile::tempdir().unwrap();
    complete(undisturbed.path(), chain, method);
    assert_eq!(
        status(store, chain)["digest"],
        status(undisturbed.path(), chain)["digest"],
        "{context}"
    );
}

/// Collects the rest.
fn complete(store: &Path, chain: &Chain, method: &str) {
    let to = chain.head.to_string();
    Program::on(
        store,
        &chain.url,
        &["backfill", "--from", "0", "--to", &to, "--method", method],
    )
    .succeed();
}

fn status(store: &Path, chain: &Chain) -> Value {
    serde_json::from_str(
        &Program::on(store, &chain.url, &["status", "--digest", "--json"]).succeed(),
    )
    .unwrap()
}
