//! What one swap is worth, whether it crossed a tick, and what its fee returned.

use super::exact::big;
use super::prices::{Market, Price};
use super::states::States;
use crate::{FeeReturn, History, PoolInfo, PoolState, SwapValue};
use num_bigint::BigUint;
use tidegauge_model::{Address, RawAmount, Swap, Usd};

/// Most that a swap can be worth, in bits of nano-dollars.
const MOST_BITS: u8 = 100;

/// The value of the `n`th swap; `None` if there is none, or its pool is not known.
pub(super) fn value(history: &History, states: &States, n: usize) -> Option<SwapValue> {
    let swap = history.swaps.get(n)?;
    let info = history.pools.get(&swap.pool)?;
    let before = states.before_event(swap.pool, swap.block, swap.log_index);
    let worth = worth(&Market::at(history, states, swap.block), info, swap);
    Some(SwapValue {
        usd: worth.as_ref().map(|(usd, _)| *usd),
        guarded: worth.is_some_and(|(_, guarded)| guarded),
        crossed: before.liquidity.map(|before| before != swap.liquidity),
        fee_return: fee_return(info, &before, swap),
    })
}

/// Dollars, and whether by a guarded price.
fn worth(market: &Market, info: &PoolInfo, swap: &Swap) -> Option<(Usd, bool)> {
    let mut legs = [
        (info.pool.token0, swap.amount0),
        (info.pool.token1, swap.amount1),
    ];
    if input(swap) == Input::Token1 {
        legs.reverse();
    }
    type Rule<'a> = &'a dyn Fn(Address) -> Option<Price>;
    let rules: [Rule; 4] = [
        &|token| market.stable(token),
        &|token| market.weth(token),
        &|token| market.bitcoin(token),
        &|token| market.staked(token),
    ];
    for rule in rules {
        for (token, amount) in legs {
            if let Some(price) = rule(token) {
                return times(amount, &price);
            }
        }
    }
    let routes = legs.iter().filter_map(|(token, amount)| {
        let route = market.route(*token)?;
        Some((route.depth, route.pool, route.price, *amount))
    });
    let deepest = routes.reduce(|best, next| {
        if (&next.0, best.1) > (&best.0, next.1) {
            next
        } else {
            best
        }
    });
    let (_, _, price, amount) = deepest?;
    times(amount, &price)
}

fn times(amount: RawAmount, price: &Price) -> Option<(Usd, bool)> {
    let nano: BigUint = (big(amount.0.unsigned_abs()) * &price.per_raw) >> 128_u8;
    if nano > BigUint::from(1_u8) << MOST_BITS {
        return None;
    }
    Some((Usd(i128::try_from(nano).ok()?), price.guarded))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Token0,
    Token1,
    Neither,
}

fn input(swap: &Swap) -> Input {
    if swap.amount0.0.is_positive() {
        Input::Token0
    } else if swap.amount1.0.is_positive() {
        Input::Token1
    } else {
        Input::Neither
    }
}

fn fee_return(info: &PoolInfo, before: &PoolState, swap: &Swap) -> Option<FeeReturn> {
    let (liquidity, sqrt_price) = (BigUint::from(swap.liquidity), big(swap.sqrt_price.0));
    if swap.liquidity == 0 || swap.sqrt_price.0.is_zero() {
        return None;
    }
    let [divisor0, divisor1] = before.protocol_fee;
    let (divisor, above, below): (u8, BigUint, BigUint) = match input(swap) {
        Input::Token0 => {
            let amount = big(swap.amount0.0.unsigned_abs());
            (divisor0, amount * sqrt_price, 2_u8 * liquidity)
        }
        Input::Token1 => {
            let amount = big(swap.amount1.0.unsigned_abs());
            (divisor1, amount << 192_u8, 2_u8 * liquidity * sqrt_price)
        }
        Input::Neither => return Some(FeeReturn(0)),
    };
    let (kept, of) = if divisor == 0 {
        (1, 1)
    } else {
        (divisor - 1, divisor)
    };
    let share: BigUint = above * info.pool.fee_pips * kept / (below * 1_000_000_u32 * of);
    let share = FeeReturn(u128::try_from(share).ok()?);
    (share <= FeeReturn::MOST).then_some(share)
}
