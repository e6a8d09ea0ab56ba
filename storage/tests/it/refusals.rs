//! What the store refuses, each by one clear error, and that nothing is lost by it.

use crate::commits::{CHAIN, assert_holds, assert_sound, open, options};
use crate::world::{Chain, START, World, accepted, pool_id, refused};
use std::path::Path;
use std::time::Duration;
use tidegauge_model::{
    Address, B256, BlockNumber, BlockRef, ChainId, ErrorClass, Evidence, Extend, LogIndex,
    PoolVerdict, Step, UnixSeconds,
};
use tidegauge_storage::{Create, FORMAT, Store, StoreError, StoreOptions, logical_digest};

fn refusal(path: &Path, options: &StoreOptions) -> (String, ErrorClass) {
    match Store::open(path, options) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(e) => (e.to_string(), e.class()),
    }
}

#[track_caller]
fn assert_refused(path: &Path, options: &StoreOptions, says: &[&str]) {
    let (text, class) = refusal(path, options);
    for part in says {
        assert!(text.contains(part), "`{text}` lacks `{part}`");
    }
    assert_eq!(class, ErrorClass::Refused, "{text}");
}

#[test]
fn another_chain_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let other = StoreOptions {
        chain_id: ChainId(10),
        ..options()
    };
    assert_refused(dir.path(), &other, &["chain 1, not chain 10", "chain.id"]);
    drop(open(dir.path()));
}

#[test]
fn a_newer_format_is_refused() {
    // Version byte 1, then the number 7 as the codec writes it.
    let newer: &[u8] = &[1, 7];
    let with_family = |path: &Path, extra: Option<&str>| {
        drop(open(path));
        let mut families = rocksdb::DB::list_cf(&rocksdb::Options::default(), path).unwrap();
        families.extend(extra.map(str::to_owned));
        let mut all = rocksdb::Options::default();
        all.create_missing_column_families(true);
        let db = rocksdb::DB::open_cf(&all, path, families).unwrap();
        db.put_cf(db.cf_handle("meta").unwrap(), b"format", newer)
            .unwrap();
    };
    let known = format!("formats up to {FORMAT}");
    let says = ["has format 7", known.as_str()];
    let dir = tempfile::tempdir().unwrap();
    with_family(dir.path(), None);
    assert_refused(dir.path(), &options(), &says);
    let dir = tempfile::tempdir().unwrap();
    with_family(dir.path(), Some("tiles_v7"));
    assert_refused(dir.path(), &options(), &says);
}

#[test]
fn other_folders_are_refused_and_left_alone() {
    let foreign = tempfile::tempdir().unwrap();
    std::fs::write(foreign.path().join("notes.txt"), "mine").unwrap();
    assert_refused(foreign.path(), &options(), &["holds other files"]);
    assert_eq!(std::fs::read_dir(foreign.path()).unwrap().count(), 1);

    let database = tempfile::tempdir().unwrap();
    drop(rocksdb::DB::open_default(database.path()).unwrap());
    assert_refused(database.path(), &options(), &["not a store of ours"]);
    let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), database.path()).unwrap();
    assert_eq!(families, ["default"]);

    let file = tempfile::NamedTempFile::new().unwrap();
    assert_refused(file.path(), &options(), &["not a folder"]);

    let never = StoreOptions {
        create: Create::Never,
        ..options()
    };
    let missing = foreign.path().join("missing");
    assert_refused(&missing, &never, &["there is no store"]);
    assert!(!missing.exists());
    let empty = tempfile::tempdir().unwrap();
    assert_refused(empty.path(), &never, &["there is no store"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    // Not even root makes folders there.
    let path = Path::new("/sys/tidegauge-store");
    assert_refused(path, &options(), &["cannot write to /sys/tidegauge-store"]);
}

#[test]
fn a_store_in_use_is_refused_by_the_name_of_its_user() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let me = format!("process {}", std::process::id());
    assert_refused(dir.path(), &options(), &["in use by", &me]);
    drop(store);
    drop(open(dir.path()));
}

#[test]
fn a_creation_cut_short_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    // As a kill right after the mark leaves it.
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "tidegauge.store" {
            std::fs::remove_file(path).unwrap();
        }
    }
    drop(open(dir.path()));
    // As a kill between two families leaves it.
    let half = tempfile::tempdir().unwrap();
    std::fs::copy(
        dir.path().join("tidegauge.store"),
        half.path().join("tidegauge.store"),
    )
    .unwrap();
    let mut all = rocksdb::Options::default();
    all.create_if_missing(true);
    all.create_missing_column_families(true);
    drop(rocksdb::DB::open_cf(&all, half.path(), ["default", "swaps"]).unwrap());
    drop(open(half.path()));
}

#[test]
fn an_open_has_a_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let hasty = StoreOptions {
        open_deadline: Duration::ZERO,
        ..options()
    };
    let (text, class) = refusal(dir.path(), &hasty);
    assert!(text.contains("did not end within 0 s"), "{text}");
    assert_eq!(class, ErrorClass::Corrupt);
    // The opening thread goes on until it ends by itself: then the store is free, and whole.
    let begun = std::time::Instant::now();
    while let Err(error) = Store::open(dir.path(), &options()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{error}");
        std::thread::yield_now();
    }
}

#[test]
fn a_nearly_full_disk_stops_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(8, 3, 3);
    let mut chain = Chain::default();
    let mut store = open(dir.path());
    let extend = chain.grow(&mut world, 2, None, Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    drop(store);
    let full = StoreOptions {
        least_free_bytes: u64::MAX,
        ..options()
    };
    assert_refused(dir.path(), &full, &["MiB are free", "nothing was lost"]);
    let reader_sees = open(dir.path());
    assert_holds(&reader_sees.reader().view().unwrap(), &chain);
}

/// One way to spoil a range, and what the refusal says.
type Spoiler = (fn(&mut Extend), &'static str);

#[test]
fn ranges_that_do_not_fit_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(9, 6, 8);
    let mut chain = Chain::default();
    let base = chain.grow(&mut world, 5, None, Evidence::Receipts);
    store.apply(&Step::Extend(base)).unwrap();
    let mut next = chain.clone();
    let good = loop {
        let mut candidate = next.clone();
        let extend = candidate.grow(&mut world, 3, None, Evidence::Receipts);
        // Every spoiler finds something to spoil.
        if extend.blocks.iter().all(|b| b.swaps.len() > 1)
            && extend.blocks.iter().any(|b| !b.liquidity.is_empty())
        {
            next = candidate;
            break extend;
        }
    };
    let reader = store.reader();
    let before = logical_digest(&reader.view().unwrap()).unwrap();
    let spoilers: &[Spoiler] = &[
        (|e| e.covered.range.from.0 += 1, "should begin at block"),
        (|e| e.covered.range.from.0 -= 1, "should begin at block"),
        (|e| e.covered.parent = B256::ZERO, "another branch"),
        (|e| e.blocks[0].parent = Some(B256::ZERO), "does not link"),
        (|e| e.blocks[2].parent = Some(B256::ZERO), "does not link"),
        (|e| e.blocks.swap(0, 1), "out of order"),
        (|e| e.blocks[2].number.0 += 1, "outside the range"),
        (
            |e| e.covered.end_hash = B256::ZERO,
            "another hash than the range's end",
        ),
        (|e| e.blocks[2].timestamp = UnixSeconds(1), "lies before"),
        (
            |e| e.blocks[1].swaps[0].block = BlockNumber(1),
            "belongs elsewhere",
        ),
        (
            |e| e.blocks[1].swaps[0].timestamp.0 += 1,
            "belongs elsewhere",
        ),
        (|e| e.blocks[1].swaps.swap(0, 1), "out of order"),
        (
            |e| e.blocks[1].swaps[1].log_index = e.blocks[1].swaps[0].log_index,
            "out of order",
        ),
        (
            |e| {
                for block in &mut e.blocks {
                    if let Some(event) = block.liquidity.first_mut() {
                        event.log_index = block.swaps[0].log_index;
                    }
                }
            },
            "out of order",
        ),
        (|e| e.blocks[0].tally.received += 1, "does not balance"),
        (
            |e| {
                e.blocks[0].tally.decoded -= 1;
                e.blocks[0].tally.received -= 1;
            },
            "does not balance",
        ),
        (|e| e.covered.tally.received += 1, "not the sum"),
        (
            |e| {
                e.covered.tally.received += 1;
                e.covered.tally.refused += 1;
            },
            "not the sum",
        ),
        (|e| e.blocks[1].swaps[0].pool = pool_id(77), "not accepted"),
        (
            |e| {
                if let PoolVerdict::Accepted(mut pool) = accepted(pool_id(78)) {
                    pool.token1 = Address::repeat_byte(0x77);
                    e.verdicts.push(PoolVerdict::Accepted(pool));
                }
            },
            "is not described",
        ),
        (
            |e| {
                let pool = e.blocks[0].swaps[0].pool;
                e.verdicts.push(refused(pool.0[0]));
            },
            "judged before",
        ),
    ];
    for (index, (spoil, says)) in spoilers.iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        let Err(error) = store.apply(&Step::Extend(bad)) else {
            panic!("spoiler {index} was taken: {says}");
        };
        let text = error.to_string();
        assert!(
            text.contains(says),
            "spoiler {index}: `{text}` lacks `{says}`"
        );
        assert!(matches!(error, StoreError::StepRefused { .. }), "{text}");
        assert_ne!(error.class(), ErrorClass::Corrupt, "{text}");
    }
    assert_eq!(logical_digest(&reader.view().unwrap()).unwrap(), before);
    // The log indexes of the good one are fine, and the store still writes.
    assert!(good.blocks[0].swaps[0].log_index > LogIndex(0));
    store.apply(&Step::Extend(good)).unwrap();
    assert_holds(&reader.view().unwrap(), &next);
}

#[test]
fn unwinds_that_do_not_fit_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(10, 6, 8);
    let mut chain = Chain::default();
    let unwind = |to, then| Step::Unwind { to, then };
    let error = store.apply(&unwind(chain.tip(), vec![])).unwrap_err();
    assert!(matches!(error, StoreError::UnwindUnknown { .. }));
    let extend = chain.grow(&mut world, 6, Some(START + 2), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();

    let below = store.apply(&unwind(chain.back(4), vec![])).unwrap_err();
    assert!(
        matches!(below, StoreError::UnwindBelowFinal { .. }),
        "{below}"
    );
    assert_eq!(below.class(), ErrorClass::Corrupt);
    let other_hash = BlockRef {
        hash: B256::ZERO,
        ..chain.back(2)
    };
    let above = BlockRef {
        number: BlockNumber(START + 50),
        hash: B256::ZERO,
    };
    for to in [other_hash, above] {
        let error = store.apply(&unwind(to, vec![])).unwrap_err();
        assert!(matches!(error, StoreError::UnwindUnknown { .. }), "{error}");
    }
    // A replacement that does not fit takes the unwind with it.
    let mut fork = chain.clone();
    fork.blocks.truncate(4);
    let mut bad = fork.grow(&mut world, 2, Some(START + 2), Evidence::Receipts);
    bad.blocks[1].parent = Some(B256::ZERO);
    let error = store.apply(&unwind(chain.back(2), vec![bad])).unwrap_err();
    assert!(matches!(error, StoreError::StepRefused { .. }), "{error}");
    let reader = store.reader();
    let view = reader.view().unwrap();
    assert_holds(&view, &chain);
    assert_sound(&view);
    assert_eq!(view.chain_id().unwrap(), CHAIN);
}
