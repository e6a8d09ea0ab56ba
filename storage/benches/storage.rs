//! How fast swaps are encoded, digested, committed with all that is derived, scanned, unwound and
//! repaired.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "../tests/it/world.rs"]
mod world;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tidegauge_model::{BlockRef, ChainId, Evidence, Extend, Step, Swap};
use tidegauge_storage::{RowDigest, Store, StoreOptions, encode_swap, logical_digest, verify};
use world::{Chain, World, features};

/// Swaps of one batch, and blocks they lie in: log pages of a busy day.
const BATCH_SWAPS: u64 = 10_000;
const BATCH_BLOCKS: u64 = 1_000;

fn swaps(n: u32) -> Vec<Swap> {
    World::new(1, 200, 1)
        .full_block(world::START, world::GENESIS, n)
        .swaps
}

/// Batches on top of each other, all final, as a backfill makes them.
fn batches(count: u64) -> Vec<Extend> {
    let mut world = World::new(2, 200, 1);
    let mut chain = Chain::default();
    let per_block = u32::try_from(BATCH_SWAPS / BATCH_BLOCKS).unwrap();
    let mut all = Vec::new();
    let mut met = std::collections::BTreeSet::new();
    for n in 0..count {
        // Only the tip is needed to go on: the chain keeps one batch.
        let tip = chain.tip();
        let mut part = Chain::default();
        let (mut number, mut parent) = (tip.number.0, tip.hash);
        for _ in 0..BATCH_BLOCKS {
            let block = world.full_block(number + 1, parent, per_block);
            (number, parent) = (block.number.0, block.hash);
            part.blocks.push(block);
        }
        let mut extend = part.extend_from(0, Some(u64::MAX), Evidence::Claimed);
        extend.covered.range.from = tip.number.next();
        extend.covered.parent = tip.hash;
        extend.verdicts.retain(|v| met.insert(v.id()));
        if n > 0 && extend.verdicts.is_empty() {
            extend.tokens.clear();
        }
        all.push(extend);
        chain = part;
    }
    all
}

fn options() -> StoreOptions {
    StoreOptions {
        least_free_bytes: 0,
        features: features(ChainId(1)),
        ..StoreOptions::new(ChainId(1))
    }
}

fn encode(c: &mut Criterion) {
    let swaps = swaps(1_000);
    let mut group = c.benchmark_group("swap");
    group.throughput(Throughput::Elements(swaps.len() as u64));
    group.bench_function("encode", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            for swap in &swaps {
                encode_swap(swap, &mut out).unwrap();
            }
            black_box(out.len())
        });
    });
    group.bench_function("row_digest", |b| {
        let mut digest = RowDigest::new();
        b.iter(|| {
            for block in swaps.chunks(8) {
                black_box(digest.of(block));
            }
        });
    });
    group.finish();
}

fn commit(c: &mut Criterion) {
    let batches = batches(40);
    let mut group = c.benchmark_group("store");
    group.sample_size(10);
    group.throughput(Throughput::Elements(BATCH_SWAPS * batches.len() as u64));
    group.bench_function("commit 40 batches of 10k swaps", |b| {
        b.iter_batched(
            || {
                let dir = tempfile::tempdir().unwrap();
                let store = Store::open(dir.path(), &options()).unwrap();
                let steps: Vec<_> = batches.iter().cloned().map(Step::Extend).collect();
                (dir, store, steps)
            },
            |(dir, mut store, steps)| {
                for step in &steps {
                    store.apply(step).unwrap();
                }
                (dir, store, steps)
            },
            BatchSize::PerIteration,
        );
    });
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), &options()).unwrap();
    for extend in batches {
        store.apply(&Step::Extend(extend)).unwrap();
    }
    let reader = store.reader();
    let view = reader.view().unwrap();
    group.bench_function("scan all swaps", |b| {
        b.iter(|| view.all_swaps().unwrap().map(Result::unwrap).count());
    });
    group.bench_function("logical digest", |b| {
        b.iter(|| logical_digest(&view).unwrap());
    });
    group.bench_function("verify all", |b| {
        b.iter(|| verify::all(&view, |_| {}).unwrap().is_clean());
    });
    group.finish();
}

/// Blocks unwound at once: far more than any reorg since the merge, on busy blocks.
const UNWOUND_BLOCKS: u64 = 64;
const SWAPS_A_BLOCK: u32 = 150;

/// A store with a final base and so many busy blocks above it, and where the base ends.
fn tall(blocks: u64) -> (tempfile::TempDir, Store, Chain, BlockRef) {
    let mut world = World::new(3, 200, 1);
    let mut chain = Chain::default();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), &options()).unwrap();
    let base = chain.grow(&mut world, 10, Some(world::START + 9), Evidence::Receipts);
    store.apply(&Step::Extend(base)).unwrap();
    let to = chain.tip();
    for _ in 0..blocks {
        let tip = chain.tip();
        let block = world.full_block(tip.number.0 + 1, tip.hash, SWAPS_A_BLOCK);
        let at = chain.blocks.len();
        chain.blocks.push(block);
        let extend = chain.extend_from(at, Some(world::START + 9), Evidence::Receipts);
        store.apply(&Step::Extend(extend)).unwrap();
    }
    (dir, store, chain, to)
}

fn unwind(c: &mut Criterion) {
    let mut group = c.benchmark_group("store");
    group.sample_size(10);
    group.throughput(Throughput::Elements(UNWOUND_BLOCKS));
    group.bench_function("unwind 64 blocks of 150 swaps", |b| {
        b.iter_batched(
            || tall(UNWOUND_BLOCKS),
            |(dir, mut store, chain, to)| {
                let done = store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
                assert_eq!(done.blocks_unwound, UNWOUND_BLOCKS);
                (dir, store, chain)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Blocks of one repair.
const REPAIRED_BLOCKS: usize = 1_000;

fn repair(c: &mut Criterion) {
    let mut world = World::new(4, 200, 1);
    let mut chain = Chain::default();
    for _ in 0..3 * REPAIRED_BLOCKS {
        let tip = chain.tip();
        let block = world.full_block(tip.number.0 + 1, tip.hash, SWAPS_A_BLOCK);
        chain.blocks.push(block);
    }
    // Pages know no parents and no origins.
    let mut paged = chain.clone();
    for block in &mut paged.blocks {
        block.parent = None;
        for swap in &mut block.swaps {
            swap.origin = None;
        }
    }
    let filled = || {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), &options()).unwrap();
        let mut part = Chain::default();
        for blocks in paged.blocks.chunks(REPAIRED_BLOCKS / 4) {
            let at = part.blocks.len();
            part.blocks.extend_from_slice(blocks);
            let extend = part.extend_from(at, Some(u64::MAX), Evidence::Claimed);
            store.apply(&Step::Extend(extend)).unwrap();
        }
        (dir, store)
    };
    let middle = REPAIRED_BLOCKS..2 * REPAIRED_BLOCKS;
    let mut group = c.benchmark_group("store");
    group.sample_size(10);
    group.throughput(Throughput::Elements(REPAIRED_BLOCKS as u64));
    for (name, blocks, evidence) in [
        ("the same again", &paged.blocks, Evidence::Claimed),
        ("every origin learnt", &chain.blocks, Evidence::Receipts),
    ] {
        let range = chain.repair(middle.start, blocks[middle.clone()].to_vec(), evidence);
        let step = Step::Repair(range);
        group.bench_function(format!("repair 1,000 blocks of 150 swaps: {name}"), |b| {
            b.iter_batched(
                filled,
                |(dir, mut store)| {
                    black_box(store.apply(&step).unwrap());
                    (dir, store)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, encode, commit, unwind, repair);
criterion_main!(benches);
