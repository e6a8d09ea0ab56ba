//! Checkpoints of a live store: each is one of its states, whole, and can become a store.

use crate::commits::{assert_holds, assert_sound, open};
use crate::kill::script;
use crate::world::{Chain, START, World};
use std::sync::mpsc;
use tidegauge_model::{ErrorClass, Evidence, Step};
use tidegauge_storage::{Checkpoint, Reader, Store, StoreError, logical_digest, revive};

fn refused<T>(made: Result<T, StoreError>) -> StoreError {
    match made {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

#[test]
fn checkpoints_made_while_it_writes_are_its_states() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("store"));
    let reader = store.reader();
    let steps = script(91);
    let last = steps.len();
    let (told, hear) = mpsc::channel();
    let writer = std::thread::spawn(move || {
        let mut store = store;
        for (n, scripted) in script(91).into_iter().enumerate() {
            store.apply(&scripted.step).unwrap();
            told.send(n).unwrap();
        }
        store
    });
    let mut checked = 0;
    let mut applied = 0;
    while applied + 1 < last {
        // Some steps pass between two of them, none is waited for.
        for _ in 0..25 {
            applied = hear.recv().unwrap_or(last - 1);
        }
        let folder = dir.path().join(format!("checkpoint-{applied}"));
        let checkpoint = reader.checkpoint(&folder, 0).unwrap();
        let view = checkpoint.reader.view().unwrap();
        assert_sound(&view);
        let tip = view.tip().unwrap().unwrap().block;
        // Repairs leave the tip as it is: one of the states with this tip it is.
        let states = steps.iter().filter(|s| s.chain.tip() == tip);
        let held = states
            .filter(|scripted| {
                let swaps: usize = scripted.chain.blocks.iter().map(|b| b.swaps.len()).sum();
                swaps as u64 == view.counters().swaps
            })
            .any(|scripted| {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    assert_holds(&view, &scripted.chain);
                }))
                .is_ok()
            });
        assert!(held, "the checkpoint at {tip:?} is no state of the store");
        checked += 1;
    }
    assert!(checked > 3, "{checked}");
    let store = writer.join().unwrap();
    assert_sound(&store.reader().view().unwrap());
}

#[test]
fn a_revived_checkpoint_is_the_same_store_in_a_later_life() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let mut store = open(&path);
    let mut world = World::new(92, 6, 9);
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 40, Some(START + 20), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    let folder = dir.path().join("checkpoint");
    let checkpoint = store.reader().checkpoint(&folder, 0).unwrap();
    let tables = checkpoint.files.iter().filter(|file| file.is_table).count();
    assert!(tables > 3, "{:?}", checkpoint.files);
    assert!(checkpoint.files.iter().any(|file| file.name == "CURRENT"));
    let read = checkpoint.reader.read_through(|_| {}).unwrap();
    assert!(read > 10_000, "{read}");
    let before = checkpoint.reader.view().unwrap().identity().unwrap();
    drop(checkpoint);
    // The store goes on; the checkpoint does not.
    let old = chain.clone();
    let extend = chain.grow(&mut world, 5, Some(START + 25), Evidence::Receipts);
    store.apply(&Step::Extend(extend.clone())).unwrap();

    let after = revive(&folder, 7).unwrap();
    assert_eq!((after.uuid, after.epoch), (before.uuid, 7));
    assert_eq!(revive(&folder, 7).unwrap(), after);
    let error = refused(revive(&folder, 6));
    assert!(
        matches!(
            error,
            StoreError::EpochFalls {
                found: 7,
                wanted: 6,
                ..
            }
        ),
        "{error}"
    );
    let mut revived = open(&folder);
    assert_holds(&revived.reader().view().unwrap(), &old);
    assert_eq!(revived.reader().view().unwrap().identity().unwrap(), after);
    revived.apply(&Step::Extend(extend)).unwrap();
    let digest = |store: &Store| logical_digest(&store.reader().view().unwrap()).unwrap();
    assert_eq!(digest(&revived), digest(&store));
    assert_sound(&revived.reader().view().unwrap());
}

#[test]
fn what_is_not_possible_says_so_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let mut store = open(&path);
    let mut world = World::new(93, 6, 9);
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 5, None, Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    let folder = dir.path().join("checkpoint");

    let beside = Reader::open_beside(&path, scratch.path(), 32).unwrap();
    let error = refused(beside.checkpoint(&folder, 0));
    assert!(matches!(error, StoreError::NotTheWriter { .. }), "{error}");
    let error = refused(store.reader().checkpoint(&folder, u64::MAX));
    assert!(matches!(error, StoreError::DiskLow { .. }), "{error}");
    let nowhere = dir.path().join("no/such/folder");
    let error = refused(store.reader().checkpoint(&nowhere, 0));
    assert!(matches!(error, StoreError::Checkpoint { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
    let error = refused(Checkpoint::open(&folder));
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(!folder.exists());
    let extend = chain.grow(&mut world, 5, None, Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    assert_sound(&store.reader().view().unwrap());
}
