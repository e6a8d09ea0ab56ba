//! Our V3 arithmetic gives the contracts' results: every swap, mint and burn is computed anew.

use super::node::Node;
use super::truth::field;
use alloy_primitives::{I256, U256};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tidegauge_model::v3::{
    MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK, compute_swap_step, signed_amount0_delta,
    signed_amount1_delta, sqrt_ratio_at_tick, tick_at_sqrt_ratio,
};

#[test]
fn every_trade_computes_to_what_the_contracts_did() {
    let Some(node) = Node::trade("31337") else {
        return;
    };
    let mut pools: HashMap<String, Pool> = HashMap::new();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for event in node.truth.of("event") {
        let (name, args) = (event["event"].as_str().unwrap(), &event["args"]);
        let pool = pools
            .entry(field(&event["pool"]))
            .or_insert_with(|| Pool::of(&node.fees[&field(&event["pool"])]));
        match name {
            "Initialize" => {
                (pool.price, pool.tick) = (number(&args["sqrtPriceX96"]), number(&args["tick"]))
            }
            "Mint" => assert_eq!(pool.add(args, false), amounts(args), "{event}"),
            "Burn" => assert_eq!(pool.add(args, true), amounts(args), "{event}"),
            "Swap" => {
                *pool = pool
                    .clone()
                    .swapped_as(args)
                    .unwrap_or_else(|| panic!("no way to compute {event}"))
            }
            _ => continue,
        }
        *counts.entry(name).or_default() += 1;
    }
    assert!(
        counts["Swap"] >= 300 && counts["Mint"] > 20 && counts["Burn"] > 5,
        "{counts:?}"
    );
}

/// A pool as the contract keeps it, without fees and oracle.
#[derive(Clone)]
struct Pool {
    fee_pips: u32,
    spacing: i32,
    price: U256,
    tick: i32,
    liquidity: u128,
    /// Liquidity that begins (positive) or ends at a tick on the way up, and all that refers to it.
    ticks: BTreeMap<i32, (i128, u128)>,
}

impl Pool {
    fn of(&(fee_pips, spacing): &(u32, i32)) -> Self {
        Self {
            fee_pips,
            spacing,
            price: U256::ZERO,
            tick: 0,
            liquidity: 0,
            ticks: BTreeMap::new(),
        }
    }

    /// Adds or takes the liquidity of an event; gives the amounts that move.
    fn add(&mut self, args: &Value, take: bool) -> (I256, I256) {
        let amount: u128 = number(&args["amount"]);
        let signed = if take {
            -(amount as i128)
        } else {
            amount as i128
        };
        let (lower, upper): (i32, i32) = (number(&args["tickLower"]), number(&args["tickUpper"]));
        for (tick, net) in [(lower, signed), (upper, -signed)] {
            let entry = self.ticks.entry(tick).or_default();
            *entry = (entry.0 + net, entry.1.checked_add_signed(signed).unwrap());
        }
        self.ticks.retain(|_, (_, gross)| *gross > 0);
        let ratio = |tick| sqrt_ratio_at_tick(tick).unwrap();
        if lower <= self.tick && self.tick < upper {
            self.liquidity = self.liquidity.checked_add_signed(signed).unwrap();
        }
        let at = self.price.clamp(ratio(lower), ratio(upper));
        let delta0 = if at < ratio(upper) {
            signed_amount0_delta(at, ratio(upper), signed).unwrap()
        } else {
            I256::ZERO
        };
        let delta1 = if at > ratio(lower) {
            signed_amount1_delta(ratio(lower), at, signed).unwrap()
        } else {
            I256::ZERO
        };
        if take {
            (-delta0, -delta1)
        } else {
            (delta0, delta1)
        }
    }

    /// The pool after a swap that does exactly what the event says, asked for in one of the ways there are.
    fn swapped_as(self, args: &Value) -> Option<Self> {
        let (amount0, amount1) = amounts(args);
        let zero_for_one = amount0.is_positive() || amount1.is_negative();
        let (input, output) = if zero_for_one {
            (amount0, amount1)
        } else {
            (amount1, amount0)
        };
        let end: U256 = number(&args["sqrtPriceX96"]);
        let none = if zero_for_one {
            MIN_SQRT_RATIO + U256::ONE
        } else {
            MAX_SQRT_RATIO - U256::ONE
        };
        // Exact input, exact output, or as far as a price limit.
        [(input, none), (output, none), (I256::MAX, end)]
            .into_iter()
            .find_map(|(specified, limit)| {
                let mut pool = self.clone();
                let moved = pool.swap(zero_for_one, specified, limit)?;
                let state = (pool.price, pool.tick, pool.liquidity);
                let same = moved == (amount0, amount1)
                    && state == (end, number(&args["tick"]), number(&args["liquidity"]));
                same.then_some(pool)
            })
    }

    /// `UniswapV3Pool.swap`; gives the amounts that move.
    fn swap(&mut self, zero_for_one: bool, specified: I256, limit: U256) -> Option<(I256, I256)> {
        let exact_in = specified.is_positive();
        let (mut remaining, mut calculated) = (specified, I256::ZERO);
        while !remaining.is_zero() && self.price != limit {
            let (next, initialized) = self.next_tick(zero_for_one);
            let (start, boundary) = (self.price, sqrt_ratio_at_tick(next)?);
            let target = if zero_for_one {
                boundary.max(limit)
            } else {
                boundary.min(limit)
            };
            let step = compute_swap_step(start, target, self.liquidity, remaining, self.fee_pips)?;
            let paid = I256::try_from(step.amount_in.checked_add(step.fee)?).ok()?;
            let out = I256::try_from(step.amount_out).ok()?;
            (remaining, calculated) = if exact_in {
                (remaining - paid, calculated - out)
            } else {
                (remaining + out, calculated + paid)
            };
            self.price = step.sqrt_price_next;
            if self.price == boundary {
                if initialized {
                    let (net, _) = self.ticks[&next];
                    self.liquidity =
                        self.liquidity
                            .checked_add_signed(if zero_for_one { -net } else { net })?;
                }
                self.tick = if zero_for_one { next - 1 } else { next };
            } else if self.price != start {
                self.tick = tick_at_sqrt_ratio(self.price)?;
            }
        }
        let used = specified - remaining;
        Some(if zero_for_one == exact_in {
            (used, calculated)
        } else {
            (calculated, used)
        })
    }

    /// `TickBitmap.nextInitializedTickWithinOneWord`: steps end at words of 256 ticks, too, and each step rounds.
    fn next_tick(&self, down: bool) -> (i32, bool) {
        let compressed = self.tick.div_euclid(self.spacing);
        let (found, end) = if down {
            let end = compressed.div_euclid(256) * 256;
            (
                self.ticks
                    .range(end * self.spacing..=compressed * self.spacing)
                    .next_back(),
                end,
            )
        } else {
            let end = (compressed + 1).div_euclid(256) * 256 + 255;
            (
                self.ticks
                    .range((compressed + 1) * self.spacing..=end * self.spacing)
                    .next(),
                end,
            )
        };
        found.map_or(
            ((end * self.spacing).clamp(MIN_TICK, MAX_TICK), false),
            |(tick, _)| (*tick, true),
        )
    }
}

fn amounts(args: &Value) -> (I256, I256) {
    (number(&args["amount0"]), number(&args["amount1"]))
}

fn number<N: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> N {
    field(value).parse().unwrap()
}
