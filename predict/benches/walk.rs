//! What a day of 6,000 pools costs with a year behind it, and what its state weighs.
#![allow(clippy::unwrap_used)]

#[path = "../tests/it/market.rs"]
#[allow(dead_code)]
mod market;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use market::{Market, day};
use std::time::{Duration, Instant};
use tidegauge_predict::{Config, Walk};

const POOLS: u32 = 6_000;
const YEAR: u32 = 365;

fn walk(c: &mut Criterion) {
    let mut walk = Walk::new(Config::default()).unwrap();
    let mut market = Market::new(1, POOLS, 0.6);
    let mut spent = Duration::ZERO;
    for n in 0..YEAR {
        let rows = market.day(10);
        let begun = Instant::now();
        walk.day(day(n), &rows).unwrap();
        spent += begun.elapsed();
    }
    println!("{YEAR} days of {POOLS} pools: {spent:.2?}");
    let begun = Instant::now();
    let saved = walk.save().unwrap();
    println!("saved: {} bytes in {:.2?}", saved.len(), begun.elapsed());
    let rows = market.day(10);
    let mut group = c.benchmark_group("walk");
    group.sample_size(20);
    group.bench_function("a day of 6,000 pools after a year", |b| {
        b.iter_batched_ref(
            || walk.clone(),
            |walk| walk.day(day(YEAR), &rows).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("take up a walk of 6,000 pools after a year", |b| {
        b.iter(|| Walk::restore(&saved).unwrap());
    });
    group.finish();
}

criterion_group!(benches, walk);
criterion_main!(benches);
