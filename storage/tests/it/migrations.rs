//! Stores of older formats become ours at the first start, with all that they hold.

use crate::commits::{CHAIN, assert_sound, open, options};
use rocksdb::{DB, Options};
use std::path::Path;
use tidegauge_model::{B256, BlockNumber, BlockRef, ErrorClass, Evidence, Step, Tally};
use tidegauge_storage::{Create, FORMAT, Reader, Sequence, Store, StoreError, logical_digest};

/// Every key and value of a store that format 1's program wrote: 16 blocks from three
/// ranges and a reorg, the last seven not final.
const FORMAT_1: &str = include_str!("format_1.txt");

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
    std::fs::write(path.join("tidegauge.store"), "").unwrap();
    let mut all = Options::default();
    all.create_if_missing(true);
    all.create_missing_column_families(true);
    let db = DB::open_cf(&all, path, FAMILIES_1).unwrap();
    let bytes = |hex| alloy_primitives::hex::decode(hex).unwrap();
    for line in FORMAT_1.lines().filter(|line| !line.starts_with('#')) {
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
        assert_eq!(logical_digest(&view).unwrap(), hash(DIGEST));
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
    assert_eq!(logical_digest(&view).unwrap(), hash(DIGEST_AT_FINAL));
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
    drop(
        DB::open_cf(
            &all,
            dir.path(),
            FAMILIES_1.iter().copied().chain(["disputes"]),
        )
        .unwrap(),
    );
    refused("with the new family");
    drop(open(dir.path()));
    let beside = Reader::open_beside(dir.path(), scratch.path(), 32).unwrap();
    assert_sound(&beside.view().unwrap());
    assert_eq!(
        logical_digest(&beside.view().unwrap()).unwrap(),
        hash(DIGEST)
    );
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
