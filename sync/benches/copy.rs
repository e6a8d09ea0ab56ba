//! How many swaps a second become rows of a binary COPY: five numerics of up to 256 bits each.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tidegauge_model::{I256, SECONDS_PER_DAY, U256, UnixSeconds};
use tidegauge_sync::CopyBuffer;

const ROWS: u64 = 10_000;
const HASH: &str = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640e1f7d3c2b5a4968778695a4b";
const ADDRESS: &str = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640";

/// One swap as Ethereum has them: amounts of some 10^9 and 10^18, a price of 2^96 and more.
struct Swap {
    at: UnixSeconds,
    amounts: [I256; 2],
    price: U256,
    liquidity: i128,
    usd: i128,
}

fn swaps() -> Vec<Swap> {
    (0..ROWS)
        .map(|i| {
            let spread = i128::from(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32);
            let amount =
                |power: u32| I256::try_from(spread * 10_i128.pow(power)).unwrap_or(I256::MAX);
            Swap {
                at: UnixSeconds(1_704_412_800 + i % SECONDS_PER_DAY),
                amounts: [amount(1), -amount(10)],
                price: (U256::from(1_350_174_849_792_634_u64) << 80)
                    + U256::from(spread.unsigned_abs()),
                liquidity: spread << 32,
                usd: spread * 1_000,
            }
        })
        .collect()
}

fn encode(swaps: &[Swap]) -> Vec<u8> {
    let mut buffer = CopyBuffer::new(19);
    for (i, swap) in swaps.iter().enumerate() {
        buffer
            .row()
            .i32(1)
            .i64(19_000_000)
            .i32(i as i32)
            .text(HASH)
            .i32(7)
            .text(ADDRESS)
            .timestamp(swap.at)
            .date(tidegauge_model::Day::of(swap.at))
            .i32(500)
            .numeric_i256(swap.amounts[0], 6)
            .numeric_i256(swap.amounts[1], 18)
            .numeric_i256(swap.amounts[0], 0)
            .numeric_i256(swap.amounts[1], 0)
            .text(ADDRESS)
            .text(ADDRESS)
            .numeric_u256(swap.price, 0)
            .numeric_i128(swap.liquidity, 0)
            .i32(-200_000)
            .numeric_i128(swap.usd, 9);
    }
    buffer.finish()
}

fn numbers(swaps: &[Swap], fill: fn(&mut tidegauge_sync::CopyRow<'_>, &Swap)) -> usize {
    let mut buffer = CopyBuffer::new(1);
    for swap in swaps {
        fill(&mut buffer.row(), swap);
    }
    buffer.len()
}

fn copy(c: &mut Criterion) {
    let swaps = swaps();
    let mut group = c.benchmark_group("copy");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function("rows of swaps", |b| b.iter(|| encode(black_box(&swaps))));
    group.bench_function("numeric of 64 bits", |b| {
        b.iter(|| {
            numbers(black_box(&swaps), |row, swap| {
                row.numeric_i256(swap.amounts[0], 6);
            })
        })
    });
    group.bench_function("numeric of 160 bits", |b| {
        b.iter(|| {
            numbers(black_box(&swaps), |row, swap| {
                row.numeric_u256(swap.price, 0);
            })
        })
    });
    group.finish();
}

criterion_group!(benches, copy);
criterion_main!(benches);
