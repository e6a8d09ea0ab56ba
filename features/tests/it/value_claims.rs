//! What swaps are worth, worked out by hand from docs/numbers.md.

use crate::kept::kept;
use crate::sketch::{A, B, BTC, ETHER, ONE, PEG, STAKED, Sketch, Trade, USD, USD2, WETH, pool};
use tidegauge_features::{FeeReturn, SwapValue, oracle};
use tidegauge_model::{BlockNumber, LiquidityChange, Listed, SqrtPriceX96, U256, Usd};

/// A whole token of 18 decimals.
const WHOLE: i128 = 1_000_000_000_000_000_000;
/// Wei of WETH in a pool that is just deep enough; at `ONE` its liquidity too.
const ENOUGH: u128 = 20_000_000_000_000_000_000;

/// `numerator / denominator` of √P.
fn of(sqrt_price: U256, numerator: u64, denominator: u64) -> U256 {
    sqrt_price * U256::from(numerator) / U256::from(denominator)
}

fn trade(amount0: i128, amount1: i128) -> Trade {
    Trade {
        amounts: [amount0, amount1],
        ..Trade::default()
    }
}

/// The value of the last swap, on which the fold agrees.
fn last(sketch: &Sketch) -> SwapValue {
    let value = *oracle::values(&sketch.0).last().unwrap();
    let swap = sketch.0.swaps.last().unwrap();
    let folded = kept(&sketch.0).values[&(swap.pool, swap.block, swap.log_index)];
    assert_eq!(folded, value);
    value
}

/// Nano-dollars of the last swap, and whether guarded.
fn worth(build: impl Fn(&mut Sketch)) -> (Option<i128>, bool) {
    let mut sketch = Sketch::new();
    build(&mut sketch);
    let value = last(&sketch);
    (value.usd.map(|usd| usd.0), value.guarded)
}

/// What it is, the pools besides, the amounts of a swap of pool 9 in block 2, its nano-dollars.
type Case = (&'static str, fn(&mut Sketch), [i128; 2], Option<i128>);

#[rustfmt::skip]
const CASES: [Case; 21] = [
    ("dollars in", dollars, [2_000_000, -1_990_000], Some(2_000_000_000)),
    ("dollars in, token1", dollars, [-2_000_000, 1_990_000], Some(1_990_000_000)),
    ("nothing in: token0", dollars, [-2_000_000, -5], Some(2_000_000_000)),
    ("ether without a price", |s| pair(s, WETH, A), [WHOLE, -5], None),
    // 10^18 wei × 1000 / 2^28 = 3725290298461.9...
    ("ether", |s| pair(s.ether(1), WETH, A), [WHOLE, -5], Some(3_725_290_298_461)),
    ("ether out", |s| pair(s.ether(1), WETH, A), [-WHOLE, 5], Some(3_725_290_298_461)),
    ("dollars before ether, even out", |s| pair(s.ether(1), WETH, USD), [WHOLE, -3_700_000_000], Some(3_700_000_000_000)),
    // 1 raw bitcoin = 2^34 wei = 1000 × 2^100 × 2^34 / 2^128 = 64,000 nano-dollars.
    ("bitcoin", bitcoin, [100_000_000, -5], Some(6_400_000_000_000)),
    ("staked ether", |s| staked(s, ENOUGH), [WHOLE, -5], Some(3_725_290_298_461)),
    // A million wei are worth more than three nano-dollars.
    ("staked ether, too shallow", |s| staked(s, ENOUGH - 1_000_000), [WHOLE, -5], None),
    ("routed by token0", |s| routes(s, ENOUGH, 1), [WHOLE / 2, -7 * WHOLE / 10], Some(1_862_645_149_230)),
    ("routed by token1, which is deeper", |s| routes(s, ENOUGH, 2 * ENOUGH), [WHOLE / 2, -7 * WHOLE / 10], Some(2_607_703_208_923)),
    ("of equal routes that of the lower address", |s| routes(s, ENOUGH, ENOUGH), [WHOLE / 2, -7 * WHOLE / 10], Some(1_862_645_149_230)),
    // Twice √P and twice L: as much ether, a quarter of the price; pool 2 is the lower.
    ("of a token's equally deep pools the lower address", twins, [WHOLE / 2, -5], Some(1_862_645_149_230)),
    // 10^18 × 4 × 10^7 / 2^44 = 2273736754432.3...
    ("of equally deep references the lower address", references, [WHOLE, -5], Some(2_273_736_754_432)),
    ("too shallow to route", |s| routes(s, ENOUGH - 1_000_000, 1), [WHOLE / 2, -5], None),
    ("a peg that nothing questions", |s| pair(s, PEG, A), [1_000_000, -5], Some(1_000_000_000)),
    // USD is token0, so one PEG is (100 / 101)² dollars, 1.97 % less, or (100 / 99)², 2.03 % more.
    ("a peg 1.97 % off", |s| peg(s, of(ONE, 101, 100)), [1_000_000, -5], Some(1_000_000_000)),
    ("a peg 2.03 % off", |s| peg(s, of(ONE, 99, 100)), [1_000_000, -5], Some(1_020_304_050)),
    // 2^100 / 1000 = 1267650600228229401496703205.376
    ("the greatest value", |s| pair(s, USD, A), [1_267_650_600_228_229_401_496_703_205, -5], Some(1_267_650_600_228_229_401_496_703_205_000)),
    ("beyond it", |s| pair(s, USD, A), [1_267_650_600_228_229_401_496_703_206, -5], None),
];

#[test]
fn a_swap_is_worth_one_leg() {
    for (what, pools, [amount0, amount1], nano) in CASES {
        let found = worth(|s| {
            pools(s);
            s.swap(9, 2, trade(amount0, amount1));
        });
        assert_eq!(found, (nano, false), "{what}");
    }
    // The pool that says what ether is worth does so in block 1, too late for another swap there.
    let found = worth(|s| {
        pair(s.ether(1), WETH, A);
        s.swap(9, 1, trade(WHOLE, -5));
    });
    assert_eq!(found, (None, false));
}

fn pair(sketch: &mut Sketch, token0: (u8, u8), token1: (u8, u8)) {
    sketch.pool(9, [token0, token1]);
}

fn dollars(sketch: &mut Sketch) {
    pair(sketch, USD, USD2);
}

/// Pool 9 pairs bitcoin with A; the reference pool has 2³⁴ wei for a raw bitcoin.
fn bitcoin(sketch: &mut Sketch) {
    sketch.ether(1).pool(2, [WETH, BTC]).pool(9, [BTC, A]);
    sketch.0.set.lists.btc_eth_pools.push(Listed {
        of: pool(2),
        effective_block: BlockNumber(0),
    });
    sketch.says(2, ONE >> 17, 1_000);
}

/// Pool 9 pairs staked ether with A; it trades one for one against WETH.
fn staked(sketch: &mut Sketch, liquidity: u128) {
    sketch.ether(1).pool(2, [WETH, STAKED]).pool(9, [STAKED, A]);
    sketch.says(2, ONE, liquidity);
}

/// Pool 9 pairs A with B; both trade one for one against WETH.
fn routes(sketch: &mut Sketch, of_a: u128, of_b: u128) {
    sketch
        .ether(1)
        .pool(2, [WETH, A])
        .pool(3, [WETH, B])
        .pool(9, [A, B]);
    sketch.says(2, ONE, of_a).says(3, ONE, of_b);
}

/// Pool 9 pairs A with B; two pools pair A with as much WETH at different prices.
fn twins(sketch: &mut Sketch) {
    sketch.ether(1).pool(2, [WETH, A]).pool(3, [WETH, A]);
    pair(sketch, A, B);
    sketch.says(2, ONE, ENOUGH).says(3, ONE << 1, 2 * ENOUGH);
}

/// Pool 9 pairs WETH with A; two reference pools have as much WETH at prices 1 % apart.
fn references(sketch: &mut Sketch) {
    let part = ETHER >> 8;
    pair(sketch.ether(1).ether(2), WETH, A);
    sketch.says(1, part * U256::from(200), 200 << 40);
    sketch.says(2, part * U256::from(201), 201 << 40);
}

/// Pool 9 pairs PEG with A; PEG trades against USD in a deep pool.
fn peg(sketch: &mut Sketch, sqrt_price: U256) {
    sketch.ether(1).pool(2, [USD, PEG]).pool(9, [PEG, A]);
    sketch.says(2, sqrt_price, ENOUGH);
}

#[test]
fn the_price_of_ether_is_guarded_by_the_median() {
    // √P of the deepest reference pool against ETHER in tenths of a per mille; what 1 WETH is worth.
    for (deepest, nano, guarded) in [
        (10_000, 3_725_290_298_461, false),
        (10_099, 3_799_416_162_073, false),
        (10_200, 3_725_290_298_461, true),
        (9_901, 3_651_894_666_254, false),
        (9_800, 3_725_290_298_461, true),
    ] {
        let found = worth(|s| {
            s.ether(1).ether(2).ether(3).pool(9, [WETH, A]);
            s.says(2, of(ETHER, deepest, 10_000), 9_000 << 40);
            s.swap(9, 2, trade(WHOLE, -5));
        });
        assert_eq!(found, (Some(nano), guarded), "{deepest}");
    }
    // Of two that are equally deep the lower address; of an even number the mean of the middle.
    let found = worth(|s| {
        s.ether(1).ether(2).pool(9, [WETH, A]);
        s.says(1, ETHER << 1, 2_000 << 40)
            .says(2, ETHER, 1_000 << 40);
        s.swap(9, 2, trade(WHOLE, -5));
    });
    // Four times and once 3725.29... make 2.5 times.
    assert_eq!(found, (Some(9_313_225_746_154), true));
}

#[test]
fn entries_count_from_their_block_on() {
    for (block, nano) in [
        (4, None),
        (5, Some(1_000_000_000)),
        (6, Some(1_000_000_000)),
    ] {
        let found = worth(|s| {
            for list in [&mut s.0.set.lists.anchors, &mut s.0.set.lists.stables] {
                list.iter_mut()
                    .for_each(|listed| listed.effective_block = BlockNumber(5));
            }
            s.pool(9, [USD, A]).swap(9, block, trade(1_000_000, -5));
        });
        assert_eq!(found, (nano, false), "{block}");
    }
}

#[test]
fn a_fee_returns_its_share_of_liquidity() {
    // Amounts, √P, L, divisors; × 2^96.
    let cases = [
        // 0.003 × 1000 / (2 × 10^6)
        (
            [1_000, -5],
            ONE,
            1_000_000,
            [0, 0],
            Some(118_842_243_771_396_506_390_315),
        ),
        (
            [1_000, -5],
            ONE,
            1_000_000,
            [4, 0],
            Some(89_131_682_828_547_379_792_736),
        ),
        ([1_000, -5], ONE, 1_000_000, [1, 0], Some(0)),
        // token1 at twice √P: half of that.
        (
            [-5, 1_000],
            ONE << 1,
            1_000_000,
            [0, 0],
            Some(59_421_121_885_698_253_195_157),
        ),
        (
            [-5, 1_000],
            ONE << 1,
            1_000_000,
            [4, 10],
            Some(53_479_009_697_128_427_875_642),
        ),
        ([-5, -5], ONE, 1_000_000, [0, 0], Some(0)),
        ([1_000, -5], ONE, 0, [0, 0], None),
        ([1_000, -5], U256::ZERO, 1_000_000, [0, 0], None),
        // 0.003 × a / 2 is 2^20 at a = 2^21 × 1000 / 3 = 699050666.6...
        (
            [699_050_666, 0],
            ONE,
            1,
            [0, 0],
            Some(83_076_749_657_329_079_542_223_603_673_977_585),
        ),
        ([699_050_667, 0], ONE, 1, [0, 0], None),
    ];
    for (amounts, sqrt_price, liquidity, [new0, new1], expected) in cases {
        let mut sketch = Sketch::new();
        sketch.pool(9, [A, B]);
        let (old0, old1) = (7, 7);
        sketch.change(
            9,
            2,
            LiquidityChange::SetFeeProtocol {
                old0,
                old1,
                new0,
                new1,
            },
        );
        let swap = Trade {
            amounts,
            sqrt_price,
            liquidity,
            ..Trade::default()
        };
        sketch.swap(9, 2, swap);
        let found = last(&sketch).fee_return;
        assert_eq!(found, expected.map(FeeReturn), "{amounts:?} {new0} {new1}");
    }
}

#[test]
fn a_swap_crossed_where_liquidity_is_another() {
    let initialize = LiquidityChange::Initialize {
        sqrt_price: SqrtPriceX96(ONE),
        tick: 10,
    };
    let mint = |tick_lower, tick_upper, amount| LiquidityChange::Mint {
        sender: Default::default(),
        owner: Default::default(),
        tick_lower,
        tick_upper,
        amount,
        amount0: U256::ZERO,
        amount1: U256::ZERO,
    };
    let burn = |tick_lower, tick_upper, amount| LiquidityChange::Burn {
        owner: Default::default(),
        tick_lower,
        tick_upper,
        amount,
        amount0: U256::ZERO,
        amount1: U256::ZERO,
    };
    let init = || initialize.clone();
    // What came before a swap that leaves a liquidity of 1000.
    let cases = [
        (vec![], None),
        (vec![mint(5, 15, 1_000)], None),
        (vec![init()], Some(true)),
        (vec![init(), mint(5, 15, 1_000)], Some(false)),
        (vec![init(), mint(10, 11, 1_000)], Some(false)),
        (vec![init(), mint(5, 10, 1_000)], Some(true)),
        (vec![init(), mint(11, 15, 1_000)], Some(true)),
        (
            vec![init(), mint(5, 15, 1_500), burn(9, 11, 500)],
            Some(false),
        ),
        (
            vec![init(), mint(5, 15, 1_000), burn(11, 12, 500)],
            Some(false),
        ),
        (
            vec![init(), mint(5, 15, 1_000), mint(5, 15, u128::MAX)],
            None,
        ),
        (vec![init(), burn(5, 15, 1)], None),
        (vec![init(), burn(5, 15, 1), mint(5, 15, 1_000)], None),
    ];
    for (n, (before, crossed)) in cases.into_iter().enumerate() {
        let mut sketch = Sketch::new();
        sketch.pool(9, [A, B]);
        for change in before {
            sketch.change(9, 2, change);
        }
        sketch.swap(9, 2, Trade::default());
        assert_eq!(last(&sketch).crossed, crossed, "case {n}");
        // The swap says how much there is, whatever was known.
        sketch.swap(9, 2, Trade::default());
        assert_eq!(last(&sketch).crossed, Some(false), "case {n}");
    }
}

#[test]
fn values_come_in_the_order_of_swaps() {
    let mut sketch = Sketch::new();
    sketch.pool(9, [USD, A]).pool(8, [USD, B]);
    for n in 1..5 {
        sketch.swap(8 + n as u8 % 2, n, trade(i128::from(n), -5));
    }
    let nano: Vec<_> = oracle::values(&sketch.0)
        .iter()
        .map(|value| value.usd)
        .collect();
    assert_eq!(
        nano,
        [1_000, 2_000, 3_000, 4_000].map(|nano| Some(Usd(nano)))
    );
}
