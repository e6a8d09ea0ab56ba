//! What is derived: equal to a recompute from raw rows, however the blocks came, taken back
//! with them, and the same again after a rebuild.

use crate::commits::{CHAIN, assert_sound, open, options};
use crate::world::{Chain, START, World, accepted, features, pools_of, token, tokens_of};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use tidegauge_features::{Covered, FeatureSet, History, PoolInfo, Status, oracle, recompute};
use tidegauge_model::{
    Address, BlockNumber, Day, ErrorClass, Evidence, Hour, Listed, PoolVerdict, Step, UnixSeconds,
    UserKey,
};
use tidegauge_storage::{Kept, LiveRows, Store, StoreError, StoreOptions, View, logical_digest};

/// From a block to the next: ten blocks are a day and a bit.
const SECONDS: u64 = 9_001;

fn world(seed: u64) -> World {
    World::new(seed, 9, 6).every(SECONDS)
}

/// Everything of a chain, as the features crate wants it.
fn history(chain: &Chain, after: UnixSeconds, until: UnixSeconds) -> History {
    let pools = chain.blocks.iter().flat_map(pools_of).map(|id| {
        let PoolVerdict::Accepted(pool) = accepted(id) else {
            panic!("accepted");
        };
        let [decimals0, decimals1] = tokens_of(id).map(|t| token(t).decimals);
        let info = PoolInfo {
            pool,
            decimals0,
            decimals1,
        };
        (id, info)
    });
    History {
        set: features(CHAIN),
        pools: pools.collect(),
        swaps: chain.blocks.iter().flat_map(|b| b.swaps.clone()).collect(),
        liquidity: chain
            .blocks
            .iter()
            .flat_map(|b| b.liquidity.clone())
            .collect(),
        covered: Covered {
            after: Some(after),
            until,
        },
    }
}

/// The view's rows are those that the raw rows give.
fn assert_rows(view: &View<'_>, chain: &Chain) {
    let first = chain.blocks.first().unwrap().timestamp;
    let last = chain.blocks.last().unwrap().timestamp;
    let expected = recompute(&history(chain, first, last)).unwrap();
    let all = (Day::of(UnixSeconds(0)), Day::of(last));
    let found: BTreeMap<_, _> = view
        .daily_rows(all.0, all.1, None)
        .unwrap()
        .map(Result::unwrap)
        .map(|row| ((row.day, row.pool), row))
        .collect();
    assert!(found.keys().eq(expected.keys()), "{} days", found.len());
    let last_final = view.last_final_day().unwrap();
    for (place, (row, targets)) in &expected {
        let stored = &found[place];
        assert_eq!(stored.row, *row, "{place:?}");
        let known = last_final.map_or_else(Default::default, |last| targets.up_to(place.0, last));
        assert_eq!(stored.targets, known, "{place:?}");
        let is_final = last_final.is_some_and(|last| place.0 <= last);
        assert_eq!(stored.status == Status::Final, is_final);
        assert_eq!(
            view.pool_day(place.1, place.0).unwrap().as_ref(),
            Some(stored)
        );
        assert!(stored.as_of_block >= view.start().unwrap());
    }
    let Some((_, pool)) = expected.keys().next() else {
        return;
    };
    let of_pool: Vec<_> = view
        .daily_rows(all.0, all.1, Some(*pool))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(
        of_pool
            .iter()
            .eq(found.values().filter(|row| row.pool == *pool))
    );
}

fn digest(store: &Store) -> tidegauge_model::B256 {
    let reader = store.reader();
    logical_digest(&reader.view().unwrap()).unwrap()
}

fn finish_rebuild(store: &mut Store, most_blocks: u64) {
    for _ in 0..1_000 {
        if store.rebuild_slice(most_blocks).unwrap().finished {
            return;
        }
    }
    panic!("the rebuild does not end");
}

#[test]
fn rows_are_those_of_a_recompute() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = world(40);
    let mut chain = Chain::default();
    let reader = store.reader();
    for (blocks, finalized) in [
        (30, START + 25),
        (1, START + 25),
        (90, START + 110),
        (40, START + 140),
    ] {
        let extend = chain.grow(&mut world, blocks, Some(finalized), Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        let view = reader.view().unwrap();
        assert_eq!(view.derived_to(), Some(chain.tip().number));
        assert_rows(&view, &chain);
        assert_sound(&view);
    }
    let view = reader.view().unwrap();
    let rows = view
        .daily_rows(Day::of(UnixSeconds(0)), "9999-12-31".parse().unwrap(), None)
        .unwrap()
        .map(Result::unwrap);
    assert!(
        rows.filter(|row| row.row.priced && row.targets.target_tx_7d_ahead.is_some())
            .count()
            > 10
    );
    // Every swap has its value beside it.
    let pool = chain
        .blocks
        .iter()
        .find_map(|b| b.swaps.first())
        .unwrap()
        .pool;
    let range = tidegauge_model::BlockRange {
        from: BlockNumber(0),
        to: BlockNumber(u64::MAX),
    };
    let valued: Vec<_> = view
        .valued_swaps(pool, range)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!valued.is_empty() && valued.iter().all(|(_, value)| value.is_some()));
    for (swap, value) in &valued {
        assert_eq!(
            view.value(pool, swap.block, swap.log_index).unwrap(),
            *value
        );
    }
}

/// Sliding windows end anywhere, also inside an hour and on a swap's own second.
#[test]
fn rows_of_any_moment_are_the_naive_ones() {
    for seed in [41, 42] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut world = world(seed);
        let mut chain = Chain::default();
        let extend = chain.grow(&mut world, 160, Some(START + 120), Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        let reader = store.reader();
        let view = reader.view().unwrap();
        let first = chain.blocks.first().unwrap().timestamp;
        let last = chain.blocks.last().unwrap().timestamp;
        let history = history(&chain, first, last);
        let swaps = chain.blocks.iter().map(|block| block.timestamp.0);
        let odd = (first.0..last.0).step_by(7 * SECONDS as usize + 1_234);
        let (mut rows, mut none) = (0, 0);
        let live = LiveRows::default();
        for at in swaps.step_by(9).chain(odd).map(UnixSeconds) {
            for pool in history.pools.keys() {
                let found = view.row_at(*pool, at).unwrap();
                assert_eq!(
                    found,
                    oracle::row_at(&history, *pool, at),
                    "{pool:?} {at:?}"
                );
                assert_eq!(live.row_at(&view, *pool, at).unwrap(), found);
                *(if found.is_some() {
                    &mut rows
                } else {
                    &mut none
                }) += 1;
            }
        }
        assert!(rows > 100 && none > 0, "{rows} rows, {none} without");
    }
}

/// What is kept from one moment to the next is not what was unwound or repaired in between.
#[test]
fn rows_of_the_present_follow_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    // Six blocks an hour, so that most moments find what the one before left.
    let mut world = World::new(43, 9, 6).every(600);
    let mut chain = Chain::default();
    let extend = chain.grow(&mut world, 400, Some(START), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    let reader = store.reader();
    let live = LiveRows::with(Kept {
        least: 0,
        most_bytes: 64 << 20,
    });
    let (mut early, mut rows, mut moved) = (reader.view().unwrap(), 0, 0);
    for round in 0..200 {
        if round % 7 == 6 {
            let to = chain.back(5);
            let kept = chain.blocks.len() - 5;
            chain.blocks.truncate(kept);
            let then = vec![chain.grow(&mut world, 6, None, Evidence::Receipts)];
            store.apply(&Step::Unwind { to, then }).unwrap();
        } else {
            let extend = chain.grow(&mut world, 1, None, Evidence::Receipts);
            store.apply(&Step::Extend(extend)).unwrap();
        }
        let view = reader.view().unwrap();
        let tip = chain.blocks.last().unwrap().timestamp;
        if round % 5 != 0 {
            moved += live.move_on(&view, UnixSeconds(tip.0 + 1)).unwrap();
        }
        for view in [&view, &early] {
            for pool in view.pools().unwrap() {
                let pool = pool.unwrap().id();
                for at in [UnixSeconds(tip.0 + 1), Hour::of(tip).start()] {
                    let row = view.row_at(pool, at).unwrap();
                    rows += usize::from(row.is_some());
                    assert_eq!(
                        live.row_at(view, pool, at).unwrap(),
                        row,
                        "{round} {pool:?}"
                    );
                }
            }
        }
        if round % 11 == 0 {
            early = view;
        }
    }
    assert!(rows > 500 && moved > 20, "{rows} rows, {moved} moved on");
}

#[test]
fn the_time_around_a_range_closes_its_days() {
    let day: Day = "2024-01-05".parse().unwrap();
    for (before, after, rows) in [
        (None, None, 0),
        (Some(1), None, 0),
        (None, Some(1), 0),
        (Some(1), Some(0), 1),
        (Some(1), Some(90_000), 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut world = world(41);
        let mut chain = Chain::default();
        let mut extend = chain.grow(&mut world, 1, Some(u64::MAX), Evidence::Receipts);
        extend.blocks[0] = world.full_block(START, crate::world::GENESIS, 5);
        let at = UnixSeconds(day.start().0 + 40_000);
        let block = &mut extend.blocks[0];
        block.timestamp = at;
        for swap in &mut block.swaps {
            swap.timestamp = at;
        }
        extend.covered.end_hash = block.hash;
        extend.covered.tally = block.tally;
        chain.blocks = extend.blocks.clone();
        let met = chain.extend_from(0, None, Evidence::Receipts);
        (extend.verdicts, extend.tokens) = (met.verdicts, met.tokens);
        extend.time_before = before.map(|s| UnixSeconds(day.start().0 - s));
        extend.time_after = after.map(|s| UnixSeconds(day.end().0 + s));
        store.apply(&Step::Extend(extend)).unwrap();
        let reader = store.reader();
        let view = reader.view().unwrap();
        let found = view.daily_rows(day, day, None).unwrap().count();
        assert_eq!(found > 0, rows > 0, "{before:?}, {after:?}");
        let status = view.status(day).unwrap();
        assert_eq!(status == Status::Final, rows > 0, "{before:?}, {after:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn however_blocks_come_the_numbers_are_the_same(
        seed: u64, parts in proptest::collection::vec((1u64..30, 0u64..40), 1..8),
    ) {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut store = open(a.path());
        let mut world = world(seed);
        let mut chain = Chain::default();
        for (blocks, below) in parts {
            let height = START + chain.blocks.len() as u64 + blocks;
            let finalized = Some(height.saturating_sub(below));
            let extend = chain.grow(&mut world, blocks, finalized, Evidence::Receipts);
            store.apply(&Step::Extend(extend)).unwrap();
        }
        let mut fresh = open(b.path());
        let whole = chain.extend_from(0, Some(u64::MAX), Evidence::Receipts);
        fresh.apply(&Step::Extend(whole)).unwrap();
        prop_assert_eq!(digest(&store), digest(&fresh));
        let reader = fresh.reader();
        assert_rows(&reader.view().unwrap(), &chain);
    }

    #[test]
    fn what_is_unwound_leaves_no_trace(
        seed: u64, base in 1u64..60, above in 1u64..40, again in 0u64..30, reopen: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut world = world(seed);
        let mut chain = Chain::default();
        let finalized = Some(START + base / 2);
        let extend = chain.grow(&mut world, base, finalized, Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        let before = digest(&store);
        let to = chain.tip();
        let mut fork = chain.clone();
        let extend = fork.grow(&mut world, above, finalized, Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        if reopen {
            drop(store);
            store = open(dir.path());
        }
        let mut then = Vec::new();
        if again > 0 {
            then.push(chain.grow(&mut world, again, finalized, Evidence::Receipts));
        }
        store.apply(&Step::Unwind { to, then }).unwrap();
        if again == 0 {
            prop_assert_eq!(digest(&store), before);
        }
        // What is in memory is what is stored: it goes on alike.
        let extend = chain.grow(&mut world, 20, finalized, Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
        let other = tempfile::tempdir().unwrap();
        let mut fresh = open(other.path());
        let whole = chain.extend_from(0, None, Evidence::Receipts);
        let mut whole = whole;
        // Pools of the branch that was left are forgotten with it.
        whole.finalized = None;
        fresh.apply(&Step::Extend(whole)).unwrap();
        prop_assert_eq!(digest(&store), digest(&fresh));
        let reader = store.reader();
        assert_rows(&reader.view().unwrap(), &chain);
    }

    #[test]
    fn a_repaired_store_is_one_that_had_the_right_rows(
        seed: u64, finals in 60usize..150, at in 0usize..1_000, blocks in 1usize..12,
        closed: bool, reopen: bool,
    ) {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut world = world(seed);
        let mut chain = Chain::default();
        let mut store = open(a.path());
        let finalized = Some(START + finals as u64 - 1);
        let mut extend = chain.grow(&mut world, 150, finalized, Evidence::Receipts);
        let first = chain.blocks[0].timestamp;
        extend.time_before = Some(UnixSeconds(first.0 - 12));
        let last = chain.tip();
        if closed {
            let time = chain.blocks[149].timestamp;
            extend.time_after = Some(Day::of(time).end());
        }
        let (before, after) = (extend.time_before, extend.time_after);
        store.apply(&Step::Extend(extend)).unwrap();
        let finals = finals.min(150);
        let at = finals * at / 1_000;
        let blocks = at..finals.min(at + blocks);
        let fetched = chain.blocks[blocks].iter().map(|block| world.vary(block)).collect();
        let repair = chain.repair(at, fetched, Evidence::Receipts);
        chain.repaired(at, &repair.blocks);
        let done = store.apply(&Step::Repair(repair)).unwrap().repaired.unwrap();
        prop_assert!(store.rebuild().finished, "it is put right at once");
        if reopen {
            drop(store);
            store = open(a.path());
        }
        // Pools that only what was wrong had met stay known.
        let reader = store.reader();
        let mut whole = chain.extend_from(0, finalized, Evidence::Receipts);
        {
            let view = reader.view().unwrap();
            whole.verdicts = view.pools().unwrap().map(Result::unwrap).collect();
            whole.tokens = view.tokens().unwrap().map(Result::unwrap).collect();
            assert_sound(&view);
        }
        (whole.time_before, whole.time_after) = (before, after);
        let mut fresh = open(b.path());
        fresh.apply(&Step::Extend(whole)).unwrap();
        prop_assert_eq!(digest(&store), digest(&fresh), "{:?}", done);
        prop_assert_eq!(chain.tip(), last);
        // On from there alike, and back.
        let extend = chain.grow(&mut world, 3, finalized, Evidence::Receipts);
        let to = chain.back(153 - finals);
        for store in [&mut store, &mut fresh] {
            store.apply(&Step::Extend(extend.clone())).unwrap();
        }
        prop_assert_eq!(digest(&store), digest(&fresh));
        for store in [&mut store, &mut fresh] {
            store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
        }
        let verdicts = |store: &Store| store.reader().view().unwrap().counters().pools_accepted;
        if verdicts(&store) == verdicts(&fresh) {
            prop_assert_eq!(digest(&store), digest(&fresh));
        }
        assert_sound(&reader.view().unwrap());
    }

    #[test]
    fn slices_of_any_size_rebuild_the_same(
        seed: u64, most_blocks in 1u64..50, finals in 0u64..120, between in 0u64..20,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut world = world(seed);
        let mut chain = Chain::default();
        let other = StoreOptions {
            features: FeatureSet { user: UserKey::Sender, ..features(CHAIN) },
            ..options()
        };
        let finalized = Some(START + finals);
        {
            let mut store = Store::open(dir.path(), &other).unwrap();
            let extend = chain.grow(&mut world, 120, finalized, Evidence::Receipts);
            store.apply(&Step::Extend(extend)).unwrap();
        }
        let wanted = StoreOptions { rebuild: true, ..options() };
        let mut store = Store::open(dir.path(), &wanted).unwrap();
        let reader = store.reader();
        let old = reader.view().unwrap().derived_to();
        prop_assert!(reader.view().unwrap().is_rebuilding());
        prop_assert!(!store.rebuild_slice(most_blocks).unwrap().finished);
        if between > 0 {
            let extend = chain.grow(&mut world, between, finalized, Evidence::Receipts);
            store.apply(&Step::Extend(extend)).unwrap();
            let view = reader.view().unwrap();
            prop_assert!(!view.is_rebuilding() || view.derived_to() == old);
            // Opened again, it goes on.
            drop(view);
            drop(reader);
            drop(store);
            store = Store::open(dir.path(), &options()).unwrap();
        }
        finish_rebuild(&mut store, most_blocks);
        let fresh_dir = tempfile::tempdir().unwrap();
        let mut fresh = open(fresh_dir.path());
        let whole = chain.extend_from(0, finalized, Evidence::Receipts);
        fresh.apply(&Step::Extend(whole)).unwrap();
        prop_assert_eq!(digest(&store), digest(&fresh));
        // Its journal leads back.
        let depth = chain.blocks.len() - (finals as usize + 1).min(chain.blocks.len());
        let to = chain.back(depth);
        for store in [&mut store, &mut fresh] {
            store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
        }
        prop_assert_eq!(digest(&store), digest(&fresh));
    }
}

fn open_with(path: &Path, change: impl FnOnce(&mut FeatureSet)) -> Result<Store, StoreError> {
    let mut wanted = options();
    change(&mut wanted.features);
    Store::open(path, &wanted)
}

#[test]
fn another_feature_set_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = world(42);
    let mut chain = Chain::default();
    // An empty store takes any.
    drop(open_with(dir.path(), |set| set.user = UserKey::Recipient).unwrap());
    let mut store = open(dir.path());
    let extend = chain.grow(&mut world, 20, Some(START + 10), Evidence::Receipts);
    store.apply(&Step::Extend(extend)).unwrap();
    drop(store);
    let entry = |height| Listed {
        of: Address::repeat_byte(0xee),
        effective_block: BlockNumber(height),
    };
    type Change = Box<dyn FnOnce(&mut FeatureSet)>;
    let refused: [(&str, Change); 4] = [
        (
            "with `user sender`",
            Box::new(|set| set.user = UserKey::Sender),
        ),
        (
            "without `user origin`",
            Box::new(|set| set.user = UserKey::Sender),
        ),
        (
            "stable 0xeeee",
            Box::new(move |set| set.lists.stables.push(entry(START + 19))),
        ),
        ("without `weth", Box::new(|set| set.lists.weth = None)),
    ];
    for (says, change) in refused {
        let error = match open_with(dir.path(), change) {
            Ok(_) => panic!("{says}: it opened"),
            Err(error) => error,
        };
        assert!(
            matches!(error, StoreError::FeaturesChanged { .. }),
            "{error}"
        );
        assert_eq!(error.class(), ErrorClass::Refused);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains("--rebuild"), "{error}");
    }
    // An entry that comes into force later changes nothing that is stored.
    let store = open_with(dir.path(), |set| set.lists.stables.push(entry(START + 20))).unwrap();
    assert!(store.rebuild().finished);
    let set = store
        .reader()
        .view()
        .unwrap()
        .feature_set()
        .unwrap()
        .unwrap();
    assert!(set.lists.stables.contains(&entry(START + 20)));
}
