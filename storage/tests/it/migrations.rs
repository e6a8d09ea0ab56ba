//! Stores of older formats become ours at the first start, with all that they hold.

use crate::commits::{CHAIN, assert_sound, open, options};
use rocksdb::{DB, Options};
use std::path::Path;
use tidegauge_model::{
    B256, BlockData, BlockNumber, BlockRange, BlockRef, Coverage, ErrorClass, Evidence, Extend,
    Step, Tally,
};
use tidegauge_storage::{
    Create, FORMAT, Reader, Sequence, Store, StoreError, View, logical_digest,
};

/// Every key and value of a store that format 1's program wrote: 16 blocks from three
/// ranges and a reorg, the last seven not final.
const FORMAT_1: &str = include_str!("format_1.txt");

/// The same of format 2: 111 blocks over twelve days, with a dispute and a reorg, the last 27
/// not final.
const FORMAT_2: &str = include_str!("format_2.txt");

const FAMILIES_1: [&str; 10] = [
    "swaps",
    "liquidity",
    "blocks",
    "pools",
    "tokens",
    "coverage",
    "journal",
    "outbox",
    "positions",
    "meta",
];

/// What that program said of it: its digest, and its digest after unwinding to the final block.
const DIGEST: &str = "f5454f737aa961c66fb0303a2e90b2b0f9566d974ee1aa75acfa9abb1e4b795d";
const DIGEST_AT_FINAL: &str = "66c01d79b4b88938dd2320652530c267a4c80b2cf4234670b1705ca6dce3651d";
const FINAL: u64 = 1_008;
const FINAL_HASH: &str = "99518e4f8d05fb2cf46634cad83fc0e1c62826b092fc9de52136253ca8af1b52";

/// Writes the store of format 1 into a folder.
pub(crate) fn write_format_1(path: &Path) {
    write(path, FORMAT_1, &FAMILIES_1);
}

/// Writes the store of format 2 into a folder.
pub(crate) fn write_format_2(path: &Path) {
    write(path, FORMAT_2, &families_2());
}

fn families_2() -> Vec<&'static str> {
    FAMILIES_1.iter().copied().chain(["disputes"]).collect()
}

fn write(path: &Path, dump: &str, families: &[&str]) {
    std::fs::write(path.join("tidegauge.store"), "").unwrap();
    let mut all = Options::default();
    all.create_if_missing(true);
    all.create_missing_column_families(true);
    let db = DB::open_cf(&all, path, families).unwrap();
    let bytes = |hex| alloy_primitives::hex::decode(hex).unwrap();
    for line in dump.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(' ');
        let (family, key, value) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        db.put_cf(db.cf_handle(family).unwrap(), bytes(key), bytes(value))
            .unwrap();
    }
}

/// The digest as these formats knew it: over the rows alone.
fn digest_of_rows(view: &View<'_>) -> B256 {
    tidegauge_storage::digest_of(view, &["swaps", "liquidity", "blocks", "pools", "tokens"])
        .unwrap()
}

/// A store that was given the same from the beginning has the same digest.
fn assert_fresh(view: &View<'_>) {
    let everything = BlockRange {
        from: BlockNumber(0),
        to: BlockNumber(u64::MAX),
    };
    let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
    let (first, last) = (coverage[0], coverage[coverage.len() - 1]);
    let blocks = view.walk(everything).unwrap().map(|block| {
        let block = block.unwrap();
        BlockData {
            number: block.number,
            hash: block.record.hash,
            parent: block.record.parent,
            timestamp: block.record.timestamp,
            swaps: block.swaps,
            liquidity: block.liquidity,
            tally: block.record.tally,
        }
    });
    let extend = Extend {
        covered: Coverage {
            range: BlockRange {
                from: first.range.from,
                to: last.range.to,
            },
            end_hash: last.end_hash,
            tally: view.counters().logs,
            ..first
        },
        blocks: blocks.collect(),
        verdicts: view.pools().unwrap().map(Result::unwrap).collect(),
        tokens: view.tokens().unwrap().map(Result::unwrap).collect(),
        finalized: Some(BlockNumber(u64::MAX)),
        disputes: vec![],
        time_before: None,
        time_after: None,
    };
    let dir = tempfile::tempdir().unwrap();
    let mut fresh = open(dir.path());
    fresh.apply(&Step::Extend(extend)).unwrap();
    let reader = fresh.reader();
    let digest = logical_digest(&reader.view().unwrap()).unwrap();
    assert_eq!(logical_digest(view).unwrap(), digest);
}

#[test]
fn a_store_of_format_2_is_derived_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    write_format_2(dir.path());
    let mut store = open(dir.path());
    let reader = store.reader();
    let digest = {
        let view = reader.view().unwrap();
        assert_sound(&view);
        assert!(view.is_rebuilding());
        assert_eq!(view.derived_to(), None);
        digest_of_rows(&view)
    };
    let (rows, at_final) = (
        "6ef1f40753ecd262d7db2fe430f51e9263744b6494520c68d41e207b4f1c38e7",
        "8d4897bcd49fa70a59f326c92184b7fea2cb410714546ffef910d11367d0613a",
    );
    assert_eq!(digest, hash(rows));
    let mut slices = 0;
    while !store.rebuild_slice(9).unwrap().finished {
        slices += 1;
    }
    assert!(slices > 9, "84 final blocks, 9 at a time");
    {
        let view = reader.view().unwrap();
        assert_sound(&view);
        assert!(!view.is_rebuilding());
        assert_eq!(
            view.derived_to(),
            view.tip().unwrap().map(|t| t.block.number)
        );
        let days = ("2024-03-01".parse().unwrap(), "2024-04-01".parse().unwrap());
        assert!(view.daily_rows(days.0, days.1, None).unwrap().count() > 20);
        assert_fresh(&view);
    }
    // The journal that the older program wrote leads back, and takes along what is derived.
    let number = BlockNumber(1_083);
    let hash_there = reader.view().unwrap().header_hash(number).unwrap().unwrap();
    let to = BlockRef {
        number,
        hash: hash_there,
    };
    store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
    let view = reader.view().unwrap();
    assert_sound(&view);
    assert_eq!(digest_of_rows(&view), hash(at_final));
    assert_fresh(&view);
}

fn hash(hex: &str) -> B256 {
    hex.parse().unwrap()
}

#[test]
fn a_store_of_format_1_is_migrated_whole() {
    let dir = tempfile::tempdir().unwrap();
    write_format_1(dir.path());
    let never = tidegauge_storage::StoreOptions {
        create: Create::Never,
        ..options()
    };
    let mut store = Store::open(dir.path(), &never).unwrap();
    let reader = store.reader();
    {
        let view = reader.view().unwrap();
        assert_sound(&view);
        assert_eq!(digest_of_rows(&view), hash(DIGEST));
        assert_eq!(view.identity().unwrap().format, FORMAT);
        assert_eq!(view.identity().unwrap().chain_id, CHAIN);
        let counters = view.counters();
        assert_eq!((counters.swaps, counters.liquidity), (30, 2));
        assert_eq!((counters.blocks, counters.tokens), (16, 8));
        assert_eq!((counters.pools_accepted, counters.pools_refused), (4, 3));
        assert_eq!(counters.disputes, 0);
        let (mirror, position) = view.positions().unwrap().pop().unwrap();
        assert_eq!(
            (mirror.as_str(), position.sequence),
            ("postgres", Sequence(2))
        );
    }
    drop(reader);
    // Its journal leads back to where the old program's led.
    drop(store);
    store = open(dir.path());
    let to = BlockRef {
        number: BlockNumber(FINAL),
        hash: hash(FINAL_HASH),
    };
    store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
    let reader = store.reader();
    let view = reader.view().unwrap();
    assert_sound(&view);
    assert_eq!(digest_of_rows(&view), hash(DIGEST_AT_FINAL));
    assert!(view.is_rebuilding());
    let logs = Tally {
        received: 17,
        decoded: 17,
        refused: 0,
    };
    assert_eq!(view.counters().logs, logs);
    let counters = view.counters();
    assert_eq!((counters.swaps, counters.blocks), (15, 9));
    assert_eq!((counters.pools_accepted, counters.pools_refused), (4, 2));
    let coverage: Vec<_> = view
        .coverage()
        .unwrap()
        .map(Result::unwrap)
        .map(|c| (c.range.from.0, c.range.to.0, c.evidence, c.tally.received))
        .collect();
    assert_eq!(
        coverage,
        [
            (1_000, 1_005, Evidence::Claimed, 10),
            (1_006, 1_008, Evidence::Bloom, 7)
        ]
    );
}

#[test]
fn a_reader_beside_migrates_nothing_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    write_format_1(dir.path());
    let refused = |stage: &str| {
        let error = match Reader::open_beside(dir.path(), scratch.path(), 32) {
            Ok(_) => panic!("{stage}: it opened"),
            Err(error) => error,
        };
        assert!(
            matches!(error, StoreError::OlderFormat { found: 1, .. }),
            "{stage}: {error}"
        );
        assert_eq!(error.class(), ErrorClass::Refused);
        assert!(error.to_string().contains("for writing once"), "{error}");
    };
    refused("as it was");
    // As a kill leaves it between the new family and the migration's batch.
    let mut all = Options::default();
    all.create_missing_column_families(true);
    drop(DB::open_cf(&all, dir.path(), families_2()).unwrap());
    refused("with the new family");
    drop(open(dir.path()));
    let beside = Reader::open_beside(dir.path(), scratch.path(), 32).unwrap();
    assert_sound(&beside.view().unwrap());
    assert_eq!(digest_of_rows(&beside.view().unwrap()), hash(DIGEST));
}

#[test]
fn a_family_may_be_missing_only_where_the_format_is_older() {
    let dir = tempfile::tempdir().unwrap();
    write_format_1(dir.path());
    drop(open(dir.path()));
    let families = DB::list_cf(&Options::default(), dir.path()).unwrap();
    let mut db = DB::open_cf(&Options::default(), dir.path(), families).unwrap();
    db.drop_cf("disputes").unwrap();
    drop(db);
    let never = tidegauge_storage::StoreOptions {
        create: Create::Never,
        ..options()
    };
    match Store::open(dir.path(), &never) {
        Ok(_) => panic!("a lost family was made up"),
        Err(error) => assert!(
            error.to_string().contains("`disputes` are missing"),
            "{error}"
        ),
    }
}
