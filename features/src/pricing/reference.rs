//! The prices of ether and bitcoin: the deepest reference pool, guarded by the median.

use super::book::{Book, ReferencePool};
use super::price::{Guarded, Price};
use super::{Quote, Quotes};
use std::collections::BTreeMap;
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

impl Reference {
    /// The price without where it came from.
    pub(crate) fn guarded(self) -> Guarded {
        Guarded {
            price: self.price,
            guarded: self.guarded,
        }
    }
}

/// The reference pools as they stand: what each says is computed when it moves.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    ether: BTreeMap<PoolId, Sample>,
    bitcoin: BTreeMap<PoolId, (ReferencePool, Quote)>,
}

impl References {
    /// Of all reference pools of a book.
    pub(crate) fn new(book: &Book, quotes: &impl Quotes) -> Self {
        let mut references = Self::default();
        for pool in book.reference_pools() {
            references.put(book, pool, quotes.quote(pool));
        }
        references
    }

    /// A pool stands elsewhere now; no matter if it is no reference pool.
    pub(crate) fn put(&mut self, book: &Book, pool: PoolId, quote: Option<Quote>) {
        if let Some(reference) = book.eth_usd.get(&pool) {
            let sample = quote.and_then(|quote| {
                let dollar = Price::dollar(reference.decimals)?;
                let price = Price::through(quote, reference.weth, dollar)?;
                Some(sample(reference, price, quote.reserve(reference.weth)))
            });
            match sample {
                Some(sample) => self.ether.insert(pool, sample),
                None => self.ether.remove(&pool),
            };
        }
        if let Some(reference) = book.btc_eth.get(&pool) {
            match quote {
                Some(quote) => self.bitcoin.insert(pool, (*reference, quote)),
                None => self.bitcoin.remove(&pool),
            };
        }
    }

    /// The prices that others rest on.
    pub(crate) fn spot(&self) -> Spot {
        let ether = deepest(self.ether.values().copied());
        let bitcoin = ether.and_then(|ether| {
            let found = deepest(self.bitcoin.values().filter_map(|(reference, quote)| {
                let side = reference.weth.other();
                let price = Price::through(*quote, side, ether.price)?;
                let whole = price.of_whole(reference.decimals)?;
                Some(sample(reference, whole, quote.reserve(reference.weth)))
            }))?;
            Some(Reference {
                guarded: found.guarded || ether.guarded,
                ..found
            })
        });
        Spot { ether, bitcoin }
    }
}

/// What one pool says.
#[derive(Clone, Copy, Debug)]
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
