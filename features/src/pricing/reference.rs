//! The prices of ether and bitcoin: the deepest reference pool, guarded by the median.

use super::book::{Book, ReferencePool};
use super::price::Price;
use super::{Quotes, price::Side};
use tidegauge_model::{PoolId, U256};

/// A price with where it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    pub(crate) price: Price,
    /// The deepest pool.
    pub(crate) source: PoolId,
    /// Whether that pool was too far off, and the price is the median.
    pub(crate) guarded: bool,
}

/// The prices of a moment that others rest on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spot {
    /// Of WETH, per wei.
    pub(crate) ether: Option<Reference>,
    /// Of a whole bitcoin.
    pub(crate) bitcoin: Option<Reference>,
}

impl Book {
    /// The prices that others rest on.
    pub(crate) fn spot(&self, quotes: &impl Quotes) -> Spot {
        let ether = deepest(self.eth_usd.values().filter_map(|reference| {
            let quote = quotes.quote(reference.pool)?;
            let dollar = Price::dollar(reference.decimals)?;
            let price = Price::through(quote, reference.weth, dollar)?;
            Some(sample(reference, price, quote.reserve(reference.weth)))
        }));
        let bitcoin = ether.and_then(|ether| {
            let found = deepest(self.btc_eth.values().filter_map(|reference| {
                let quote = quotes.quote(reference.pool)?;
                let side: Side = reference.weth.other();
                let price =
                    Price::through(quote, side, ether.price)?.of_whole(reference.decimals)?;
                Some(sample(reference, price, quote.reserve(reference.weth)))
            }))?;
            Some(Reference {
                guarded: found.guarded || ether.guarded,
                ..found
            })
        });
        Spot { ether, bitcoin }
    }
}

struct Sample {
    pool: PoolId,
    price: Price,
    depth: U256,
}

fn sample(reference: &ReferencePool, price: Price, depth: U256) -> Sample {
    Sample {
        pool: reference.pool,
        price,
        depth,
    }
}

/// The deepest, unless it is too far off the median. Samples come in order of address.
fn deepest(samples: impl Iterator<Item = Sample>) -> Option<Reference> {
    let mut prices = Vec::new();
    let mut deepest: Option<Sample> = None;
    for sample in samples {
        prices.push(sample.price);
        if deepest.as_ref().is_none_or(|d| sample.depth > d.depth) {
            deepest = Some(sample);
        }
    }
    let deepest = deepest?;
    let median = Price::median(&mut prices)?;
    let guarded = deepest.price.is_off(median);
    Some(Reference {
        price: if guarded { median } else { deepest.price },
        source: deepest.pool,
        guarded,
    })
}
