//! Prices of the subgraph: `src/common/pricing.ts`.

use super::{
    decimal::Decimal,
    rules::Rules,
    state::{Pool, State, Token, TokenAt},
};
use tidegauge_model::{I256, U256};

/// token0 per token1 and token1 per token0, in whole tokens.
pub(super) fn prices(sqrt_price: U256, [token0, token1]: [&Token; 2]) -> [Decimal; 2] {
    let raw = Decimal::of_sqrt_price(sqrt_price);
    let price1 = (&raw * &token0.unit).over(&token1.unit);
    [Decimal::from(1).over(&price1), price1]
}

/// Dollars per reference token; zero until its pool has a price.
pub(super) fn eth_usd(state: &State, rules: &Rules) -> Decimal {
    state
        .pools
        .get(&rules.stable_pool)
        .map(|pool| {
            let [first, _] = pool.tokens;
            let [price0, price1] = &pool.prices;
            if state.tokens[first].is_reference {
                price1.clone()
            } else {
                price0.clone()
            }
        })
        .unwrap_or_default()
}

/// A token's price in reference tokens: one, a dollar's worth, or by the pool whose other side
/// is worth most and more than the least. Other tokens' prices are those stored.
pub(super) fn derived_eth(state: &State, at: TokenAt, rules: &Rules) -> Decimal {
    let token = &state.tokens[at];
    if token.is_reference {
        return Decimal::from(1);
    }
    if token.is_stable {
        return Decimal::from(1).over(&state.eth_usd);
    }
    let mut most = Decimal::from(rules.least_native);
    let mut price = Decimal::default();
    let pools = token.whitelist_pools.iter();
    for pool in pools.filter_map(|id| state.pools.get(id)) {
        let Some((locked, per_token, other)) = other_side(pool, at) else {
            continue;
        };
        let other = &state.tokens[other].derived_eth;
        let worth = locked * other;
        if pool.liquidity > I256::ZERO && worth > most {
            most = worth;
            price = per_token * other;
        }
    }
    price
}

/// What a pool holds of the other token, what one of this token costs in it, and which it is.
fn other_side(pool: &Pool, at: TokenAt) -> Option<(&Decimal, &Decimal, TokenAt)> {
    let [token0, token1] = pool.tokens;
    let [price0, price1] = &pool.prices;
    let [locked0, locked1] = &pool.locked;
    if token0 == at {
        Some((locked1, price1, token1))
    } else if token1 == at {
        Some((locked0, price0, token0))
    } else {
        None
    }
}

/// Amounts in dollars as far as they count: both where both tokens are whitelisted, twice the
/// whitelisted one where one is, nothing otherwise.
pub(super) fn tracked_usd(state: &State, tokens: [TokenAt; 2], amounts: [&Decimal; 2]) -> Decimal {
    let [token0, token1] = tokens.map(|at| &state.tokens[at]);
    let [amount0, amount1] = amounts;
    let usd = |token: &Token, amount: &Decimal| amount * &(&token.derived_eth * &state.eth_usd);
    let two = Decimal::from(2);
    match (token0.is_whitelisted, token1.is_whitelisted) {
        (true, true) => &usd(token0, amount0) + &usd(token1, amount1),
        (true, false) => &usd(token0, amount0) * &two,
        (false, true) => &usd(token1, amount1) * &two,
        (false, false) => Decimal::default(),
    }
}
