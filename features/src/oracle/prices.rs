//! What a raw unit of a token is worth as of the end of the block before.

use super::exact::big;
use super::states::States;
use crate::{History, PoolInfo};
use num_bigint::BigUint;
use tidegauge_model::{Address, BlockNumber, Listed, PoolId};

/// Behind the point of a price and of √P.
const PRICE_BITS: u8 = 128;
const SQRT_BITS: u8 = 96;

/// Nano-dollars in a dollar.
const NANO: u32 = 1_000_000_000;

/// Wei that a pool's quote side must be worth to price other tokens by.
const ENOUGH_WEI: u128 = 20_000_000_000_000_000_000;

/// Nano-dollars per raw unit × 2¹²⁸.
#[derive(Clone)]
pub(super) struct Price {
    pub(super) per_raw: BigUint,
    /// Whether it rests on the median of reference pools.
    pub(super) guarded: bool,
}

/// A way through a pool.
pub(super) struct Route {
    /// Virtual quote reserve in nano-dollars.
    pub(super) depth: BigUint,
    pub(super) pool: PoolId,
    pub(super) price: Price,
}

/// A pool with known price and known positive liquidity, seen from one of its tokens.
struct Side<'a> {
    info: &'a PoolInfo,
    sqrt_price: BigUint,
    liquidity: BigUint,
    token: Address,
}

/// All prices as a swap in a block sees them.
pub(super) struct Market<'a> {
    history: &'a History,
    states: &'a States,
    block: BlockNumber,
    ether: Option<Price>,
}

impl<'a> Market<'a> {
    pub(super) fn at(history: &'a History, states: &'a States, block: BlockNumber) -> Self {
        let mut market = Self {
            history,
            states,
            block,
            ether: None,
        };
        market.ether = market.ether_by_reference();
        market
    }

    /// A stable's price, if the token is one.
    pub(super) fn stable(&self, token: Address) -> Option<Price> {
        let lists = &self.history.set.lists;
        if !self.holds(&lists.stables, token) {
            return None;
        }
        // Where a dollar is less than the least price, there is nothing to compare with.
        let dollar = sound(one_dollar(self.decimals(token)?), false)?;
        if self.holds(&lists.anchors, token) {
            return Some(dollar);
        }
        let quote = |other| self.anchor(other).or_else(|| self.weth(other));
        let through = self.deepest(token, quote).map(|route| route.price);
        through
            .filter(|price| differs(&price.per_raw, &dollar.per_raw))
            .or(Some(dollar))
    }

    /// The price of WETH, if the token is that.
    pub(super) fn weth(&self, token: Address) -> Option<Price> {
        self.ether.clone().filter(|_| self.is_weth(token))
    }

    /// The price of a bitcoin token, if it is one.
    pub(super) fn bitcoin(&self, token: Address) -> Option<Price> {
        let lists = &self.history.set.lists;
        if !self.holds(&lists.bitcoin, token) {
            return None;
        }
        let ether = self.ether.as_ref()?;
        let references = self.pools().filter_map(|info| {
            let other = self.against_weth(info)?;
            if !self.holds(&lists.btc_eth_pools, info.pool.id) || !self.holds(&lists.bitcoin, other)
            {
                return None;
            }
            let side = self.side(info, other)?;
            let whole = side.price(&ether.per_raw)? * ten_to(self.decimals(other)?);
            is_sound(&whole).then(|| (side.quote_reserve(), whole))
        });
        let (whole, guarded) = guarded_choice(references.collect())?;
        sound(
            whole / ten_to(self.decimals(token)?),
            guarded || ether.guarded,
        )
    }

    /// The price of a claim on staked ether, if the token is one.
    pub(super) fn staked(&self, token: Address) -> Option<Price> {
        if !self.holds(&self.history.set.lists.staked_eth, token) {
            return None;
        }
        let route = self.deepest(token, |other| self.weth(other))?;
        Some(route.price)
    }

    /// The way to the price of any token.
    pub(super) fn route(&self, token: Address) -> Option<Route> {
        self.deepest(token, |other| {
            self.weth(other).or_else(|| self.stable(other))
        })
    }

    /// An anchor's price, if the token is one.
    fn anchor(&self, token: Address) -> Option<Price> {
        if !self.holds(&self.history.set.lists.anchors, token) {
            return None;
        }
        sound(one_dollar(self.decimals(token)?), false)
    }

    fn ether_by_reference(&self) -> Option<Price> {
        let weth = self.history.set.lists.weth?;
        let references = self.pools().filter_map(|info| {
            let anchor = self.anchor(self.against_weth(info)?)?;
            if !self.holds(&self.history.set.lists.eth_usd_pools, info.pool.id) {
                return None;
            }
            let side = self.side(info, weth)?;
            Some((side.own_reserve(), side.price(&anchor.per_raw)?))
        });
        let (per_raw, guarded) = guarded_choice(references.collect())?;
        sound(per_raw, guarded)
    }

    /// The deepest pool of a token with one that has a price, if it is deep enough. Pools through
    /// which the token has no price do not count.
    fn deepest(&self, token: Address, quote: impl Fn(Address) -> Option<Price>) -> Option<Route> {
        let ether = self.ether.as_ref()?;
        let enough = (BigUint::from(ENOUGH_WEI) * &ether.per_raw) >> PRICE_BITS;
        let mut best: Option<Route> = None;
        for info in self.pools() {
            let Some(other) = other_token(info, token) else {
                continue;
            };
            let (Some(quote), Some(side)) = (quote(other), self.side(info, token)) else {
                continue;
            };
            let Some(per_raw) = side.price(&quote.per_raw) else {
                continue;
            };
            let depth: BigUint = (side.quote_reserve() * &quote.per_raw) >> PRICE_BITS;
            // In the order of addresses, so of equals the lower stays.
            if depth >= enough && best.as_ref().is_none_or(|best| depth > best.depth) {
                let guarded = quote.guarded;
                best = Some(Route {
                    depth,
                    pool: info.pool.id,
                    price: Price { per_raw, guarded },
                });
            }
        }
        best
    }

    /// Pools in the order of their addresses.
    fn pools(&self) -> impl Iterator<Item = &'a PoolInfo> + use<'a> {
        self.history.pools.values()
    }

    fn holds<T: Copy + PartialEq>(&self, list: &[Listed<T>], of: T) -> bool {
        Listed::holds(list, of, self.block)
    }

    fn is_weth(&self, token: Address) -> bool {
        self.history.set.lists.weth == Some(token)
    }

    /// What a pool pairs with WETH.
    fn against_weth(&self, info: &PoolInfo) -> Option<Address> {
        other_token(info, self.history.set.lists.weth?)
    }

    fn decimals(&self, token: Address) -> Option<u8> {
        self.pools().find_map(|info| {
            let pool = &info.pool;
            (pool.token0 == token)
                .then_some(info.decimals0)
                .or_else(|| (pool.token1 == token).then_some(info.decimals1))
        })
    }

    fn side(&self, info: &'a PoolInfo, token: Address) -> Option<Side<'a>> {
        let state = self.states.before_block(info.pool.id, self.block);
        let liquidity = state.liquidity.filter(|liquidity| *liquidity > 0)?;
        (!state.sqrt_price.0.is_zero()).then(|| Side {
            info,
            sqrt_price: big(state.sqrt_price.0),
            liquidity: BigUint::from(liquidity),
            token,
        })
    }
}

impl Side<'_> {
    fn is_token0(&self) -> bool {
        self.info.pool.token0 == self.token
    }

    /// The token's price by that of the other.
    fn price(&self, quote: &BigUint) -> Option<BigUint> {
        let square = &self.sqrt_price * &self.sqrt_price;
        let price = if self.is_token0() {
            (quote * square) >> (2 * SQRT_BITS)
        } else {
            (quote << (2 * SQRT_BITS)) / square
        };
        is_sound(&price).then_some(price)
    }

    fn own_reserve(&self) -> BigUint {
        self.reserve(self.is_token0())
    }

    fn quote_reserve(&self) -> BigUint {
        self.reserve(!self.is_token0())
    }

    fn reserve(&self, of_token0: bool) -> BigUint {
        if of_token0 {
            (&self.liquidity << SQRT_BITS) / &self.sqrt_price
        } else {
            (&self.liquidity * &self.sqrt_price) >> SQRT_BITS
        }
    }
}

/// The price of the deepest (of equals the first), unless it is too far off the median.
fn guarded_choice(references: Vec<(BigUint, BigUint)>) -> Option<(BigUint, bool)> {
    let greatest = references.iter().map(|(depth, _)| depth).max()?;
    let (_, deepest) = references.iter().find(|(depth, _)| depth == greatest)?;
    let mut prices: Vec<_> = references.iter().map(|(_, price)| price).collect();
    prices.sort();
    let upper = prices.get(prices.len() / 2)?;
    let lower = prices.get((prices.len() - 1) / 2)?;
    let median: BigUint = (*lower + *upper) / 2_u8;
    if differs(deepest, &median) {
        Some((median, true))
    } else {
        Some((deepest.clone(), false))
    }
}

/// By more than 2 % of the second.
fn differs(price: &BigUint, from: &BigUint) -> bool {
    let difference = if price > from {
        price - from
    } else {
        from - price
    };
    difference * 50_u8 > *from
}

fn one_dollar(decimals: u8) -> BigUint {
    (BigUint::from(NANO) << PRICE_BITS) / ten_to(decimals)
}

fn ten_to(power: u8) -> BigUint {
    BigUint::from(10_u8).pow(u32::from(power))
}

fn other_token(info: &PoolInfo, token: Address) -> Option<Address> {
    let pool = &info.pool;
    if pool.token0 == token {
        Some(pool.token1)
    } else {
        (pool.token1 == token).then_some(pool.token0)
    }
}

fn is_sound(price: &BigUint) -> bool {
    price.bits() > 0 && price.bits() <= 256
}

fn sound(per_raw: BigUint, guarded: bool) -> Option<Price> {
    is_sound(&per_raw).then_some(Price { per_raw, guarded })
}
