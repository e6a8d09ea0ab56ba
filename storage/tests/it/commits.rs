//! Committing, reading back, unwinding, reopening.

use crate::world::{Chain, START, World, features, refused};
use std::path::Path;
use tidegauge_model::{BlockNumber, BlockRange, ChainId, Evidence, Step};
use tidegauge_storage::{
    Create, MirrorPosition, NoticeKind, Sequence, Store, StoreOptions, View, logical_digest, verify,
};

pub(crate) const CHAIN: ChainId = ChainId(1);

pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        memory_mib: 32,
        least_free_bytes: 0,
        features: features(CHAIN),
        ..StoreOptions::new(CHAIN)
    }
}

pub(crate) fn open(path: &Path) -> Store {
    Store::open(path, &options()).unwrap()
}

/// Every invariant holds.
pub(crate) fn assert_sound(view: &View<'_>) {
    let report = verify::all(view, |_| {}).unwrap();
    assert!(report.is_clean(), "{:#?}", report.violations);
}

/// The view holds exactly this chain.
pub(crate) fn assert_holds(view: &View<'_>, chain: &Chain) {
    let tip = (!chain.blocks.is_empty()).then(|| chain.tip());
    assert_eq!(view.tip().unwrap().map(|t| t.block), tip);
    let mut swaps: Vec<_> = chain.blocks.iter().flat_map(|b| b.swaps.clone()).collect();
    swaps.sort_by_key(|s| (s.pool, s.block, s.log_index));
    let found: Vec<_> = view.all_swaps().unwrap().map(Result::unwrap).collect();
    assert_eq!(found, swaps);
    let mut events: Vec<_> = chain
        .blocks
        .iter()
        .flat_map(|b| b.liquidity.clone())
        .collect();
    events.sort_by_key(|e| (e.pool, e.block, e.log_index));
    let found: Vec<_> = view.all_liquidity().unwrap().map(Result::unwrap).collect();
    assert_eq!(found, events);
    let everything = BlockRange::new(BlockNumber(0), BlockNumber(u64::MAX)).unwrap();
    let walked: Vec<_> = view.walk(everything).unwrap().map(Result::unwrap).collect();
    assert_eq!(walked.len(), chain.blocks.len());
    for (walked, block) in walked.iter().zip(&chain.blocks) {
        assert_eq!(walked.number, block.number);
        assert_eq!(walked.swaps, block.swaps);
        assert_eq!(walked.liquidity, block.liquidity);
    }
    let mut rows = view.block_rows().unwrap();
    for block in &chain.blocks {
        let record = view.block(block.number).unwrap().unwrap();
        assert_eq!((record.hash, record.parent), (block.hash, block.parent));
        assert_eq!(rows.swaps(block.number, &record).unwrap(), block.swaps);
        assert_eq!(
            rows.liquidity(block.number, &record).unwrap(),
            block.liquidity
        );
    }
    assert_eq!(view.counters().swaps, swaps.len() as u64);
    assert_eq!(view.counters().blocks, chain.blocks.len() as u64);
}

#[test]
fn what_is_committed_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(1, 6, 9);
    let mut chain = Chain::default();
    let reader = store.reader();
    assert!(reader.view().unwrap().tip().unwrap().is_none());
    for finalized in [START + 30, START + 20, START + 45] {
        let extend = chain.grow(&mut world, 20, Some(finalized), Evidence::Receipts);
        let applied = store.apply(&Step::Extend(extend.clone())).unwrap();
        assert_eq!(applied.tip, Some(chain.tip()));
        assert_eq!(applied.swaps, extend.swap_count() as u64);
    }
    let view = reader.view().unwrap();
    assert_holds(&view, &chain);
    assert_sound(&view);
    assert_eq!(view.finalized(), Some(BlockNumber(START + 45)));
    let journal = view.journal_range().unwrap().unwrap();
    assert_eq!(
        journal,
        BlockRange::new(BlockNumber(START + 46), chain.tip().number).unwrap()
    );
    let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
    assert_eq!(coverage.len(), 1, "neighbours with equal evidence are one");
    let pool = chain
        .blocks
        .iter()
        .find_map(|b| b.swaps.first())
        .unwrap()
        .pool;
    let range = BlockRange::new(BlockNumber(START + 5), BlockNumber(START + 40)).unwrap();
    let expected: Vec<_> = chain
        .blocks
        .iter()
        .flat_map(|b| b.swaps.clone())
        .filter(|s| s.pool == pool && range.contains(s.block))
        .collect();
    let found: Vec<_> = view
        .swaps(pool, range)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_huge_block_is_committed_and_unwound_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(16, 100, 1);
    let mut chain = Chain::default();
    let base = chain.grow(&mut world, 1, None, Evidence::Receipts);
    store.apply(&Step::Extend(base)).unwrap();
    let small = chain.clone();
    let block = world.full_block(START + 1, chain.tip().hash, 20_000);
    chain.blocks.push(block);
    let extend = chain.extend_from(1, None, Evidence::Receipts);
    let applied = store.apply(&Step::Extend(extend)).unwrap();
    assert_eq!(applied.swaps, 20_000);
    let reader = store.reader();
    assert_holds(&reader.view().unwrap(), &chain);
    assert_sound(&reader.view().unwrap());
    let to = small.tip();
    store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
    assert_holds(&reader.view().unwrap(), &small);
}

#[test]
fn commit_then_unwind_is_identity() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(2, 12, 6);
    let mut chain = Chain::default();
    let first = chain.grow(&mut world, 3, Some(START), Evidence::Claimed);
    store.apply(&Step::Extend(first)).unwrap();
    let reader = store.reader();
    let before = {
        let view = reader.view().unwrap();
        let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
        (logical_digest(&view).unwrap(), view.counters(), coverage)
    };
    let fork = chain.tip();
    let mut longer = chain.clone();
    for (count, evidence) in [(1, Evidence::Claimed), (4, Evidence::Receipts)] {
        let mut extend = longer.grow(&mut world, count, Some(START), evidence);
        extend.verdicts.push(refused(0x60 + count as u8));
        store.apply(&Step::Extend(extend)).unwrap();
    }
    let applied = store
        .apply(&Step::Unwind {
            to: fork,
            then: vec![],
        })
        .unwrap();
    assert_eq!(applied.blocks_unwound, 5);
    let view = reader.view().unwrap();
    let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        (logical_digest(&view).unwrap(), view.counters(), coverage),
        before
    );
    assert_holds(&view, &chain);
    assert_sound(&view);
    let notices = view.notices(Sequence(1), 100).unwrap();
    let kinds: Vec<_> = notices.iter().map(|n| n.kind).collect();
    use NoticeKind::{Committed, Unwound};
    assert_eq!(kinds, [Committed, Committed, Committed, Unwound]);
    assert_eq!(notices[3].tip, fork);
    assert_eq!(notices[3].range.len_blocks(), 5);
}

#[test]
fn everything_can_be_unwound_while_nothing_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(3, 3, 4);
    let empty = logical_digest(&store.reader().view().unwrap()).unwrap();
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 4, None, Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    let to = Chain::default().tip();
    store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
    let reader = store.reader();
    {
        let view = reader.view().unwrap();
        assert_eq!(logical_digest(&view).unwrap(), empty);
        assert_eq!((view.start(), view.tip().unwrap()), (None, None));
        assert_sound(&view);
    }
    // Back and forth in one step, too.
    let mut other = Chain::default();
    let first = chain.extend_from(0, None, Evidence::Receipts);
    store.apply(&Step::Extend(first)).unwrap();
    let then = vec![other.grow(&mut world, 6, None, Evidence::Receipts)];
    store.apply(&Step::Unwind { to, then }).unwrap();
    let view = reader.view().unwrap();
    assert_holds(&view, &other);
    assert_sound(&view);
}

#[test]
fn a_closed_store_opens_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(4, 5, 5);
    let mut chain = Chain::default();
    let mut digests = Vec::new();
    let mut identities = Vec::new();
    for round in 0..4 {
        let mut store = open(dir.path());
        let extend = chain.grow(&mut world, 5, Some(START + 3), Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        let reader = store.reader();
        let view = reader.view().unwrap();
        digests.push(logical_digest(&view).unwrap());
        identities.push(view.identity().unwrap());
        drop(view);
        drop(reader);
        if round % 2 == 0 {
            store.close().unwrap();
        }
    }
    let store = Store::open(
        dir.path(),
        &StoreOptions {
            create: Create::Never,
            ..options()
        },
    )
    .unwrap();
    let reader = store.reader();
    let view = reader.view().unwrap();
    assert_holds(&view, &chain);
    assert_sound(&view);
    assert_eq!(logical_digest(&view).unwrap(), digests[3]);
    assert!(identities.iter().all(|i| *i == view.identity().unwrap()));
    assert_eq!(view.identity().unwrap().chain_id, CHAIN);
    assert!(reader.disk_bytes().unwrap() > 0);
}

#[test]
fn batch_shapes_do_not_show_in_the_digest() {
    let mut world = World::new(5, 8, 8);
    let mut chain = Chain::default();
    chain.grow(&mut world, 40, None, Evidence::Receipts);
    let mut digests = Vec::new();
    for (step, finalized) in [(1, None), (7, Some(START + 20)), (40, Some(START + 100))] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut part = Chain::default();
        for blocks in chain.blocks.chunks(step) {
            let at = part.blocks.len();
            part.blocks.extend_from_slice(blocks);
            let extend = part.extend_from(at, finalized, Evidence::Receipts);
            store.apply(&Step::Extend(extend)).unwrap();
        }
        let reader = store.reader();
        let view = reader.view().unwrap();
        assert_sound(&view);
        digests.push(logical_digest(&view).unwrap());
    }
    assert!(digests.windows(2).all(|d| d[0] == d[1]), "{digests:?}");
}

#[test]
fn ranges_with_unread_blocks_unwind_to_known_hashes_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(6, 4, 3);
    let mut chain = Chain::default();
    let base = chain.grow(&mut world, 2, Some(START + 1), Evidence::Claimed);
    store.apply(&Step::Extend(base)).unwrap();
    let mut extend = chain.grow(&mut world, 10, Some(START + 1), Evidence::Claimed);
    // Log pages: blocks without our logs are not there, parents are not known.
    extend
        .blocks
        .retain(|b| b.tally.received > 0 && b.number.0 % 3 != 0);
    for block in &mut extend.blocks {
        block.parent = None;
    }
    let kept: Vec<_> = extend.blocks.iter().map(|b| b.number).collect();
    extend.covered.tally = extend
        .blocks
        .iter()
        .fold(Default::default(), |sum: tidegauge_model::Tally, b| {
            sum.plus(b.tally)
        });
    store.apply(&Step::Extend(extend)).unwrap();
    let reader = store.reader();
    assert_sound(&reader.view().unwrap());
    for depth in 1..10 {
        let to = chain.back(depth);
        let known = kept.contains(&to.number);
        let unwound = store.apply(&Step::Unwind { to, then: vec![] });
        assert_eq!(unwound.is_ok(), known, "{to:?} {unwound:?}");
        let view = reader.view().unwrap();
        if known {
            assert_eq!(view.tip().unwrap().unwrap().block, to);
        }
        assert_sound(&view);
    }
}

#[test]
fn the_outbox_is_trimmed_behind_the_slowest_mirror() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(7, 2, 1);
    let mut chain = Chain::default();
    let mut grow = |store: &mut Store| {
        let extend = chain.grow(&mut world, 1, None, Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap()
    };
    for _ in 0..6 {
        grow(&mut store);
    }
    let at = store.reader().view().unwrap().tip().unwrap().unwrap().block;
    let position = |sequence| MirrorPosition {
        sequence: Sequence(sequence),
        at,
    };
    store.acknowledge("lake", position(5)).unwrap();
    store.acknowledge("postgres", position(3)).unwrap();
    assert!(
        store.acknowledge("lake", position(7)).is_err(),
        "never written"
    );
    assert!(store.acknowledge("", position(1)).is_err());
    grow(&mut store);
    let reader = store.reader();
    let first = |reader: &tidegauge_storage::Reader| {
        let view = reader.view().unwrap();
        assert_sound(&view);
        view.notices(Sequence(0), 1).unwrap()[0].sequence
    };
    assert_eq!(first(&reader), Sequence(4));
    store.acknowledge("postgres", position(7)).unwrap();
    grow(&mut store);
    assert_eq!(first(&reader), Sequence(6));
    assert_eq!(reader.view().unwrap().positions().unwrap().len(), 2);
}
