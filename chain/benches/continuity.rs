//! What continuity costs per event, on one thread.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tidegauge_chain::continuity::{Continuity, Outcome, PoolTerms, Seed};
use tidegauge_model::v3::{compute_swap_step, sqrt_ratio_at_tick, tick_at_sqrt_ratio};
use tidegauge_model::{
    BlockNumber, I256, LogIndex, PoolId, RawAmount, SqrtPriceX96, Swap, TxIndex, U256, UnixSeconds,
};

const TERMS: PoolTerms = PoolTerms {
    fee_pips: 500,
    tick_spacing: 10,
};
/// As in the busiest pool, USDC/WETH 0.05 %.
const TICK: i32 = 199_045;
const LIQUIDITY: u128 = 12_453_000_000_000_000_000;

criterion_group!(benches, swaps);
criterion_main!(benches);

fn swaps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("continuity");
    for (name, size, limit) in [
        ("a swap that crosses no tick, exact input", 1_000_000_000, 4),
        (
            "a swap that crosses no tick, exact output",
            -500_000_000_000_000_000,
            4,
        ),
        ("a swap that crosses twenty intervals", 1 << 60, 200),
    ] {
        let (first, back, forth) = pair(size, limit);
        group.throughput(Throughput::Elements(2));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || followed(&first),
                |continuity| {
                    for swap in [&back, &forth] {
                        let outcome = continuity.observe_swap(black_box(swap), TERMS);
                        assert_eq!(outcome, Outcome::Continues);
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn followed(first: &Swap) -> Continuity {
    let mut continuity = Continuity::new();
    let seed = Seed {
        ticks: Some(vec![
            (-887_270, LIQUIDITY as i128),
            (887_270, -(LIQUIDITY as i128)),
        ]),
        ..Seed::of_swap(first)
    };
    assert!(continuity.rebase(PoolId::default(), &seed, TERMS));
    continuity
}

/// A state, a swap down from it, and one back up, by so much or so many ticks at most.
fn pair(size: i64, ticks: i32) -> (Swap, Swap, Swap) {
    let start = sqrt_ratio_at_tick(TICK + 4).unwrap();
    let first = event(1, start, [I256::ZERO; 2]);
    let back = moved(&first, sqrt_ratio_at_tick(TICK + 4 - ticks).unwrap(), size);
    let forth = moved(&back, start, i64::MAX);
    (first, back, forth)
}

fn moved(from: &Swap, target: U256, size: i64) -> Swap {
    let size = I256::try_from(size).unwrap();
    let step = compute_swap_step(from.sqrt_price.0, target, LIQUIDITY, size, TERMS.fee_pips);
    let step = step.unwrap();
    let into = I256::try_from(step.amount_in + step.fee).unwrap();
    let out = -I256::try_from(step.amount_out).unwrap();
    let amounts = match target < from.sqrt_price.0 {
        true => [into, out],
        false => [out, into],
    };
    event(from.block.0 + 1, step.sqrt_price_next, amounts)
}

fn event(block: u64, sqrt_price: U256, [amount0, amount1]: [I256; 2]) -> Swap {
    Swap {
        pool: PoolId::default(),
        block: BlockNumber(block),
        log_index: LogIndex(0),
        tx_hash: Default::default(),
        tx_index: TxIndex(0),
        timestamp: UnixSeconds(0),
        sender: Default::default(),
        recipient: Default::default(),
        origin: None,
        amount0: RawAmount(amount0),
        amount1: RawAmount(amount1),
        sqrt_price: SqrtPriceX96(sqrt_price),
        liquidity: LIQUIDITY,
        tick: tick_at_sqrt_ratio(sqrt_price).unwrap(),
    }
}
