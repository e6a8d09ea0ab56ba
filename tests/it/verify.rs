//! Raising the evidence of a store: what is wrong is found and put right, alone or by the daemon.

use crate::support::{Chain, Daemon, Program, Table, assert_same, store_holds};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use tidegauge_model::{BlockData, BlockRange, ChainId, Coverage, Evidence, Extend, Step, Tally};
use tidegauge_storage::{Create, Store, StoreOptions, StoredBlock};

/// The swap that is left out, and the one that is changed, in the order of blocks.
const LEFT_OUT: u64 = 500;
const CHANGED: u64 = 900;
/// Blocks above the spoiled range, so that it is final.
const BEYOND: u64 = 70;

/// A store collected by logs, one swap of which is gone and one of which is changed; the rows as they should be.
struct Spoiled {
    chain: Chain,
    folder: tempfile::TempDir,
    honest: BTreeSet<Vec<String>>,
}

impl Spoiled {
    fn make() -> Self {
        let chain = Chain::small();
        let folder = tempfile::tempdir().unwrap();
        let honest = folder.path().join("honest");
        let to = (chain.head - BEYOND).to_string();
        let arguments = ["backfill", "--from", "0", "--to", &to, "--method", "logs"];
        Program::on(&honest, &chain.url, &arguments).succeed();
        let rows = rows(&honest, &chain);
        spoil(&honest, &folder.path().join("store"));
        Self {
            chain,
            folder,
            honest: rows,
        }
    }

    fn verify(&self, level: &str) -> Value {
        let arguments = ["verify", "--level", level, "--json"];
        let printed = Program::on(&self.store(), &self.chain.url, &arguments).succeed();
        serde_json::from_str(&printed).unwrap()
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    fn is_put_right(&self) {
        assert_same(
            &rows(&self.store(), &self.chain),
            &self.honest,
            "rows put right",
        );
        store_holds(&self.store(), &self.chain.url);
    }
}

#[test]
fn wrong_rows_are_found_and_put_right() {
    for level in ["bloom", "receipts"] {
        let spoiled = Spoiled::make();
        assert_ne!(rows(&spoiled.store(), &spoiled.chain), spoiled.honest);
        let certificate = spoiled.verify(level);
        let found = &certificate["found"];
        assert_eq!(
            (&found["missing"], &found["different"]),
            (&Value::from(1), &Value::from(1)),
            "{certificate:#}"
        );
        assert_eq!(certificate["evidence"], level);
        spoiled.is_put_right();
        // Once more finds nothing, and fetches nothing.
        let again = spoiled.verify(level);
        assert_eq!(again["found"]["blocks"], 0, "{again:#}");
    }
}

#[test]
fn the_daemon_verifies_what_it_holds() {
    let spoiled = Spoiled::make();
    let daemon = Daemon::start(&spoiled.store(), &spoiled.chain.url, &[]);
    let certificate = spoiled.verify("receipts");
    assert_eq!(certificate["found"]["missing"], 1, "{certificate:#}");
    let coverage = daemon.get("/api/coverage").expect("coverage");
    assert_eq!(coverage["weakest"], "receipts", "{coverage:#}");
    let metrics = daemon.text("/metrics").expect("metrics");
    for line in [
        "tidegauge_disputes 0",
        "tidegauge_covered_blocks{evidence=\"claimed\"} 0",
        "tidegauge_rpc_health{endpoint=\"",
        "outcome=\"answered\"",
    ] {
        assert!(metrics.contains(line), "no `{line}`:\n{metrics}");
    }
    let refused = Program::on(
        &spoiled.store(),
        &spoiled.chain.url,
        &["verify", "--from", "5", "--to", "999999999"],
    )
    .run();
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    daemon.stop();
    spoiled.is_put_right();
}

/// Everything but the sender, which log pages do not tell.
fn rows(store: &Path, chain: &Chain) -> BTreeSet<Vec<String>> {
    let last = (chain.head - BEYOND).to_string();
    let arguments = [
        "export", "swaps", "--from", "0", "--to", &last, "--out", "-",
    ];
    let printed = Program::on(store, &chain.url, &arguments).succeed();
    let table = Table::read(&printed);
    table
        .select([
            "pool_address",
            "block_number",
            "log_index",
            "amount0_raw",
            "amount1_raw",
            "liquidity",
            "tick",
        ])
        .map(|row| row.map(str::to_owned).into())
        .collect()
}

/// Copies the store, as if the endpoint had left out one swap and misread another.
fn spoil(honest: &Path, to: &Path) {
    let mut options = StoreOptions::new(ChainId(tidegauge_simchain::CHAIN_ID));
    let mut copy = Store::open(to, &options).unwrap();
    options.create = Create::Never;
    let original = Store::open(honest, &options).unwrap();
    let reader = original.reader();
    let view = reader.view().unwrap();
    let entries: Vec<Coverage> = view.coverage().unwrap().map(Result::unwrap).collect();
    let (first, last) = (entries[0], entries[entries.len() - 1]);
    let range = BlockRange::new(first.range.from, last.range.to).unwrap();
    let mut swaps = 0;
    let mut blocks = Vec::new();
    for block in view.walk(range).unwrap() {
        let StoredBlock {
            number,
            record,
            swaps: mut rows,
            liquidity,
        } = block.unwrap();
        rows.retain_mut(|swap| {
            swaps += 1;
            if swaps == CHANGED {
                swap.tick += 1;
            }
            swaps != LEFT_OUT
        });
        blocks.push(BlockData {
            number,
            hash: record.hash,
            parent: record.parent,
            timestamp: record.timestamp,
            swaps: rows,
            liquidity,
            tally: record.tally,
        });
    }
    assert!(swaps > LEFT_OUT, "too few swaps");
    let step = Step::Extend(Extend {
        covered: Coverage {
            range,
            evidence: Evidence::Claimed,
            parent: first.parent,
            end_hash: last.end_hash,
            tally: blocks
                .iter()
                .fold(Tally::default(), |sum, block| sum.plus(block.tally)),
        },
        blocks,
        verdicts: view.pools().unwrap().map(Result::unwrap).collect(),
        tokens: view.tokens().unwrap().map(Result::unwrap).collect(),
        finalized: Some(range.to),
        disputes: Vec::new(),
        time_before: None,
        time_after: None,
    });
    copy.apply(&step).unwrap();
    copy.close().unwrap();
}
