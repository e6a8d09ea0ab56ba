//! What folding costs a swap, and whether it stays flat: after 1, 10 and 50 million swaps.
#![allow(clippy::unwrap_used)]

#[path = "../../benches/busy/mod.rs"]
mod busy;

use busy::{Busy, Shape};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidegauge_features::Fold;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};

const SHAPE: Shape = Shape {
    pools: 6_000,
    swaps_per_block: 20,
    block_seconds: 12,
    users: 200_000,
};

fn fold(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    group.throughput(Throughput::Elements(u64::from(SHAPE.swaps_per_block)));
    let mut busy = Busy::new(SHAPE);
    let mut fold = Fold::new(busy.set(), Day::of(UnixSeconds(0)), BlockNumber(0));
    for info in busy.infos() {
        fold.put_pool(info, None);
    }
    fold.settle();
    for millions in [1u64, 10, 50] {
        while busy.swaps() < millions * 1_000_000 {
            fold.block(&busy.block()).unwrap();
        }
        let name = format!("a block of 20 swaps after {millions} million");
        group.bench_function(name, |b| {
            b.iter_custom(|blocks| {
                let mut spent = Duration::ZERO;
                for _ in 0..blocks {
                    let block = busy.block();
                    let begun = Instant::now();
                    black_box(fold.block(black_box(&block)).unwrap());
                    spent += begun.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
