//! What a swap is worth: one leg's amount at one token's price.

use super::Quotes;
use super::book::{Book, Kind};
use super::price::Guarded;
use crate::PoolInfo;
use tidegauge_model::{Address, PoolId, Swap, Usd};

/// A pool's two tokens by their part in pricing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Legs {
    tokens: [Address; 2],
    kinds: [Kind; 2],
}

/// A value, and whether a guarded price was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Valued {
    pub(crate) usd: Option<Usd>,
    pub(crate) guarded: bool,
}

impl Legs {
    pub(crate) fn of(book: &Book, info: &PoolInfo) -> Self {
        let tokens = [info.pool.token0, info.pool.token1];
        Self {
            tokens,
            kinds: tokens.map(|token| book.kind(token)),
        }
    }
}

/// Rules one to four, each with the kinds that it takes.
const RULES: [&[Kind]; 4] = [
    &[Kind::Anchor, Kind::Stable],
    &[Kind::Weth],
    &[Kind::Bitcoin],
    &[Kind::StakedEther],
];

impl Book {
    /// Pools whose states the value of this pool's swaps can rest on, besides the reference pools.
    pub(crate) fn supports(&self, legs: &Legs) -> Vec<PoolId> {
        // Where a dollar is no number, a stable is none either.
        let is_sure = |leg: usize| match legs.kinds[leg] {
            Kind::Anchor | Kind::Stable => self.dollar(legs.tokens[leg]).is_some(),
            Kind::Weth => true,
            Kind::Bitcoin | Kind::StakedEther | Kind::Other => false,
        };
        let sure = is_sure(0) || is_sure(1);
        let by_pools = |leg: &usize| match legs.kinds[*leg] {
            Kind::Stable => true,
            _ => !sure,
        };
        let mut pools: Vec<_> = [0, 1]
            .into_iter()
            .filter(by_pools)
            .flat_map(|leg| self.candidates(legs.tokens[leg]))
            .flat_map(|candidate| {
                // A stable that quotes a price may have one of its own.
                let quote = (self.kind(candidate.quote) == Kind::Stable).then_some(candidate.quote);
                let of_quote = quote.into_iter().flat_map(|token| self.candidates(token));
                std::iter::once(candidate).chain(of_quote)
            })
            .map(|candidate| candidate.pool)
            .collect();
        pools.sort_unstable();
        pools.dedup();
        pools
    }

    /// Values a swap by the first rule that gives a price.
    pub(crate) fn value(&self, legs: &Legs, swap: &Swap, quotes: &impl Quotes) -> Valued {
        let amounts = [swap.amount0.0, swap.amount1.0];
        let input = usize::from(!amounts[0].is_positive() && amounts[1].is_positive());
        let worth = |leg: usize, Guarded { price, guarded }: Guarded| {
            let usd = price.value(amounts[leg].unsigned_abs());
            Valued {
                usd,
                guarded: guarded && usd.is_some(),
            }
        };
        for kinds in RULES {
            for leg in [input, 1 - input] {
                if !kinds.contains(&legs.kinds[leg]) {
                    continue;
                }
                if let Some(price) = self.listed_price(legs, leg, quotes) {
                    return worth(leg, price);
                }
            }
        }
        let route = |leg: usize| self.routed(legs.tokens[leg], quotes);
        let (leg, route) = match (route(0), route(1)) {
            (Some(a), Some(b)) => {
                let second = b.depth > a.depth || b.depth == a.depth && b.pool < a.pool;
                if second { (1, b) } else { (0, a) }
            }
            (Some(a), None) => (0, a),
            (None, Some(b)) => (1, b),
            (None, None) => return Valued::default(),
        };
        worth(leg, route.price)
    }

    fn listed_price(&self, legs: &Legs, leg: usize, quotes: &impl Quotes) -> Option<Guarded> {
        let token = legs.tokens[leg];
        match legs.kinds[leg] {
            Kind::Anchor | Kind::Stable => self.stable(token, quotes),
            Kind::Weth => quotes.ether(),
            Kind::Bitcoin => {
                let whole = quotes.bitcoin()?;
                Some(Guarded {
                    price: whole.price.of_raw(self.decimals(token)?)?,
                    guarded: whole.guarded,
                })
            }
            Kind::StakedEther => self.staked(token, quotes),
            Kind::Other => None,
        }
    }
}
