//! What a swap is worth: one leg's amount at one token's price.

use super::Quotes;
use super::book::{Book, Kind};
use super::price::Price;
use super::reference::Spot;
use crate::PoolInfo;
use tidegauge_model::{Address, Swap, Usd};

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

    /// Tokens whose price can rest on pools other than the reference pools.
    pub(super) fn tokens_priced_by_pools(&self) -> impl Iterator<Item = Address> {
        let listed = self
            .kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Anchor | Kind::Stable | Kind::Weth));
        self.tokens
            .into_iter()
            .zip(self.kinds)
            .filter(move |(_, kind)| match kind {
                Kind::Anchor | Kind::Weth => false,
                Kind::Stable => true,
                Kind::Bitcoin | Kind::StakedEther | Kind::Other => !listed,
            })
            .map(|(token, _)| token)
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
    /// Values a swap by the first rule that gives a price.
    pub(crate) fn value(
        &self,
        legs: &Legs,
        swap: &Swap,
        spot: &Spot,
        quotes: &impl Quotes,
    ) -> Valued {
        let amounts = [swap.amount0.0, swap.amount1.0];
        let input = usize::from(!amounts[0].is_positive() && amounts[1].is_positive());
        let worth = |leg: usize, price: Price, guarded: bool| Valued {
            usd: price.value(amounts[leg].unsigned_abs()),
            guarded,
        };
        for kinds in RULES {
            for leg in [input, 1 - input] {
                if !kinds.contains(&legs.kinds[leg]) {
                    continue;
                }
                if let Some((price, guarded)) = self.listed_price(legs, leg, spot, quotes) {
                    return worth(leg, price, guarded);
                }
            }
        }
        let route = |leg: usize| self.routed(legs.tokens[leg], spot, quotes);
        let (leg, route) = match (route(0), route(1)) {
            (Some(a), Some(b)) => {
                let second = b.depth > a.depth || b.depth == a.depth && b.pool < a.pool;
                if second { (1, b) } else { (0, a) }
            }
            (Some(a), None) => (0, a),
            (None, Some(b)) => (1, b),
            (None, None) => return Valued::default(),
        };
        worth(leg, route.price, spot.ether.is_some_and(|e| e.guarded))
    }

    fn listed_price(
        &self,
        legs: &Legs,
        leg: usize,
        spot: &Spot,
        quotes: &impl Quotes,
    ) -> Option<(Price, bool)> {
        let token = legs.tokens[leg];
        let guarded = spot.ether.is_some_and(|ether| ether.guarded);
        match legs.kinds[leg] {
            Kind::Anchor => Some((self.dollar(token)?, false)),
            Kind::Stable => Some((self.stable(token, spot, quotes)?, false)),
            Kind::Weth => Some((spot.ether?.price, guarded)),
            Kind::Bitcoin => {
                let whole = spot.bitcoin?;
                let price = whole.price.of_raw(self.decimals(token)?)?;
                Some((price, whole.guarded))
            }
            Kind::StakedEther => Some((self.staked(token, spot, quotes)?, guarded)),
            Kind::Other => None,
        }
    }
}
