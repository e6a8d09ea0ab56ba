//! Continuity against random honest pools, from the ordinary to the extreme: none ever breaks.

use crate::naive_pool::NaivePool;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use tidegauge_chain::continuity::{Continuity, Contradiction, Outcome, Place, PoolTerms, Seed};
use tidegauge_model::v3::{MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, sqrt_ratio_at_tick};
use tidegauge_model::{BlockNumber, I256, LiquidityEvent, PoolId, SqrtPriceX96, Swap, U256};

/// Something that is tried on a pool; what the contract reverts does not happen.
#[derive(Clone, Debug)]
enum Action {
    Swap {
        down: bool,
        exact_in: bool,
        size_bits: u32,
        size: u64,
        /// Ticks to the price limit; none for a swap without.
        limit: Option<i32>,
    },
    Mint {
        /// Middle and half-width in intervals, relative to the price.
        middle: i32,
        half: i32,
        bits: u32,
    },
    /// The same range and liquidity as the position before, one range further: the tick
    /// between them changes no liquidity.
    Abut,
    Burn {
        place: usize,
        parts: u128,
    },
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let limit = prop_oneof![3 => Just(None), 1 => (1..3_000_i32).prop_map(Some)];
    let swap = (
        any::<bool>(),
        any::<bool>(),
        0..110_u32,
        any::<u64>(),
        limit,
    )
        .prop_map(|(down, exact_in, size_bits, size, limit)| Action::Swap {
            down,
            exact_in,
            size_bits,
            size,
            limit,
        });
    let mint = (-40..40_i32, 1..60_i32, 0..100_u32).prop_map(|(middle, half, bits)| Action::Mint {
        middle,
        half,
        bits,
    });
    let burn = (any::<usize>(), 0..4_u128).prop_map(|(place, parts)| Action::Burn { place, parts });
    let any_action = prop_oneof![8 => swap, 3 => mint, 1 => Just(Action::Abut), 2 => burn];
    prop::collection::vec(any_action, 1..60)
}

#[derive(Clone)]
enum Happened {
    Swap(Swap),
    Change(LiquidityEvent),
}

/// Makes it happen, if the contract lets it.
fn act(pool: &mut NaivePool, action: &Action) -> Option<Happened> {
    let spacing = pool.spacing;
    let interval = pool.tick.div_euclid(spacing);
    let furthest = MAX_TICK / spacing;
    match *action {
        Action::Swap {
            down,
            exact_in,
            size_bits,
            size,
            limit,
        } => {
            let size: U256 = (U256::from(size | 1) << size_bits) >> 63_usize;
            let size = I256::try_from(size).ok()?;
            let limit = match (limit, down) {
                (Some(ticks), true) => sqrt_ratio_at_tick(pool.tick - ticks)?,
                (Some(ticks), false) => sqrt_ratio_at_tick(pool.tick + ticks)?,
                (None, true) => MIN_SQRT_RATIO + U256::ONE,
                (None, false) => MAX_SQRT_RATIO - U256::ONE,
            };
            let mut after = pool.clone();
            let swap = after.swap(down, if exact_in { size } else { -size }, limit)?;
            *pool = after;
            Some(Happened::Swap(swap))
        }
        Action::Mint { middle, half, bits } => {
            let lower = (interval + middle - half).max(-furthest) * spacing;
            let upper = (interval + middle + half).min(furthest) * spacing;
            if lower >= upper {
                return None;
            }
            let liquidity = (1_i128 << bits) + i128::from(half) * i128::from(bits);
            pool.change(lower, upper, liquidity).map(Happened::Change)
        }
        Action::Abut => {
            let (lower, upper, liquidity) = *pool.positions.last()?;
            let next = upper + (upper - lower);
            let is_inside = next <= furthest * spacing;
            let liquidity = i128::try_from(liquidity).ok()?;
            is_inside
                .then(|| pool.change(upper, next, liquidity))?
                .map(Happened::Change)
        }
        Action::Burn { place, parts } => {
            let place = place.checked_rem(pool.positions.len())?;
            let held = pool.positions[place].2;
            pool.burn(
                place,
                held / 3 * parts + if parts == 3 { held % 3 } else { 0 },
            )
            .map(Happened::Change)
        }
    }
}

fn observe(continuity: &mut Continuity, happened: &Happened, terms: PoolTerms) -> Outcome {
    match happened {
        Happened::Swap(swap) => continuity.observe_swap(swap, terms),
        Happened::Change(change) => continuity.observe_liquidity(change, terms),
    }
}

fn seed_of(pool: &NaivePool, after: Place) -> Seed {
    let ticks = pool.ticks.iter().map(|(tick, (_, net))| (*tick, *net));
    Seed {
        after,
        sqrt_price: SqrtPriceX96(pool.sqrt_price),
        tick: pool.tick,
        liquidity: pool.liquidity,
        ticks: Some(ticks.collect()),
    }
}

fn place_of(happened: &Happened) -> Place {
    let (block, log_index) = match happened {
        Happened::Swap(swap) => (swap.block, swap.log_index),
        Happened::Change(change) => (change.block, change.log_index),
    };
    Place { block, log_index }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn honest_pools_never_break(
        start in prop_oneof![4 => -60_000..60_000_i32, 1 => -887_000..887_000_i32],
        off in any::<u32>(),
        (fee_pips, tick_spacing) in prop::sample::select(vec![
            (100, 1), (500, 10), (3_000, 60), (10_000, 200), (0, 1), (999_999, 7), (400_000, 16_383),
        ]),
        actions in actions(),
        late in 0..30_usize,
    ) {
        let terms = PoolTerms { fee_pips, tick_spacing };
        let sqrt_price = sqrt_ratio_at_tick(start).unwrap() + U256::from(off);
        let Some((mut pool, opened)) = NaivePool::open(fee_pips, tick_spacing, sqrt_price) else {
            return Ok(());
        };
        let mut whole = Continuity::new();
        // Comes late, and knows only what it has seen since.
        let mut partial = Continuity::new();
        // Comes late, with the pool's whole state then.
        let mut seeded = Continuity::new();
        prop_assert_eq!(whole.observe_liquidity(&opened, terms), Outcome::Continues);
        for (number, action) in actions.iter().enumerate() {
            let Some(happened) = act(&mut pool, action) else { continue };
            let outcome = observe(&mut whole, &happened, terms);
            prop_assert_eq!(outcome, Outcome::Continues, "{:?}", action);
            if number < late {
                let seed = seed_of(&pool, place_of(&happened));
                prop_assert!(seeded.rebase(PoolId::default(), &seed, terms));
                continue;
            }
            let outcome = observe(&mut partial, &happened, terms);
            prop_assert!(!matches!(outcome, Outcome::Breaks { .. }), "{:?}: {:?}", outcome, action);
            if late > 0 && seeded.counts().unknowable == 0 {
                let outcome = observe(&mut seeded, &happened, terms);
                let is_first = outcome != Outcome::Continues && seeded.counts().continues == 0;
                prop_assert!(outcome == Outcome::Continues || is_first, "{:?}", outcome);
            }
        }
    }
}

/// Random pools, the same in every run. Amounts of a few units and odd positions are common in
/// them, so here and there a gap fits by chance.
#[test]
fn a_removed_swap_of_a_whole_pool_shows() {
    const POOLS: usize = 8_000;
    let mut runner = TestRunner::deterministic();
    let (mut noticed, mut missed) = (0, 0);
    for _ in 0..POOLS {
        let case = (actions(), 0..60_usize).new_tree(&mut runner).unwrap();
        let (actions, removed) = case.current();
        match is_noticed(&actions, removed) {
            Some(true) => noticed += 1,
            Some(false) => missed += 1,
            None => {}
        }
    }
    println!("{noticed} removed swaps noticed, {missed} missed");
    assert!(noticed > 50, "too few to mean anything: {noticed}");
    assert!(
        missed * 100 <= noticed,
        "{missed} missed, {noticed} noticed"
    );
}

/// Whether the gap that a removed swap leaves shows at the next event; `None` if there is no gap.
fn is_noticed(actions: &[Action], removed: usize) -> Option<bool> {
    let terms = PoolTerms {
        fee_pips: 3_000,
        tick_spacing: 60,
    };
    let (mut pool, opened) = NaivePool::open(3_000, 60, U256::ONE << 96).unwrap();
    let mut continuity = Continuity::new();
    continuity.observe_liquidity(&opened, terms);
    let mut before: Option<NaivePool> = None;
    for (number, action) in actions.iter().enumerate() {
        let old = pool.clone();
        let Some(happened) = act(&mut pool, action) else {
            continue;
        };
        if number == removed {
            // A swap that moved the price leaves a gap in front of whatever is next.
            if matches!(happened, Happened::Swap(_)) && old.sqrt_price != pool.sqrt_price {
                before = Some(old);
            }
            continue;
        }
        let outcome = observe(&mut continuity, &happened, terms);
        let Some(old) = &before else { continue };
        let is_break = matches!(outcome, Outcome::Breaks { .. });
        let Happened::Swap(swap) = &happened else {
            if is_break {
                return None;
            }
            continue;
        };
        // A swap of nothing through ranges without liquidity fits whatever was before.
        if swap.amount0.0.is_zero() || swap.amount1.0.is_zero() || old.liquidity == 0 {
            return None;
        }
        return (is_break || !pool_admits(old, swap)).then_some(is_break);
    }
    None
}

/// Whether the pool of before, by its own arithmetic, could have made this swap.
fn pool_admits(before: &NaivePool, swap: &Swap) -> bool {
    let down = swap.amount0.0.is_positive();
    let bound = if down {
        MIN_SQRT_RATIO + U256::ONE
    } else {
        MAX_SQRT_RATIO - U256::ONE
    };
    let (into, out) = match down {
        true => (swap.amount0.0, swap.amount1.0),
        false => (swap.amount1.0, swap.amount0.0),
    };
    [(into, bound), (out, bound), (I256::MAX, swap.sqrt_price.0)]
        .into_iter()
        .filter_map(|(specified, limit)| before.clone().swap(down, specified, limit))
        .any(|made| {
            (made.amount0, made.amount1, made.sqrt_price)
                == (swap.amount0, swap.amount1, swap.sqrt_price)
        })
}

#[test]
fn what_cannot_be_is_named() {
    let terms = PoolTerms {
        fee_pips: 500,
        tick_spacing: 10,
    };
    let (mut pool, opened) = NaivePool::open(500, 10, U256::ONE << 96).unwrap();
    let mut continuity = Continuity::new();
    continuity.observe_liquidity(&opened, terms);
    let minted = pool.change(-100, 100, 1_000_000_000_000).unwrap();
    continuity.observe_liquidity(&minted, terms);
    let specified = I256::try_from(1_000_000).unwrap();
    let honest = pool
        .swap(true, specified, MIN_SQRT_RATIO + U256::ONE)
        .unwrap();
    type Spoil = fn(&mut Swap);
    type IsNamed = fn(Contradiction) -> bool;
    let cases: [(Spoil, IsNamed); 6] = [
        (|swap| swap.tick += 1, |what| what == Contradiction::Tick),
        (
            |swap| swap.tick = i32::MAX,
            |what| what == Contradiction::Tick,
        ),
        (
            |swap| std::mem::swap(&mut swap.amount0, &mut swap.amount1),
            |what| what == Contradiction::Direction,
        ),
        (
            |swap| swap.liquidity += 1,
            |what| matches!(what, Contradiction::Liquidity { .. }),
        ),
        (
            |swap| swap.amount1.0 -= I256::ONE,
            |what| what == Contradiction::Amounts,
        ),
        (
            |swap| swap.block = BlockNumber(0),
            |what| what == Contradiction::Order,
        ),
    ];
    for (place, (spoil, is_named)) in cases.into_iter().enumerate() {
        let mut swap = honest.clone();
        spoil(&mut swap);
        let outcome = continuity.clone().observe_swap(&swap, terms);
        assert!(
            matches!(outcome, Outcome::Breaks { what, .. } if is_named(what)),
            "{place}: {outcome:?}"
        );
    }
    assert_eq!(continuity.observe_swap(&honest, terms), Outcome::Continues);
    let again = continuity.clone().observe_liquidity(
        &pool
            .clone()
            .change(0, 10, 1)
            .map(|mut event| {
                event.change = opened.change.clone();
                event
            })
            .unwrap(),
        terms,
    );
    assert!(
        matches!(
            again,
            Outcome::Breaks {
                what: Contradiction::Reopened,
                ..
            }
        ),
        "{again:?}"
    );
    let mut seed = seed_of(&pool, Place::default());
    assert!(continuity.rebase(PoolId::default(), &seed, terms));
    seed.liquidity += 1;
    assert!(
        !continuity.rebase(PoolId::default(), &seed, terms),
        "liquidity is not that of the ticks"
    );
}
