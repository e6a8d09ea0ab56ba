//! Killed at random moments during a backfill, the finished store equals an undisturbed one.

use crate::support::{Chain, Program, store_holds};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::{Duration, Instant};

/// Kills in an everyday run; `TIDEGAUGE_KILLS` asks for more.
const KILLS: u32 = 8;
/// The moments are random, and the same in every run.
const SEED: u64 = 20_240_105;

#[test]
fn a_killed_backfill_ends_in_the_store_of_an_undisturbed_one() {
    let kills: u32 = std::env::var("TIDEGAUGE_KILLS")
        .map_or(KILLS, |n| n.parse().expect("TIDEGAUGE_KILLS: a number"));
    let chain = Chain::simulate(&[
        "--seed",
        "11",
        "--frozen",
        "--history-days",
        "3",
        "--swaps-per-block",
        "6",
        "--pool-count",
        "24",
    ]);
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    for method in ["logs", "receipts"] {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        backfill(&folder.path().join("undisturbed"), &chain, method).succeed();
        let whole = begun.elapsed();
        let expected = digest(&folder.path().join("undisturbed"), &chain);

        let (mut killed, mut store) = (0, 0);
        while killed < kills.div_ceil(2) {
            // A store is killed again and again until it is complete; then the next one begins.
            let path = folder.path().join(format!("killed-{store}"));
            let life = random.random_range(0.0..0.5) * whole.as_secs_f64();
            match backfill(&path, &chain, method).kill_after(Duration::from_secs_f64(life)) {
                Some(()) => killed += 1,
                None => store += 1,
            }
        }
        for number in 0..=store {
            let path = folder.path().join(format!("killed-{number}"));
            backfill(&path, &chain, method).succeed();
            assert_eq!(digest(&path, &chain), expected, "{method}, store {number}");
            store_holds(&path, &chain.url);
        }
    }
}

fn backfill(store: &Path, chain: &Chain, method: &str) -> Program {
    let to = chain.head.to_string();
    Program::on(
        store,
        &chain.url,
        &["backfill", "--from", "0", "--to", &to, "--method", method],
    )
}

/// The digest of the rows alone, whatever batches they came in.
fn digest(store: &Path, chain: &Chain) -> String {
    let status: serde_json::Value = serde_json::from_str(
        &Program::on(store, &chain.url, &["status", "--digest", "--json"]).succeed(),
    )
    .unwrap();
    assert_eq!(status["tip"]["number"], chain.head);
    status["digest"].as_str().expect("a digest").to_owned()
}
