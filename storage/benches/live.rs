//! What a pool's row of any moment costs, by how busy the pool is, and what closing a day does.
#![allow(clippy::unwrap_used)]

#[path = "../../benches/busy/mod.rs"]
mod busy;

use busy::{Busy, Shape};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidegauge_model::{SECONDS_PER_DAY, Step, UnixSeconds};
use tidegauge_storage::{LiveRows, Store, StoreOptions};

/// Mainnet's size: 86,400 swaps a day, of which the busiest pool has some 8,000.
const SHAPE: Shape = Shape {
    pools: 6_000,
    swaps_per_block: 12,
    block_seconds: 12,
    users: 200_000,
};
const BLOCKS_A_DAY: u64 = SECONDS_PER_DAY / SHAPE.block_seconds;
const BATCH: u64 = 600;
/// Days that are stored first, so that windows are full.
const DAYS: u64 = 15;
/// RocksDB needs about so long to compact what a day left when it is written at once.
const SETTLING: Duration = Duration::from_secs(4);
/// Blocks of the day that has begun: 35 minutes.
const BEGUN: u64 = 175;

fn put(store: &mut Store, busy: &mut Busy, blocks: u64) {
    store.apply(&Step::Extend(busy.extend(blocks))).unwrap();
}

fn live(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::new(SHAPE);
    let mut options = StoreOptions::new(busy.set().chain);
    options.features = busy.set();
    options.least_free_bytes = 0;
    let mut store = Store::open(folder.path(), &options).unwrap();
    for _ in 0..DAYS * BLOCKS_A_DAY / BATCH {
        put(&mut store, &mut busy, BATCH);
    }
    // The tip lies within an hour, so that each day cuts one.
    put(&mut store, &mut busy, BEGUN);
    let mut group = c.benchmark_group("live");
    let infos = busy.infos();
    let reader = store.reader();
    let at = {
        let view = reader.view().unwrap();
        let tip = view.tip().unwrap().unwrap();
        UnixSeconds(tip.timestamp.unwrap().0 + 1)
    };
    for rank in [0usize, 20, 500] {
        let pool = infos[rank].pool.id;
        group.bench_function(format!("row of the pool of rank {rank}"), |b| {
            b.iter(|| {
                let view = reader.view().unwrap();
                black_box(view.row_at(black_box(pool), at).unwrap().unwrap())
            });
        });
        let live = LiveRows::default();
        group.bench_function(
            format!("the same, after one of its hour, of rank {rank}"),
            |b| {
                b.iter(|| {
                    let view = reader.view().unwrap();
                    let row = live.row_at(&view, black_box(pool), at);
                    black_box(row.unwrap().unwrap())
                });
            },
        );
    }
    put(&mut store, &mut busy, BLOCKS_A_DAY - BEGUN);
    group.sample_size(10);
    group.bench_function(
        "the first block of a day, which closes the one before",
        |b| {
            b.iter_custom(|days| {
                let mut spent = Duration::ZERO;
                for _ in 0..days {
                    // The tip is the last block of a day, and what came before it has settled: at
                    // the tip nothing else is written when a day ends.
                    std::thread::sleep(SETTLING);
                    let begun = Instant::now();
                    put(&mut store, &mut busy, 1);
                    spent += begun.elapsed();
                    put(&mut store, &mut busy, BATCH - 1);
                    for _ in 1..BLOCKS_A_DAY / BATCH {
                        put(&mut store, &mut busy, BATCH);
                    }
                }
                spent
            });
        },
    );
    group.finish();
}

criterion_group!(benches, live);
criterion_main!(benches);
