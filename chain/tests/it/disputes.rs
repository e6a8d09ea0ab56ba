//! Continuity over extends: events in the order of the chain, contradictions as disputes, limits kept.

use crate::naive_pool::NaivePool;
use tidegauge_chain::continuity::{Continuity, Outcome, PoolTerms, Unknown};
use tidegauge_model::v3::MIN_SQRT_RATIO;
use tidegauge_model::{
    Address, B256, BlockData, BlockNumber, BlockRange, Coverage, Dispute, Evidence, Extend, I256,
    LiquidityEvent, Pool, PoolId, PoolOrigin, PoolVerdict, Swap, Tally, U256, UnixSeconds,
};

const POOL: PoolId = PoolId(Address::repeat_byte(7));
const TERMS: PoolTerms = PoolTerms {
    fee_pips: 3_000,
    tick_spacing: 60,
};

/// An opening, a mint, ten swaps, a mint and ten more swaps, three events a block.
fn events() -> (Vec<Swap>, Vec<LiquidityEvent>) {
    let (mut pool, opened) = NaivePool::open(TERMS.fee_pips, 60, U256::ONE << 96).unwrap();
    let mut changes = vec![opened];
    let mut swaps = Vec::new();
    for liquidity in [1_000_000_000_000, 5_000_000] {
        changes.push(pool.change(-600, 600, liquidity).unwrap());
        for _ in 0..10 {
            let size = I256::try_from(1_000_000).unwrap();
            let swap = pool.swap(true, size, MIN_SQRT_RATIO + U256::ONE).unwrap();
            swaps.push(swap);
        }
    }
    swaps.iter_mut().for_each(|swap| swap.pool = POOL);
    changes.iter_mut().for_each(|change| change.pool = POOL);
    (swaps, changes)
}

/// The events of these blocks.
fn extend(
    blocks: std::ops::RangeInclusive<u64>,
    swaps: &[Swap],
    changes: &[LiquidityEvent],
) -> Extend {
    let range = BlockRange::new(BlockNumber(*blocks.start()), BlockNumber(*blocks.end())).unwrap();
    let block = |number: BlockNumber| BlockData {
        number,
        hash: B256::ZERO,
        parent: None,
        timestamp: UnixSeconds(0),
        swaps: swaps
            .iter()
            .filter(|s| s.block == number)
            .cloned()
            .collect(),
        liquidity: changes
            .iter()
            .filter(|c| c.block == number)
            .cloned()
            .collect(),
        tally: Tally::default(),
    };
    Extend {
        covered: Coverage {
            range,
            evidence: Evidence::Claimed,
            parent: B256::ZERO,
            end_hash: B256::ZERO,
            tally: Tally::default(),
        },
        blocks: range.iter().map(block).collect(),
        verdicts: Vec::new(),
        tokens: Vec::new(),
        finalized: None,
        disputes: Vec::new(),
        time_before: None,
        time_after: None,
    }
}

fn verdict() -> PoolVerdict {
    PoolVerdict::Accepted(Pool {
        id: POOL,
        factory: Address::ZERO,
        token0: Address::ZERO,
        token1: Address::ZERO,
        fee_pips: TERMS.fee_pips,
        tick_spacing: TERMS.tick_spacing,
        origin: PoolOrigin::Create2,
    })
}

fn unknown(_: PoolId) -> Option<PoolTerms> {
    None
}

#[test]
fn events_of_all_kinds_are_judged_in_the_order_of_the_chain() {
    let (swaps, changes) = events();
    let all = extend(0..=10, &swaps, &changes);
    let mut looked_up = Continuity::new();
    assert_eq!(looked_up.judge(&all, |_| Some(TERMS)), []);
    assert_eq!(looked_up.counts().continues, 23);
    let mut announced = Continuity::new();
    let with_verdict = Extend {
        verdicts: vec![verdict()],
        ..all.clone()
    };
    assert_eq!(announced.judge(&with_verdict, unknown), []);
    assert_eq!(announced.counts(), looked_up.counts());
    // Of a pool whose terms nobody knows nothing is said.
    let mut blind = Continuity::new();
    assert_eq!(blind.judge(&all, unknown), []);
    assert_eq!(blind.counts(), Default::default());
}

#[test]
fn an_omission_is_disputed_from_the_last_event_relied_on_to_the_first_that_does_not_fit() {
    for missing in 0..19 {
        let (mut swaps, changes) = events();
        let gone = swaps.remove(missing);
        let mut continuity = Continuity::new();
        let mut disputes = Vec::new();
        for block in 0..=10 {
            disputes.extend(
                continuity.judge(&extend(block..=block, &swaps, &changes), |_| Some(TERMS)),
            );
        }
        assert_eq!(disputes.len(), 1, "{missing}: {disputes:?}");
        let Dispute { range, pool } = disputes[0];
        assert_eq!(pool, POOL);
        assert!(range.contains(gone.block), "{range} holds {}", gone.block);
        assert!(range.to.0 - gone.block.0 <= 1, "{range}, {}", gone.block);
    }
}

#[test]
fn after_an_unwind_the_other_branch_is_judged_anew() {
    let (swaps, changes) = events();
    let mut continuity = Continuity::new();
    continuity.judge(&extend(0..=10, &swaps, &changes), |_| Some(TERMS));
    continuity.unwind(BlockNumber(4));
    let mut other = swaps.clone();
    let dropped = other.iter().position(|swap| swap.block.0 == 5).unwrap();
    other.remove(dropped);
    // The pool was forgotten: its first event is unknowable, not a contradiction.
    assert_eq!(
        continuity.judge(&extend(5..=5, &other, &[]), |_| Some(TERMS)),
        []
    );
    assert_eq!(continuity.counts().unknowable, 1);
    // What was not touched above the ancestor is still followed.
    continuity.unwind(BlockNumber(5));
    let next = swaps.iter().find(|swap| swap.block.0 == 6).unwrap();
    assert_eq!(continuity.observe_swap(next, TERMS), Outcome::Continues);
    continuity.forget(POOL);
    let after = swaps.iter().find(|swap| swap.block.0 == 7).unwrap();
    let outcome = continuity.observe_swap(after, TERMS);
    assert_eq!(outcome, Outcome::Unknowable(Unknown::NoState));
}

#[test]
fn beyond_the_limit_the_oldest_pools_are_forgotten_and_never_misjudged() {
    const POOLS: u64 = 33_000;
    let (swaps, _) = events();
    let at = |pool: u64, block: u64, swap: &Swap| Swap {
        pool: PoolId(Address::left_padding_from(&pool.to_be_bytes())),
        block: BlockNumber(block),
        ..swap.clone()
    };
    let mut continuity = Continuity::new();
    for pool in 0..POOLS {
        continuity.observe_swap(&at(pool, pool, &swaps[0]), TERMS);
    }
    let mut judged = |pool, swap| continuity.observe_swap(&at(pool, POOLS + pool, swap), TERMS);
    for pool in POOLS - 10_000..POOLS {
        assert_eq!(judged(pool, &swaps[1]), Outcome::Continues);
    }
    for pool in 0..1_000 {
        let forgotten = Outcome::Unknowable(Unknown::NoState);
        assert_eq!(judged(pool, &swaps[1]), forgotten);
        assert_eq!(judged(POOLS + pool, &swaps[0]), forgotten);
    }
    assert_eq!(
        continuity.observe_swap(&at(POOLS - 1, 3 * POOLS, &swaps[2]), TERMS),
        Outcome::Continues
    );
}
