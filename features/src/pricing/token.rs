//! The price of a token by its deepest pool.

use super::Quotes;
use super::book::{Book, Candidate, Kind};
use super::price::{Guarded, Price};
use tidegauge_model::{Address, U256, U512};

/// A pool gives a price if its virtual quote reserve is worth this much ether, in wei.
const LEAST_DEPTH_WEI: u128 = 20_000_000_000_000_000_000;

/// A price with the depth behind it, in nano-dollars.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) price: Guarded,
    pub(super) depth: U512,
    pub(super) pool: tidegauge_model::PoolId,
}

impl Book {
    /// Of a USD stable.
    pub(super) fn stable(&self, token: Address, quotes: &impl Quotes) -> Option<Guarded> {
        let dollar = self.dollar(token)?;
        if self.kind(token) == Kind::Anchor {
            return Some(Guarded::not(dollar));
        }
        let own = self.deepest(token, quotes, |quote| match self.kind(quote) {
            Kind::Anchor => Some(Guarded::not(self.dollar(quote)?)),
            Kind::Weth => quotes.ether(),
            _ => None,
        });
        Some(match own {
            Some(route) if route.price.price.is_off(dollar) => route.price,
            _ => Guarded::not(dollar),
        })
    }

    /// Of a claim on staked ether, through WETH.
    pub(super) fn staked(&self, token: Address, quotes: &impl Quotes) -> Option<Guarded> {
        let ether = quotes.ether()?;
        let route = self.deepest(token, quotes, |quote| {
            (self.kind(quote) == Kind::Weth).then_some(ether)
        })?;
        Some(route.price)
    }

    /// Of any token, through WETH or a stable.
    pub(super) fn routed(&self, token: Address, quotes: &impl Quotes) -> Option<Route> {
        self.deepest(token, quotes, |quote| match self.kind(quote) {
            Kind::Weth => quotes.ether(),
            Kind::Anchor | Kind::Stable => self.stable(quote, quotes),
            _ => None,
        })
    }

    /// By the deepest of its pools whose other token has a price; they come in order of address.
    fn deepest(
        &self,
        token: Address,
        quotes: &impl Quotes,
        price_of: impl Fn(Address) -> Option<Guarded>,
    ) -> Option<Route> {
        let least = quotes.ether()?.price.depth(U256::from(LEAST_DEPTH_WEI));
        let route = |candidate: &Candidate| {
            let Guarded {
                price: quote_price,
                guarded,
            } = price_of(candidate.quote)?;
            let pool = quotes.quote(candidate.pool)?;
            let depth = quote_price.depth(pool.reserve(candidate.side.other()));
            let price = Price::through(pool, candidate.side, quote_price)?;
            (depth >= least).then_some(Route {
                price: Guarded { price, guarded },
                depth,
                pool: candidate.pool,
            })
        };
        let mut best: Option<Route> = None;
        for found in self.candidates(token).iter().filter_map(route) {
            if best.is_none_or(|best| found.depth > best.depth) {
                best = Some(found);
            }
        }
        best
    }
}
