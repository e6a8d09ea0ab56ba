//! What trades on a simulated chain is Uniswap V3, recomputed from the logs alone.

use crate::support::{generate, small};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::v3::{compute_swap_step, tick_at_sqrt_ratio};
use tidegauge_model::{Day, I256, PoolId, Refusal, Swap, U256};
use tidegauge_simchain::{REFERENCE_POOL, SimConfig};

/// Whether an exact-input or exact-output step from the price before gives this swap, when it crosses no tick.
pub(crate) fn continues(before: U256, swap: &Swap, fee_pips: u32) -> Result<(), String> {
    let (a0, a1) = (swap.amount0.0, swap.amount1.0);
    let after = swap.sqrt_price.0;
    let zero_for_one = a0.is_positive();
    let (paid, out) = if zero_for_one { (a0, -a1) } else { (a1, -a0) };
    let far = if zero_for_one {
        U256::from(4_295_128_740_u64)
    } else {
        U256::MAX >> 97
    };
    let near = |a: U256, b: U256| a.abs_diff(b) <= U256::from(2);
    for (specified, target) in [(paid, far), (-out, far), (I256::MAX >> 1, after)] {
        let Some(step) = compute_swap_step(before, target, swap.liquidity, specified, fee_pips)
        else {
            continue;
        };
        if near(step.sqrt_price_next, after)
            && near(step.amount_in + step.fee, paid.unsigned_abs())
            && near(step.amount_out, out.unsigned_abs())
        {
            return Ok(());
        }
    }
    Err(format!("{swap:?} does not continue from {before}"))
}

#[test]
fn swaps_continue_from_the_price_before() {
    let (chain, _folder) = generate(&small(21));
    let fees: BTreeMap<PoolId, u32> = chain
        .expected()
        .pools()
        .iter()
        .map(|p| (p.id, p.fee_pips))
        .collect();
    let mut last: BTreeMap<PoolId, Swap> = BTreeMap::new();
    let (mut checked, mut crossed) = (0_u32, 0_u32);
    for swap in chain.expected().swaps(chain.range()) {
        let swap = swap.unwrap();
        assert_eq!(tick_at_sqrt_ratio(swap.sqrt_price.0), Some(swap.tick));
        // One comes in; dust may buy nothing.
        assert!(swap.amount0.0.is_positive() != swap.amount1.0.is_positive());
        assert!(swap.origin.is_some());
        if let Some(before) = last.get(&swap.pool) {
            // Liquidity changes by crossings (and by mints between): compare where it did not.
            if before.liquidity == swap.liquidity && before.tick.abs_diff(swap.tick) < 10 {
                match continues(before.sqrt_price.0, &swap, fees[&swap.pool]) {
                    Ok(()) => checked += 1,
                    // Out and in again, or over the edge of a bitmap word, where rounding adds up.
                    Err(_) => crossed += 1,
                }
            } else {
                crossed += 1;
            }
        }
        last.insert(swap.pool, swap);
    }
    println!("{checked} continue, {crossed} cross or follow a change of liquidity");
    assert!(checked > 1_000 && crossed > 50);
}

#[test]
fn the_content_has_its_oddities() {
    let config = SimConfig {
        block_time_s: 600,
        history_blocks: Some(2_000),
        ..small(22)
    };
    let (chain, _folder) = generate(&config);
    let expected = chain.expected();
    let pools = expected.pools();
    assert_eq!(pools.len(), 14 + 2);
    assert!(
        pools
            .iter()
            .any(|p| p.id.0 == REFERENCE_POOL && p.refusal.is_none())
    );
    let refusals: Vec<Refusal> = pools.iter().filter_map(|p| p.refusal).collect();
    assert_eq!(refusals.len(), 2);
    assert!(
        refusals.contains(&Refusal::ForeignFactory) && refusals.contains(&Refusal::DecimalsMissing)
    );
    assert!(
        pools.iter().any(|p| p.created.unwrap().0.0 > 400),
        "some pools come late"
    );
    let decimals: BTreeSet<u8> = expected.tokens().iter().map(|t| t.decimals).collect();
    assert!([6, 8, 18, 24].iter().all(|d| decimals.contains(d)));

    let mut counts: BTreeMap<PoolId, u64> = BTreeMap::new();
    let mut days: BTreeMap<PoolId, BTreeSet<Day>> = BTreeMap::new();
    let mut users: BTreeMap<_, u64> = BTreeMap::new();
    let mut of_tx: BTreeMap<_, u64> = BTreeMap::new();
    let mut prices: BTreeSet<i32> = BTreeSet::new();
    for swap in expected.swaps(chain.range()) {
        let swap = swap.unwrap();
        *counts.entry(swap.pool).or_default() += 1;
        days.entry(swap.pool)
            .or_default()
            .insert(Day::of(swap.timestamp));
        *users.entry(swap.origin).or_default() += 1;
        *of_tx.entry(swap.tx_hash).or_default() += 1;
        if swap.pool.0 == REFERENCE_POOL {
            prices.insert(swap.tick);
            // token0 is USDC: nobody trades more than some millions at once.
            let dollars = swap.amount0.0.unsigned_abs() / U256::from(1_000_000);
            assert!(dollars < U256::from(20_000_000), "{swap:?}");
        }
    }
    let total: u64 = counts.values().sum();
    assert_eq!(total, chain.swap_count());
    let mean = total as f64 / 2_000.0;
    assert!((6.0..=9.0).contains(&mean), "{mean} swaps a block");
    let most = counts[&PoolId(REFERENCE_POOL)];
    assert_eq!(counts.values().max(), Some(&most), "activity falls by rank");
    assert!(counts.len() == 16 && counts.values().min().unwrap() * 4 < most);
    let all_days = 2_000 * 600 / 86_400;
    assert!(
        days.values().any(|d| d.len() < all_days - 1),
        "some pools rest for days"
    );
    assert!(users.len() > 500 && users.values().max().unwrap() > &(total / 100));
    assert!(of_tx.values().any(|n| *n >= 2), "multi-hop");
    let (low, high) = (prices.first().unwrap(), prices.last().unwrap());
    assert!(high - low > 300, "prices wander: {low}..{high}");
}
