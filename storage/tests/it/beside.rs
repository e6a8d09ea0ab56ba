//! Reading beside a running writer.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World};
use tidegauge_model::{ErrorClass, Evidence, Step};
use tidegauge_storage::{Reader, StoreError, logical_digest};

#[test]
fn a_reader_beside_a_writer_follows_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(11, 9, 9);
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 20, Some(START + 5), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();

    let beside = Reader::open_beside(dir.path(), scratch.path(), 32).unwrap();
    assert_holds(&beside.view().unwrap(), &chain);
    assert_sound(&beside.view().unwrap());
    let files = |dir: &std::path::Path| std::fs::read_dir(dir).unwrap().count();
    assert!(files(scratch.path()) > 0);

    let old = chain.clone();
    let to = chain.back(6);
    chain.blocks.truncate(14);
    let then = vec![chain.grow(&mut world, 9, Some(START + 5), Evidence::Receipts)];
    store.apply(&Step::Unwind { to, then }).unwrap();
    assert_holds(&beside.view().unwrap(), &old);

    let view = beside.view().unwrap();
    let error = beside.catch_up().unwrap_err();
    assert!(matches!(error, StoreError::ViewOpen));
    assert_eq!(error.class(), ErrorClass::Transient);
    drop(view);

    beside.catch_up().unwrap();
    assert_holds(&beside.view().unwrap(), &chain);
    assert_sound(&beside.view().unwrap());
    assert_eq!(
        logical_digest(&beside.view().unwrap()).unwrap(),
        logical_digest(&store.reader().view().unwrap()).unwrap()
    );

    // Across a flush, and after the writer has gone.
    let extend = chain.grow(&mut world, 5, Some(START + 20), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    store.close().unwrap();
    beside.catch_up().unwrap();
    assert_holds(&beside.view().unwrap(), &chain);
    assert_sound(&beside.view().unwrap());
}

#[test]
fn there_must_be_a_store_to_read_beside() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let error = match Reader::open_beside(&dir.path().join("none"), scratch.path(), 32) {
        Ok(_) => panic!("there is none"),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
}

#[test]
fn a_view_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(12, 4, 9);
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 8, None, Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    let reader = store.reader();
    let view = reader.view().unwrap();
    let old = chain.clone();
    let to = chain.back(8);
    chain.blocks.clear();
    let then = vec![chain.grow(&mut world, 3, None, Evidence::Receipts)];
    store.apply(&Step::Unwind { to, then }).unwrap();
    assert_holds(&view, &old);
    assert_holds(&reader.view().unwrap(), &chain);
}
