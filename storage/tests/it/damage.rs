//! Flipped bits in table files surface as errors, never as short or other answers.

use crate::commits::{open, options};
use crate::world::{Chain, START, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use tidegauge_model::{ErrorClass, Evidence, Step};
use tidegauge_storage::{Store, StoreError, logical_digest, verify};

const FLIPS: usize = 24;

fn tables(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "sst"))
        .collect();
    found.sort();
    found
}

fn read_everything(path: &Path) -> Result<tidegauge_model::B256, StoreError> {
    let store = Store::open(path, &options())?;
    let reader = store.reader();
    let view = reader.view()?;
    let report = verify::all(&view, |_| {})?;
    assert!(report.is_clean(), "{:?}", report.violations);
    logical_digest(&view)
}

#[test]
fn a_flipped_bit_is_an_error_or_harmless_but_never_another_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(13, 12, 20);
    let mut chain = Chain::default();
    let mut store = open(dir.path());
    for _ in 0..4 {
        let extend = chain.grow(&mut world, 60, Some(START + 230), Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
    }
    store.close().unwrap();
    let whole = read_everything(dir.path()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let mut errors = 0;
    for flip in 0..FLIPS {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let from = entry.unwrap().path();
            std::fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
        let tables = tables(copy.path());
        assert!(!tables.is_empty());
        // Every other flip goes into the largest file, where the rows are.
        let victim = if flip % 2 == 0 {
            tables
                .iter()
                .max_by_key(|p| std::fs::metadata(p).unwrap().len())
        } else {
            tables.get(rng.random_range(0..tables.len()))
        }
        .unwrap();
        let mut bytes = std::fs::read(victim).unwrap();
        let at = rng.random_range(0..bytes.len());
        bytes[at] ^= 1 << rng.random_range(0..8);
        std::fs::write(victim, bytes).unwrap();
        match read_everything(copy.path()) {
            Ok(digest) => assert_eq!(digest, whole, "byte {at} of {}", victim.display()),
            Err(error) => {
                assert_eq!(error.class(), ErrorClass::Corrupt, "{error}");
                errors += 1;
            }
        }
    }
    assert!(
        errors >= FLIPS / 2,
        "only {errors} of {FLIPS} flips were seen"
    );
}

#[test]
fn a_scan_over_damage_ends_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(14, 2, 30);
    let mut chain = Chain::default();
    let mut store = open(dir.path());
    let extend = chain.grow(&mut world, 300, Some(START + 1_000), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    store.close().unwrap();
    let largest = tables(dir.path())
        .into_iter()
        .max_by_key(|p| std::fs::metadata(p).unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&largest, bytes).unwrap();
    // The last blocks are checked at the start and may meet the damage already.
    let Ok(store) = Store::open(dir.path(), &options()) else {
        return;
    };
    let reader = store.reader();
    let view = reader.view().unwrap();
    let rows: Vec<_> = view.all_swaps().unwrap().collect();
    let (last, before) = rows.split_last().unwrap();
    assert!(last.is_err());
    assert!(before.iter().all(Result::is_ok));
}
